"""The simulator's reports: their rules, their sums, and how figures change."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator import (
    BETA_HEADER,
    REPORTS,
    Fact,
    Options,
    Report,
    Simulator,
)
from tests.simulator.reports.facts import EXACT
from tests.simulator_tests.asking import get, kept_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import requests

    Ask = Callable[..., requests.Response]
    Row = dict[str, Any]

TODAY = date(2026, 10, 8)
START, END = date(2026, 10, 5), date(2026, 10, 9)
SPAN = {"starting_at": "2026-10-05T00:00:00Z", "ending_at": "2026-10-09T00:00:00Z"}

TOKENS = (
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "requests",
)

each_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
each_cost = pytest.mark.parametrize("name", [n for n in REPORTS if REPORTS[n].money])
each_usage = pytest.mark.parametrize("name", [n for n in REPORTS if not REPORTS[n].money])
each_width = pytest.mark.parametrize("width", ["1d", "1h", "1m"])


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Run an organisation on a fixed day, only to be asked."""
    with Simulator(Options(today=TODAY)) as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Keep connections alive."""
    with kept_session() as kept:
        yield kept


@pytest.fixture(scope="module")
def ask(simulator: Simulator, session: requests.Session) -> Ask:
    """Ask with the right headers, unless others are given."""
    return asker(simulator, session)


def asker(simulator: Simulator, session: requests.Session) -> Ask:
    """Make the function that asks a simulator; `x__` stands for `x[]`."""

    def ask(
        name: str, headers: dict[str, str] | None = None, **params: object
    ) -> requests.Response:
        sent = {
            "x-api-key": simulator.options.api_key,
            "anthropic-beta": f"other, {BETA_HEADER}",
            **(headers or {}),
        }
        return get(simulator, session, name, sent, params)

    return ask


def refusal(response: requests.Response, status: int = 400) -> str:
    """Check that a request was refused and give the sentence."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body.keys() == {"type", "error", "request_id"}
    return str(body["error"]["message"])


def all_pages(ask: Ask, name: str, **params: object) -> list[list[Row]]:
    """Follow the cursor while there is more."""
    pages = []
    cursor: dict[str, str] = {}
    while True:
        body = ask(name, **params, **cursor).json()
        pages.append(body["data"])
        if not body["has_more"]:
            return pages
        cursor = {"page": body["next_page"]}


def flat(rows: Iterable[Row]) -> Iterator[Row]:
    """Bring the rows of all shapes into one."""
    for row in rows:
        if "results" in row:
            yield from row["results"]
        else:
            yield {**row.get("group", {}), **(row.get("usage") or row.get("cost") or row)}


