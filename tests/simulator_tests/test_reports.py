"""The simulator's reports: their rules, their sums, and how figures change."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator import (
    BETA_HEADER,
    REPORTS,
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
def test_cursors_fit_one_question(ask: Ask, report: Report) -> None:
    """Another limit or another filter makes another question."""
    asked = {**SPAN, "group_by__": ["product", "model"], report.width: "1d", "limit": 2}
    page = ask(report.name, **asked).json()["next_page"]
    assert ask(report.name, **asked, page=page).status_code == 200
    for change in ({"limit": 3}, {"models__": "claude-haiku-5"}):
        answer = ask(report.name, **{**asked, **change}, page=page)
        assert refusal(answer).startswith("page: this cursor does not belong")


@pytest.mark.parametrize("width", ["1d", "1h", "1m"])
@each_report
def test_sums_are_the_same_in_every_width_and_grouping(
    simulator: Simulator, report: Report, width: str
) -> None:
    """However it is cut, to the last fraction of a cent."""
    add_up = money if report.money else counts
    total = add_up(simulator.truth_report(report.name, START, END))
    for group_by in ([], ["product"], ["model", "speed"]):
        rows = simulator.truth_report(
            report.name, START, END, bucket_width=width, group_by=group_by
        )
        assert add_up(rows) == total


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
