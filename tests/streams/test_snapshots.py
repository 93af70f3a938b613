"""People, teams and spend limits: what is true now, day after day."""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

import pendulum
import pytest
import time_machine
from singer_sdk.exceptions import ConfigValidationError

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import truth
from tests.simulator import RESOURCES, Simulator
from tests.simulator.reports.facts import CHILDREN, org_id
from tests.singer import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.traffic import Request

TODAY = date(2026, 8, 5)
DAYS = [TODAY + timedelta(days=days) for days in (0, 9, 18)]
ALL = (*truth.SNAPSHOTS, "readings")
KEY = "sk-ant-api01-other"
RECENT: dict[str, Any] = {"start_date": "2026-08-01"}


@pytest.fixture
def simulator(organization: Callable[..., Simulator]) -> Simulator:
    """An organisation in which something happens every few days."""
    return organization(users=60, refreshed_hours=9)


def refusal(message: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


def paths(simulator: Simulator) -> Counter[str]:
    """Count the requests to each path."""
    return Counter(request.path for request in simulator.requests)


def limits_of(simulator: Simulator) -> list[list[str] | None]:
    """Return the limit of each request."""
    return [request.params.get("limit") for request in simulator.requests]


# What is read


def test_three_days(
    organization: Callable[..., Simulator], set_today: Callable[[pendulum.Date], None]
) -> None:
    """All six are the truth of each day, while people join, leave and change teams."""
    simulator = organization(users=120)
    outputs = []
    state = None
    for day in DAYS:
        simulator.today = day
        set_today(pendulum.Date(day.year, day.month, day.day))
        outputs.append(run(simulator, *ALL, state=state))
        assert not outputs[-1].failures
        state = outputs[-1].state
        assert {outputs[-1].bookmark(stream) for stream in truth.SNAPSHOTS} == {
            day.isoformat()
        }
    for stream in truth.SNAPSHOTS:
        truth.assert_current_rows(simulator, stream, DAYS, *outputs)
    for stream in ("members", "team_members"):
        names = truth.KEYS[stream][1:]
        before, _, after = (
            {tuple(record[name] for name in names) for record in output.records(stream)}
            for output in outputs
        )
        assert after - before
        assert before - after
    readings = [reading for output in outputs for reading in output.records("readings")]
    assert all(reading["is_complete"] for reading in readings)


def test_the_second_run_of_a_day_counts(simulator: Simulator) -> None:
    """What has gone meanwhile is no longer current."""
    first = run(simulator, *ALL)
    # Without the first team, nobody would ask who is in it.
    for stream in truth.SNAPSHOTS.keys() - {"teams"}:
        simulator.edit(stream, TODAY, lambda rows: rows[1:])
    second = run(simulator, *ALL, state=first.state)
    for stream in truth.SNAPSHOTS.keys() - {"spend_limit_requests"}:
        truth.assert_current_rows(simulator, stream, [TODAY], first, second)
    listed = {record["request_id"] for record in second.records("spend_limit_requests")}
    assert len(listed) == len(simulator.truth("spend_limit_requests", TODAY))


def test_spend_beside_cost(simulator: Simulator) -> None:
    """What a member has spent is the sum of `cost` since the period began."""
    output = run(
        simulator,
        "spend_limits",
        "cost",
        cost_group_by=["actor"],
        start_date=TODAY.replace(day=1).isoformat(),
    )
    costs: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    starts = {
        "daily": TODAY,
        "weekly": TODAY - timedelta(days=TODAY.weekday()),
        "monthly": TODAY.replace(day=1),
    }
    with localcontext(truth.EXACT):
        for record in output.records("cost"):
            for period, start in starts.items():
                # Money of a week that began in the month before is not asked for.
                if record["actor_id"] and record["date"] >= start.isoformat():
                    costs[record["actor_id"], period] += record["amount"]
    told = 0
    for record in output.records("spend_limits"):
        if starts[record["period"]].month < TODAY.month:
            continue
        spent = record["period_to_date_spend"]
        if spent:
            sum_of_cost = costs[record["actor_id"], record["period"]]
            assert abs(spent - sum_of_cost) <= Decimal("0.0005")
            told += 1
    assert told > 10


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("XYZ", None)])
def test_currencies(
    organization: Callable[..., Simulator], currency: str, digits: int | None
) -> None:
    """The unit of a currency is known, or null."""
    simulator = organization(users=25, currency=currency)
    output = run(simulator, "spend_limits", "spend_limit_requests")
    summaries = [r["spend_summary"] for r in output.records("spend_limit_requests")]
    limits = [*output.records("spend_limits"), *filter(None, summaries)]
    assert any(limit["amount"] for limit in limits)
    for limit in limits:
        for name in ("amount", "period_to_date_spend"):
            minor, unit = limit[name], limit[f"{name}_in_currency"]
            if minor is None or digits is None:
                assert unit is None
            else:
                assert unit == Decimal(minor).scaleb(-digits, truth.EXACT)