def money(rows: Iterable[Row]) -> tuple[Decimal, Decimal]:
    """Sum the discounted and the list prices."""
    total = list_total = Decimal(0)
    with localcontext(EXACT):
        for row in flat(rows):
            total += Decimal(row["amount"])
            list_total += Decimal(row["list_amount"])
    return total, list_total


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """Sum tokens, tools and requests."""
    total: Counter[str] = Counter()
    for row in flat(rows):
        total.update({name: row[name] for name in TOKENS})
        total.update(row["cache_creation"])
        total.update(row["server_tool_use"])
    return dict(total)


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("usage", {"starting_at": None}, "starting_at: required"),
        ("usage", {"starting_at": "2026-10-05"}, "starting_at: must be an RFC 3339"),
        ("usage", {"starting_at": "2026-10-05T00:00:00"}, "starting_at: must be"),
        ("usage", {"starting_at": "2026-10-05T00:00:00 00:00"}, "starting_at: must be"),
        ("usage", {"starting_at": "2026-13-05T00:00:00Z"}, "starting_at: must be"),
        ("cost", {"ending_at": None, "time_bucket_width": "1d"}, "ending_at: required"),
        ("user_cost_report", {"ending_at": None, "bucket_width": "1h"}, "ending_at: req"),
        ("usage", {"ending_at": SPAN["starting_at"]}, "ending_at: must be later"),
        ("usage", {"starting_at": "2026-09-07T23:59:59Z"}, "ending_at: the range"),
        (
            "cost",
            {"time_bucket_width": "1m", "ending_at": "2026-10-06T00:00:01Z"},
            "ending_at: the range",
        ),
        ("cost_report", {"starting_at": "2025-12-31T23:59:59Z"}, "starting_at: must not"),
        ("usage", {"bucket_width": "1d"}, "bucket_width: unknown"),
        ("usage_report", {"time_bucket_width": "1d"}, "time_bucket_width: unknown"),
        ("usage_report", {"order": "asc"}, "order: unknown"),
        ("usage", {"time_bucket_width": "2d"}, "time_bucket_width: '2d'"),
        ("usage", {"limit": ["5", "6"]}, "limit: given 2 times"),
        ("usage", {"group_by": "actor"}, "group_by: unknown"),
        ("usage", {"group_by__": "cost_type"}, "group_by[]: 'cost_type'"),
        ("user_usage_report", {"group_by__": "actor"}, "group_by[]: 'actor'"),
        ("cost_report", {"group_by__": "service_tier"}, "group_by[]: 'service_tier'"),
        ("usage", {"products__": "claude-tag"}, "products[]: 'claude-tag'"),
        ("usage_report", {"products__": "claude_tag"}, "products[]: 'claude_tag'"),
        ("usage", {"order_by": "amount"}, "order_by: 'amount'"),
        ("cost", {"order_by": "requests"}, "order_by: 'requests'"),
        ("user_cost_report", {"order_by": "time"}, "order_by: 'time'"),
        ("cost", {"order": "up"}, "order: 'up'"),
        ("cost", {"exclude_deleted_users": "true"}, "exclude_deleted_users: needs actor"),
        ("cost", {"exclude_deleted_users": "1"}, "exclude_deleted_users: '1'"),
        (
            "cost",
            {"group_by__": ["claude_tag_user_id", "rbac_group_id"]},
            "group_by[]: claude_tag_user_id",
        ),
        (
            "user_cost_report",
            {"group_by__": "claude_tag_user_id", "rbac_group_ids__": "rbac_group_1"},
            "group_by[]: claude_tag_user_id",
        ),
        ("cost", {"page": "what"}, "page: not a cursor"),
    ],
)
def test_wrong_parameters_are_refused(
    ask: Ask, name: str, parameters: dict[str, Any], sentence: str
) -> None:
    """Every rule of the contract is one that can be broken."""
    asked = {**SPAN, **parameters}
    sent = {key: value for key, value in asked.items() if value is not None}
    assert refusal(ask(name, **sent)).startswith(sentence)


@pytest.mark.parametrize(
    ("name", "width", "most"),
    [
        ("usage", "1d", 1000),
        ("user_cost_report", "1h", 1000),
        ("usage_report", "1d", 31),
        ("cost_report", "1h", 168),
        ("cost_report", "1m", 256),
    ],
)
def test_limits_end_where_the_contract_says(
    ask: Ask, name: str, width: str, most: int
) -> None:
    """`limit` counts rows, or buckets of a width."""
    asked = {**SPAN, "ending_at": "2026-10-06T00:00:00Z", REPORTS[name].width: width}
    assert ask(name, **asked, limit=most).status_code == 200
    for wrong in ("0", str(most + 1), "-1", "x", ""):
        assert refusal(ask(name, **asked, limit=wrong)).startswith("limit: must be")


def test_five_dimensions_are_allowed_and_components_do_not_count(ask: Ask) -> None:
    """On cost, `cost_type` and `token_type` come on top."""
    five = ["actor", "product", "model", "speed", "context_window"]
    components = ["cost_type", "token_type"]
    assert ask("usage", **SPAN, group_by__=five).status_code == 200
    assert ask("cost", **SPAN, group_by__=[*five, *components]).status_code == 200
    for name in ("usage", "cost"):
        answer = ask(name, **SPAN, group_by__=[*five, "actor_type"])
        assert refusal(answer).startswith("group_by[]: at most 5")


def test_a_year_is_counted_from_the_instant(session: requests.Session) -> None:
    """The earliest whole day is the one 364 days ago."""
    with Simulator(Options(today=date(2027, 3, 1), users=3)) as simulator:
        ask = asker(simulator, session)
        ending_at = "2026-03-09T00:00:00Z"
        first = ask("usage", starting_at="2026-03-02T00:00:00+00:00", ending_at=ending_at)
        assert first.status_code == 200
        before = ask("usage", starting_at="2026-03-01T00:00:00Z", ending_at=ending_at)
        assert "must not be before 2026-03-01T12:00:00Z" in refusal(before)


@each_report
def test_access_and_plan(ask: Ask, session: requests.Session, report: Report) -> None:
    """Wrong keys get 401 here, Admin keys 403, and plans without reports 401 to 404."""
    assert refusal(ask(report.name, {"x-api-key": "sk-ant-api01-no"}, **SPAN), 401)
    admin = ask(report.name, {"x-api-key": "sk-ant-admin01-no"}, **SPAN)
    assert "read:analytics" in refusal(admin, 403)
    with Simulator(Options(today=TODAY, users=3, reports=False)) as simulator:
        answer = asker(simulator, session)(report.name, **SPAN)
        assert "plan" in refusal(answer, report.refusal)


def test_only_the_new_reports_need_the_beta_header(ask: Ask) -> None:
    """Without it, they refuse."""
    for report in REPORTS.values():
        answer = ask(report.name, {"anthropic-beta": "other"}, **SPAN)
        if report.legacy:
            assert answer.status_code == 200
        else:
            assert BETA_HEADER in refusal(answer)


@each_report
def test_pages_add_up_to_the_whole(ask: Ask, simulator: Simulator, report: Report) -> None:
    """Small pages bring the same rows as the truth, and cursors fit one question."""
    limit = 2 if "results" in simulator.truth_report(report.name, START, END)[0] else 7
    asked = {**SPAN, "group_by__": ["product", "model"], report.width: "1d"}
    pages = all_pages(ask, report.name, limit=limit, **asked)
    assert len(pages) > 1
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    truth = simulator.truth_report(report.name, START, END, group_by=["product", "model"])
    rows = [row for page in pages for row in page]
    assert sorted(map(json.dumps, rows)) == sorted(map(json.dumps, truth))
    page = ask(report.name, limit=limit, **asked).json()["next_page"]
    for change in ({"limit": limit + 1}, {"models__": "claude-haiku-5"}):
        answer = ask(report.name, **{"limit": limit, **asked, **change}, page=page)
        assert refusal(answer).startswith("page: this cursor does not belong")


def test_the_default_order_is_by_metric_and_time_is_newest_first(ask: Ask) -> None:
    """Ascending time has to be asked for."""
    asked = {**SPAN, "time_bucket_width": "1h", "limit": 1000, "group_by__": "product"}
    by_metric = ask("usage", **asked).json()["data"]
    tokens = [row["usage"]["total_tokens"] for row in by_metric]
    assert tokens == sorted(tokens, reverse=True)
    by_time = ask("usage", **asked, order_by="time").json()["data"]
    ascending = ask("usage", **asked, order_by="time", order="asc").json()["data"]
    for rows, sign in ((by_time, -1), (ascending, 1)):
        times = [row["starting_at"] for row in rows]
        assert times == sorted(times)[::sign]
        pairs = itertools.pairwise(rows)
        assert all(
            one["usage"]["total_tokens"] >= two["usage"]["total_tokens"]
            for one, two in pairs
            if one["starting_at"] == two["starting_at"]
        )