def test_a_run_over_midnight(simulator: Simulator) -> None:
    """The day of a reading is the one on which it was asked for."""
    tomorrow = TODAY + timedelta(days=1)
    late = datetime.combine(tomorrow, datetime.min.time()) - timedelta(seconds=1)
    with time_machine.travel(late.replace(tzinfo=pendulum.UTC), tick=False) as clock:

        def strikes_midnight(_: Request) -> bool:
            clock.shift(2)
            simulator.today = tomorrow
            return False

        simulator.reply("invites", when=strikes_midnight)
        output = run(simulator, "invites", "members", "readings")
    assert output.read_days("invites") == [TODAY.isoformat()]
    assert output.read_days("members") == [tomorrow.isoformat()]
    truth.assert_current_rows(simulator, "members", [tomorrow], output)


@pytest.mark.parametrize(
    "settings", [{"end_date": "2026-08-04"}, {"start_date": "2026-08-06"}], ids=str
)
def test_days_that_leave_today_out(
    simulator: Simulator, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Then there is nothing to read, which is said."""
    caplog.set_level(logging.INFO)
    output = run(simulator, *ALL, **settings)
    assert not simulator.requests
    assert not output.failures
    assert not output.records("readings")
    assert output.bookmark("members") is None
    assert "Reading no new day (" in caplog.text


# What it costs


def test_requests(simulator: Simulator) -> None:
    """One per endpoint and one per team, with the largest pages; teams only once.

    Today is read whatever the delay and the lookback are.
    """
    output = run(
        simulator, *ALL, end_date=TODAY.isoformat(), data_delay_days=9, lookback_days=0
    )
    for stream in truth.SNAPSHOTS:
        truth.assert_current_rows(simulator, stream, [TODAY], output)
    teams = [team["id"] for team in simulator.truth("teams", TODAY)]
    one = RESOURCES["team_members"].path
    assert paths(simulator) == dict.fromkeys(
        [
            *(RESOURCES[name].path for name in truth.SNAPSHOTS if name != "team_members"),
            *(one.format(rbac_group_id=team) for team in teams),
        ],
        1,
    )
    assert all(limit == ["1000"] for limit in limits_of(simulator))


@pytest.mark.parametrize("stream", truth.SNAPSHOTS)
def test_pages(simulator: Simulator, stream: str) -> None:
    """As many requests as there are pages, each with the cursor of the one before."""
    output = run(simulator, stream, "readings", page_size=7, max_parallel_requests=3)
    truth.assert_current_rows(simulator, stream, [TODAY], output)
    rows = simulator.truth(stream, TODAY)
    if stream == "team_members":
        counts = Counter(row["rbac_group_id"] for row in rows)
        teams = [team["id"] for team in simulator.truth("teams", TODAY)]
        expected = 1 + sum(-(-max(1, counts[team]) // 7) for team in teams)
    elif stream == "spend_limits":  # pages of members, who may have several rows
        expected = -(-len({row["scope"]["user_id"] for row in rows}) // 7)
    else:
        expected = -(-len(rows) // 7)
    assert len(simulator.requests) == expected
    cursors = Counter(
        name
        for request in simulator.requests
        for name in request.params.keys() & {"page", "after_id"}
    )
    by_id = stream in {"members", "invites"}
    assert set(cursors) <= {"after_id" if by_id else "page"}


def test_rate_limits_of_their_own(
    organization: Callable[..., Simulator], sleeps: list[float]
) -> None:
    """60 a minute for spend limits, 100 for people, whatever is set for analytics."""
    simulator = organization(users=85)
    count = len(simulator.truth("members", TODAY))
    assert 60 < count < 100
    run(simulator, "members", page_size=1, requests_per_minute=1)
    assert len(simulator.requests) == count
    assert sleeps == []
    run(simulator, "spend_limits", page_size=1)
    assert 50 < sum(sleeps) < 70


def test_empty_pages_with_others_to_follow(organization: Callable[..., Simulator]) -> None:
    """They are not the end."""
    simulator = organization(users=25, empty_page_every=1)
    output = run(simulator, *ALL, page_size=5)
    for stream in truth.SNAPSHOTS:
        truth.assert_current_rows(simulator, stream, [TODAY], output)


@pytest.mark.parametrize(
    ("largest", "tried"), [(100, [["1000"], ["100"]]), (20, [["1000"], ["100"], None])]
)
def test_a_limit_that_is_refused(
    simulator: Simulator, largest: int, tried: list[list[str] | None]
) -> None:
    """No largest one is stated for spend limits: fewer rows are asked for."""

    def is_larger(request: Request) -> bool:
        return int(request.params.get("limit", ["20"])[0]) > largest

    message = f"limit: must be from 1 to {largest}"
    simulator.reply("spend_limits", status=400, body=refusal(message), when=is_larger)
    output = run(simulator, "spend_limits", "readings")
    truth.assert_current_rows(simulator, "spend_limits", [TODAY], output)
    assert limits_of(simulator)[: len(tried)] == tried


def test_a_limit_that_is_never_right(simulator: Simulator) -> None:
    """It is not tried for ever."""
    simulator.reply("spend_limits", status=400, body=refusal("limit: not like this"))
    output = run(simulator, "spend_limits")
    (sentence,) = output.failures
    assert "limit: not like this" in sentence
    assert len(simulator.requests) == 3


# What changes while it is read


def refuse_cursors(simulator: Simulator, times: int | None) -> None:
    """Have the API know a member no more who is a cursor."""
    simulator.reply(
        "members",
        status=400,
        body=refusal("after_id: there is no such user"),
        when=lambda request: "after_id" in request.params,
        times=times,
    )


def test_somebody_leaves_who_is_the_cursor(simulator: Simulator) -> None:
    """The pages are read again from the first one."""
    refuse_cursors(simulator, times=1)
    output = run(simulator, "members", "readings", page_size=20)
    truth.assert_current_rows(simulator, "members", [TODAY], output)
    assert len(output.records("members")) == len(simulator.truth("members", TODAY))
    assert [r.params.get("after_id") for r in simulator.requests].count(None) == 2


def test_a_cursor_that_is_never_right(simulator: Simulator) -> None:
    """It is tried three times, and told."""
    refuse_cursors(simulator, times=None)
    output = run(simulator, "members", "readings", page_size=20)
    (sentence,) = output.failures
    assert "after_id: there is no such user" in sentence
    assert output.records("members") == output.records("readings") == []
    assert len(simulator.requests) == 6


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_team_that_is_not_found(simulator: Simulator, *, is_gone: bool) -> None:
    """It has no members if it is not listed any more; else something is wrong."""
    teams = simulator.truth("teams", TODAY)
    listed = {"data": [*teams, {**teams[0], "id": "rbac_group_gone"}], "next_page": None}
    simulator.reply("teams", body=listed, times=1 if is_gone else None)
    output = run(simulator, "team_members", "readings")
    assert paths(simulator)[RESOURCES["teams"].path] == 2
    if is_gone:
        truth.assert_current_rows(simulator, "team_members", [TODAY], output)
    else:
        (sentence,) = output.failures
        assert "rbac_group_gone" in sentence
        assert output.records("team_members") == []


def test_a_team_without_an_id(simulator: Simulator) -> None:
    """Its members cannot be asked for."""
    body = {"data": [{"name": "Sales"}], "next_page": None}
    simulator.reply("teams", body=body)
    output = run(simulator, "teams", "team_members")
    assert len(output.failures) == 2
    assert paths(simulator) == {RESOURCES["teams"].path: 1}


# Who may read


def test_a_key_without_the_scopes(simulator: Simulator) -> None:
    """The API's own words say what is held and needed; other streams are read."""
    simulator.grant(KEY, "read:analytics", "read:members")
    output = run(simulator, *ALL, "artifacts", api_key=KEY, **RECENT)
    failed = {sentence.split()[1]: sentence for sentence in output.failures}
    assert failed.keys() == {
        "spend_limits",
        "spend_limit_requests",
        "teams",
        "team_members",
    }
    for sentence in failed.values():
        assert "holds the scopes: read:analytics, read:members; needed is" in sentence
        assert "Both are fixed when a key is made" in sentence
        assert "read:analytics and" not in sentence
    assert paths(simulator)[RESOURCES["teams"].path] == 1
    truth.assert_current_rows(simulator, "members", [TODAY], output)
    assert output.read_days("artifacts")


def test_another_scope_opens_them_too(simulator: Simulator) -> None:
    """No scope's name is insisted on."""
    simulator.grant(KEY, "read:org_audit")
    output = run(simulator, "members", "invites", "teams", "team_members", api_key=KEY)
    assert not output.failures


def test_a_key_for_one_organisation(simulator: Simulator) -> None:
    """Teams need one for all linked organisations."""
    simulator.grant(KEY, "read:rbac_groups", "read:members", linked=False)
    output = run(simulator, "members", "teams", api_key=KEY)
    (sentence,) = output.failures
    assert sentence.startswith("Stream teams failed")
    assert "for all linked organisations" in sentence


def test_a_console_organisation(organization: Callable[..., Simulator]) -> None:
    """It has members and invites; of the others the API says why not."""
    console = organization(users=25, console=True)
    output = run(console, *ALL)
    assert len(output.failures) == 4
    for sentence in output.failures:
        assert "serves Claude Enterprise organizations only" in sentence
        assert "deselect the stream" in sentence
    for stream in ("members", "invites"):
        truth.assert_current_rows(console, stream, [TODAY], output)


# Organisations


@pytest.mark.parametrize("named", [CHILDREN[0], org_id(CHILDREN[0])])
def test_organisations(simulator: Simulator, named: str) -> None:
    """Usage and cost are limited to them."""
    output = run(
        simulator,
        "usage",
        "cost",
        report_group_by=["organization_id", "product"],
        organization_ids=[named, named],
        **RECENT,
    )
    for stream in ("usage", "cost"):
        organizations = {record["organization_id"] for record in output.records(stream)}
        assert organizations == {CHILDREN[0]}
    assert all(r.params["organization_ids[]"] == [named] for r in simulator.requests)


def test_other_organisations_are_other_rows(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """So usage and cost are read again from `start_date`."""
    settings: dict[str, Any] = {**RECENT, "report_group_by": ["product"]}
    state = run(simulator, "cost", **settings).state
    again = run(
        simulator, "cost", "readings", state=state, organization_ids=[*CHILDREN], **settings
    )
    assert again.read_days("cost")[0] == "2026-08-01"
    assert "have changed" in caplog.text


def test_organisations_without_rows(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """An id that fits nothing is worth a warning."""
    run(simulator, "cost", organization_ids=["org_no"], **RECENT)
    assert "that match organization_ids. Check its ids." in caplog.text


def test_streams_of_all_organisations(simulator: Simulator) -> None:
    """They cannot be limited, so nothing is asked for."""
    streams = ("usage", "cost", "cost_report", "members", "skills", "readings")
    output = run(simulator, *streams, organization_ids=[CHILDREN[0]])
    (sentence,) = output.failures
    assert "cost_report, members, skills." in sentence
    assert simulator.requests == []


@pytest.mark.parametrize("wrong", ["Sales", "org_", "7b0d3c52-9f3e-4a57-8a0e"])
def test_what_is_no_organisation(wrong: str) -> None:
    """It is told before the first request, without the value."""
    config = {"api_key": KEY, "organization_ids": [CHILDREN[0], wrong]}
    with pytest.raises(ConfigValidationError) as caught:
        TapClaudeAnalytics(config=config)
    (sentence,) = caught.value.errors
    assert sentence.startswith("organization_ids has an entry (number 2) that is not an id")
    assert sentence.endswith("expected an id (org_…) or a UUID.")


def test_records_fit_any_writer(simulator: Simulator) -> None:
    """Amounts are numbers, exactly as the API wrote them, whatever their length."""
    long = "123456789012345678901234567890.123"
    row = simulator.truth("spend_limits", TODAY)[0] | {"amount": long}
    simulator.reply("spend_limits", body={"data": [row], "next_page": None})
    (record,) = run(simulator, "spend_limits").records("spend_limits")
    assert record["amount"] == Decimal(long)
    assert json.dumps(record["amount_in_currency"], default=str).strip('"') == (
        "1234567890123456789012345678.90123"
    )


def test_nobody_is_in_the_log(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in URLs, whose cursors are people's ids, nor in what is told of answers."""
    caplog.set_level(logging.DEBUG)
    simulator.edit(
        "members", TODAY, lambda rows: [{**row, "nickname": row["name"]} for row in rows]
    )
    members = simulator.truth("members", TODAY)
    quoting = refusal(f"{members[0]['email']} may not, says {KEY}")
    simulator.reply("spend_limits", status=400, body=quoting)
    output = run(simulator, *ALL, page_size=7)
    assert len(output.failures) == 1
    assert "New field nickname" in caplog.text
    assert "after_id=[not shown]" in caplog.text
    told = caplog.text + "".join(output.failures)
    private = {row[name] for row in members for name in ("id", "email", "name")}
    assert {text for text in {*private, KEY} if text in told} == set()