def test_without_buckets_a_row_spans_the_range_in_whole_hours(ask: Ask) -> None:
    """Both ends are rounded down; users' rows then have no times."""
    span = {"starting_at": "2026-10-05T06:30:00+02:00", "ending_at": SPAN["ending_at"]}
    rows = ask("cost", **span).json()["data"]
    assert [(row["starting_at"], row["ending_at"]) for row in rows] == [
        ("2026-10-05T04:00:00Z", "2026-10-09T00:00:00Z")
    ]
    user = ask("user_cost_report", **span).json()["data"][0]
    assert (user["starting_at"], user["ending_at"]) == (None, None)


def test_a_range_that_ends_inside_a_bucket_loses_it(ask: Ask) -> None:
    """Ends are exclusive and rounded down to whole buckets."""
    asked = {"starting_at": SPAN["starting_at"], "ending_at": "2026-10-06T23:59:59Z"}
    buckets = ask("usage_report", **asked).json()["data"]
    assert [bucket["starting_at"] for bucket in buckets] == ["2026-10-05T00:00:00Z"]


@each_width
@each_cost
def test_money_adds_up_in_every_width_and_grouping(
    simulator: Simulator, name: str, width: str
) -> None:
    """However it is cut, to the last fraction of a cent."""
    total = money(simulator.truth_report(name, START, END))
    assert total[0] > 0
    for group_by in ([], ["product"], ["model", "speed"], ["cost_type", "token_type"]):
        rows = simulator.truth_report(
            name, START, END, bucket_width=width, group_by=group_by
        )
        assert money(rows) == total


@each_width
@each_usage
def test_tokens_add_up_in_every_width_and_grouping(
    simulator: Simulator, name: str, width: str
) -> None:
    """However it is cut."""
    total = counts(simulator.truth_report(name, START, END))
    assert all(total.values())
    for group_by in ([], ["product"], ["model", "inference_geo"]):
        rows = simulator.truth_report(
            name, START, END, bucket_width=width, group_by=group_by
        )
        assert counts(rows) == total


def test_users_and_the_rest_are_the_organisation(ask: Ask, simulator: Simulator) -> None:
    """User rows are what the users' reports say; the generations differ by sessions."""
    cost = simulator.truth_report("cost", START, END, group_by=["actor"])
    of_users = [row for row in cost if (row["group"]["actor"] or {}).get("user_id")]
    rest = [row for row in cost if row not in of_users]
    whole = money(simulator.truth_report("cost", START, END))
    users = money(simulator.truth_report("user_cost_report", START, END))
    assert money(of_users) == users
    assert money(rest)[0] > 0
    assert tuple(map(sum, zip(users, money(rest), strict=True))) == whole
    split = simulator.truth_report("cost", START, END, group_by=["cost_type"])
    sessions = [row for row in split if row["group"]["cost_type"] == "session_usage"]
    legacy = money(simulator.truth_report("cost_report", START, END))
    assert tuple(map(sum, zip(legacy, money(sessions), strict=True))) == whole
    usage = counts(simulator.truth_report("usage", START, END))
    assert usage == counts(simulator.truth_report("usage_report", START, END))
    asked = {**SPAN, "time_bucket_width": "1d", "actor_types__": "user_actor"}
    filtered = ask("usage", **asked).json()["data"]
    assert counts(filtered) == counts(
        simulator.truth_report("user_usage_report", START, END)
    )


def test_components_of_a_cost(ask: Ask) -> None:
    """They come on top of the limit, without requests; tokens alone leave out the rest."""
    asked = {**SPAN, "group_by__": ["product", "cost_type", "token_type"], "limit": 1000}
    rows = ask("cost", **asked).json()["data"]
    kinds = {(row["group"]["cost_type"], row["group"]["token_type"]) for row in rows}
    assert len(kinds) == 5 + 3
    assert {row["cost"]["requests"] for row in rows} == {None}
    alone = ask("cost", **SPAN, group_by__="token_type").json()["data"]
    assert {row["group"]["cost_type"] for row in alone} == {"tokens"}
    assert len(ask("cost", **SPAN, group_by__=["cost_type"], limit=1).json()["data"]) == 4


def test_two_teams_count_twice_only_when_grouped_by_team(simulator: Simulator) -> None:
    """Rows of teams overlap."""
    whole = money(simulator.truth_report("cost", START, END))
    teams = simulator.truth_report("cost", START, END, group_by=["rbac_group_id"])
    assert money(teams) > whole
    assert None in {row["group"]["rbac_group_id"] for row in teams}


@each_width
def test_several_nameless_rows_are_equal_in_their_dimensions(
    simulator: Simulator, width: str
) -> None:
    """Identities that cannot be named stay rows of their own."""
    group_by = ["actor", "product", "inference_geo"]
    rows = simulator.truth_report("cost", START, END, bucket_width=width, group_by=group_by)
    equal = Counter(json.dumps([row["starting_at"], row["group"]]) for row in rows)
    assert {(count > 1, '"actor": null' in key) for key, count in equal.items()} >= {
        (True, True),
        (False, False),
    }
    assert all('"actor": null' in key for key, count in equal.items() if count > 1)


def test_deleted_users_are_left_out_after_paging(ask: Ask) -> None:
    """So pages may be shorter than the limit, with more to come."""
    asked = {**SPAN, "group_by__": "actor", "limit": 3}
    pages = all_pages(ask, "cost", **asked, exclude_deleted_users="true")
    assert len(pages) == len(all_pages(ask, "cost", **asked))
    assert min(map(len, pages[:-1])) < 3
    shown = [row["group"]["actor"] for page in pages for row in page]
    assert not any(actor.get("deleted") for actor in shown if actor)
    assert None in shown
    every = all_pages(ask, "user_cost_report", **SPAN)
    some = all_pages(ask, "user_cost_report", **SPAN, exclude_deleted_users="true")
    assert sum(map(len, some)) < sum(map(len, every))


@pytest.mark.parametrize(
    ("name", "parameter", "dimension", "value"),
    [
        ("usage", "products__", "product", "claude_tag"),
        ("usage_report", "products__", "product", "claude-tag"),
        ("usage", "models__", "model", "claude-haiku-5"),
        ("cost", "actor_types__", "actor_type", "api_actor"),
        ("cost", "service_tiers__", "service_tier", "batch"),
        ("user_cost_report", "speeds__", "speed", "fast"),
    ],
)
def test_filters_narrow_honestly(
    ask: Ask, simulator: Simulator, name: str, parameter: str, dimension: str, value: str
) -> None:
    """The same as picking the rows of that value."""
    asked = {"starting_at": "2026-09-10T00:00:00Z", "ending_at": SPAN["ending_at"]}
    asked |= {parameter: value, "group_by__": dimension, REPORTS[name].width: "1d"}
    rows = [row for page in all_pages(ask, name, **asked) for row in page]
    first = date(2026, 9, 10)
    truth = simulator.truth_report(name, first, END, group_by=[dimension])
    expected = [row for row in flat(truth) if row[dimension] == value]
    assert expected
    key = sorted(map(json.dumps, flat(rows)))
    assert key == sorted(map(json.dumps, expected))


def test_unset_regions_and_keys_can_be_asked_for(ask: Ask) -> None:
    """`not_available` and an empty entry stand for null."""
    asked = {**SPAN, "limit": 1000, "group_by__": ["inference_geo", "api_key_id"]}
    for narrow, field in (
        ({"inference_geos__": "not_available"}, "inference_geo"),
        ({"api_key_ids__": ""}, "api_key_id"),
    ):
        rows = ask("usage", **asked, **narrow).json()["data"]
        assert {row["group"][field] for row in rows} == {None}


def test_a_bucket_shows_its_top_hundred(session: requests.Session) -> None:
    """The rest has no row there."""
    with Simulator(Options(today=TODAY, users=400)) as simulator:
        groups = ["model", "product", "rbac_group_id", "speed", "inference_geo"]
        buckets = simulator.truth_report("usage_report", START, END, group_by=groups)
        assert max(len(bucket["results"]) for bucket in buckets) == 100
        answer = asker(simulator, session)("usage_report", **SPAN, group_by__=groups)
        assert answer.json()["data"] == buckets


def test_nothing_is_known_after_the_last_refresh(ask: Ask, simulator: Simulator) -> None:
    """Today's bucket is there and incomplete; hours to come are empty buckets."""
    body = ask("usage_report", **SPAN, bucket_width="1h", limit=168).json()
    assert body["data_refreshed_at"] == "2026-10-08T06:00:00Z"
    filled = [bucket for bucket in body["data"] if bucket["results"]]
    assert "2026-10-08T00:00:00Z" < filled[-1]["starting_at"] < "2026-10-08T06:00:00Z"
    assert len(body["data"]) == 4 * 24
    known = simulator.facts(TODAY)
    assert known
    simulator.today = TODAY + timedelta(days=1)
    assert len(simulator.facts(TODAY)) > len(known)
    simulator.today = TODAY


def test_options_of_the_envelope(session: requests.Session) -> None:
    """The refresh may be unknown, a cursor echoed, and a page empty."""
    options = Options(
        today=TODAY,
        users=5,
        tell_refreshed=False,
        echo_last_cursor=True,
        empty_page_every=1,
    )
    with Simulator(options) as simulator:
        ask = asker(simulator, session)
        body = ask("usage", **SPAN, limit=1000).json()
        assert body.keys() == {"data", "has_more", "next_page"}
        pages = all_pages(ask, "usage", **SPAN, limit=1000)
        assert sorted(map(len, pages)) == [0, 1]
        last = ask("usage", **SPAN, limit=1000, page=body["next_page"]).json()
        assert (last["has_more"], bool(last["next_page"])) == (False, True)


def test_older_answers_say_email(ask: Ask) -> None:
    """The older generation spells one field differently."""
    old = {"anthropic-version": "2023-06-01"}
    row = ask("user_usage_report", old, **SPAN).json()["data"][0]
    assert "email" in row["actor"]
    assert "email_address" not in row["actor"]
    group = ask("usage", old, **SPAN, group_by__="actor", actor_types__="user_actor")
    assert "email" in group.json()["data"][0]["group"]["actor"]


def test_a_revision_reaches_all_reports(session: requests.Session) -> None:
    """Revisions compose, and answers that were cached are made anew."""
    day = date(2026, 10, 6)

    def first_only(facts: list[Fact]) -> list[Fact]:
        return facts[:1]

    def doubled(facts: list[Fact]) -> list[Fact]:
        return [fact.scaled(Decimal(2)) for fact in facts]

    with Simulator(Options(today=TODAY)) as simulator:
        ask = asker(simulator, session)
        ask("cost", **SPAN)
        fact = simulator.facts(day)[0]
        others = money(simulator.truth_report("cost", START, day))
        rest = money(simulator.truth_report("cost", day + timedelta(days=1), END))
        simulator.revise(day, first_only)
        simulator.revise(day, doubled)
        assert money(ask("cost", **SPAN).json()["data"])[0] == (
            others[0] + 2 * fact.amount + rest[0]
        )
        after = day + timedelta(days=1)
        for name in ("cost", "cost_report", "user_cost_report"):
            assert money(simulator.truth_report(name, day, after))[0] == 2 * fact.amount
        for name in ("usage", "usage_report", "user_usage_report"):
            tokens = counts(simulator.truth_report(name, day, after))
            assert tokens["output_tokens"] == 2 * fact.tokens[-1]


def test_many_digits_survive() -> None:
    """Amounts of thirty digits are summed without rounding."""
    simulator = Simulator(Options(today=TODAY, users=3))
    day = date(2026, 10, 6)
    factor = Decimal("1234567890.123456789012345678901")
    simulator.revise(day, lambda facts: [fact.scaled(factor) for fact in facts])
    amounts = [fact.amount for fact in simulator.facts(day)]
    assert len(amounts[0].as_tuple().digits) > 30
    total = money(simulator.truth_report("cost", day, day + timedelta(days=1)))[0]
    exact = sum(int(amount.scaleb(60, EXACT)) for amount in amounts)
    assert int(total.scaleb(60, EXACT)) == exact


def test_figures_vary_for_thirty_days_and_are_final_then() -> None:
    """Amounts change, rows vanish and appear, and in the end nothing is left of it."""
    simulator = Simulator(Options(today=TODAY, revisions=True))
    final = Simulator(Options(today=TODAY))
    day = date(2026, 10, 5)

    def rows(age: int) -> dict[tuple[object, ...], Decimal]:
        simulator.today = day + timedelta(days=age)
        return {
            (fact.identity.key, fact.at, fact.product, fact.requests): fact.amount
            for fact in simulator.facts(day)
        }

    young, older = rows(1), rows(9)
    assert young.keys() - older.keys()
    assert older.keys() - young.keys()
    changed = [
        young[key] for key in young.keys() & older.keys() if young[key] != older[key]
    ]
    assert changed
    at_last = rows(30)
    assert older != at_last == rows(31)
    assert at_last.keys() - young.keys(), "nothing was missing at first"
    assert young.keys() - at_last.keys(), "nothing was taken back"
    assert sorted(at_last.values()) == sorted(fact.amount for fact in final.facts(day))


def test_answers_can_be_dictated(session: requests.Session) -> None:
    """As for the other endpoints."""
    with Simulator(Options(today=TODAY, users=3)) as simulator:
        simulator.reply("cost", status=429, times=1)
        ask = asker(simulator, session)
        assert ask("cost", **SPAN).status_code == 429
        assert ask("cost", **SPAN).status_code == 200


@pytest.mark.parametrize(("width", "default"), [("1d", 7), ("1h", 24), ("1m", 60)])
def test_buckets_come_in_pages_of_their_own_length(
    ask: Ask, width: str, default: int
) -> None:
    """Without a limit, and empty ones count too."""
    asked = {"starting_at": "2026-09-28T00:00:00Z", "ending_at": SPAN["starting_at"]}
    if width == "1m":
        asked["ending_at"] = "2026-09-29T00:00:00Z"
    body = ask("usage_report", **asked, bucket_width=width).json()
    assert len(body["data"]) == default
    assert body["has_more"] is (width != "1d")


def test_answers_are_sums_of_the_facts(simulator: Simulator) -> None:
    """Counted without the code that sums for the answers."""
    days = [START + timedelta(days=n) for n in range((END - START).days)]
    facts = [fact for day in days for fact in simulator.facts(day)]
    usage = counts(simulator.truth_report("usage", START, END))
    assert usage["output_tokens"] == sum(fact.tokens[-1] for fact in facts)
    assert usage["requests"] == sum(fact.requests for fact in facts)
    amount, list_amount = money(simulator.truth_report("cost", START, END))
    assert amount == sum(fact.amount for fact in facts)
    assert list_amount == sum(fact.list_amount for fact in facts)
    products = simulator.truth_report("cost", START, END, group_by=["product", "actor"])
    for product in {fact.product for fact in facts}:
        rows = [row for row in products if row["group"]["product"] == product]
        of_it = [fact for fact in facts if fact.product == product]
        assert money(rows)[0] == sum(fact.amount for fact in of_it)
        actors = {(fact.at.date(), fact.identity) for fact in of_it}
        assert len(rows) == len(actors)
