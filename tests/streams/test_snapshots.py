"""People, teams and spend limits: what is true now, day after day."""

import logging
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pendulum
import pytest
import time_machine

from tests import truth
from tests.simulator import RESOURCES, Simulator
from tests.simulator.reports.facts import CHILDREN, org_id
from tests.simulator.traffic import Request
from tests.singer import Organize, Output, SetToday, error_of, page_of, run

TODAY = date(2026, 8, 5)
DAYS = [TODAY + timedelta(days=days) for days in (0, 9, 18)]
KEY = "sk-ant-api01-other"
RECENT: dict[str, Any] = {"start_date": "2026-08-01"}

#: Something happens every few days.
COMPANY: dict[str, Any] = {"users": 60, "refreshed_hours": 9}


def paths(simulator: Simulator) -> Counter[str]:
    """Count the requests to each path."""
    return Counter(request.path for request in simulator.requests)


def limits_of(simulator: Simulator) -> list[list[str] | None]:
    """Return the limit of each request."""
    return [request.params.get("limit") for request in simulator.requests]


# What is read


def test_three_days(organization: Organize, set_today: SetToday) -> None:
    """All six are the truth of each day, while people join, leave and change teams."""
    simulator = organization(users=90)
    outputs: list[Output] = []
    for day in DAYS:
        set_today(day, simulator)
        state = outputs[-1].state if outputs else None
        outputs.append(run(simulator, *truth.SNAPSHOTS, state=state))
        assert not outputs[-1].failures
        bookmarks = {outputs[-1].bookmark(stream) for stream in truth.SNAPSHOTS}
        assert bookmarks == {day.isoformat()}
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
    # What has gone when a day is read again is no longer current.
    for stream in ("members", "invites", "spend_limits", "team_members"):
        simulator.edit(stream, DAYS[-1], lambda rows: rows[1:])
    outputs.append(run(simulator, *truth.SNAPSHOTS, state=outputs[-1].state))
    for stream in truth.SNAPSHOTS:
        truth.assert_current_rows(simulator, stream, DAYS, *outputs)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "XYZ"])
def test_currencies(organization: Organize, currency: str) -> None:
    """The unit of a currency is known, or null."""
    simulator = organization(users=25, currency=currency)
    output = run(simulator, "spend_limits", "spend_limit_requests")
    assert any(limit["amount"] for limit in output.records("spend_limits"))
    for stream in ("spend_limits", "spend_limit_requests"):
        truth.assert_current_rows(simulator, stream, [TODAY], output)


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
        output = run(simulator, "invites", "members")
    assert output.read_days("invites") == [TODAY.isoformat()]
    assert output.read_days("members") == [tomorrow.isoformat()]
    truth.assert_current_rows(simulator, "members", [tomorrow], output)


@pytest.mark.parametrize(
    "settings", [{"end_date": "2026-08-04"}, {"start_date": "2026-08-06"}], ids=str
)
def test_days_that_leave_today_out(simulator: Simulator, settings: dict[str, Any]) -> None:
    """Then there is nothing to read, which is said."""
    output = run(simulator, *truth.SNAPSHOTS, **settings)
    assert not simulator.requests
    assert not output.failures
    assert not output.records("readings")
    assert output.bookmark("members") is None
    assert "Reading no new day (" in str(output.logged)


# What it costs


@pytest.mark.parametrize(("page_size", "parallel"), [(1000, 1), (7, 3)])
def test_requests(simulator: Simulator, page_size: int, parallel: int) -> None:
    """One for each page, with the cursor of the one before; teams only once.

    Today is read whatever the delay and the lookback are.
    """
    settings: dict[str, Any] = {"end_date": TODAY, "data_delay_days": 9, "lookback_days": 0}
    settings |= {"page_size": page_size, "max_parallel_requests": parallel}
    output = run(simulator, *truth.SNAPSHOTS, **settings)
    questions = Counter((r.path, str(r.params)) for r in simulator.requests)
    assert set(questions.values()) == {1}
    pages = -(-len(simulator.truth("members", TODAY)) // page_size)
    assert paths(simulator)[RESOURCES["members"].path] == pages
    assert all(limit == [str(page_size)] for limit in limits_of(simulator))
    people = {RESOURCES["members"].path, RESOURCES["invites"].path}
    for request in simulator.requests:
        cursor = "after_id" if request.path in people else "page"
        assert request.params.keys() & {"page", "after_id"} <= {cursor}
    for stream in truth.SNAPSHOTS:
        truth.assert_current_rows(simulator, stream, [TODAY], output)


def test_rate_limits_of_their_own(organization: Organize, sleeps: list[float]) -> None:
    """60 a minute for spend limits, 100 for people, whatever is set for analytics."""
    simulator = organization(users=85)
    count = len(simulator.truth("members", TODAY))
    assert 60 < count < 100
    run(simulator, "members", page_size=1, requests_per_minute=1)
    assert len(simulator.requests) == count
    assert sleeps == []
    run(simulator, "spend_limits", page_size=1)
    assert 50 < sum(sleeps) < 70


@pytest.mark.parametrize(
    ("largest", "tried"),
    [
        (100, [["1000"], ["100"]]),
        (20, [["1000"], ["100"], None]),
        (0, [["1000"], ["100"], None]),
    ],
)
def test_a_limit_that_is_refused(
    simulator: Simulator, largest: int, tried: list[list[str] | None]
) -> None:
    """No largest one is stated for spend limits: fewer rows are asked for, not for ever."""

    def is_larger(request: Request) -> bool:
        return int(request.params.get("limit", ["20"])[0]) > largest

    message = f"limit: must be from 1 to {largest}"
    simulator.reply("spend_limits", status=400, body=error_of(message), when=is_larger)
    output = run(simulator, "spend_limits")
    assert limits_of(simulator)[: len(tried)] == tried
    if largest:
        truth.assert_current_rows(simulator, "spend_limits", [TODAY], output)
    else:
        assert message in output.failure
        assert len(simulator.requests) == len(tried)


# What changes while it is read


@pytest.mark.parametrize("times", [1, None])
def test_somebody_leaves_who_is_the_cursor(simulator: Simulator, times: int | None) -> None:
    """The pages are read again from the first one, three times at most."""
    message = "after_id: there is no such user"
    which: dict[str, Any] = {"when": lambda r: "after_id" in r.params, "times": times}
    simulator.reply("members", status=400, body=error_of(message), **which)
    output = run(simulator, "members", page_size=20)
    firsts = [r.params.get("after_id") for r in simulator.requests].count(None)
    if times:
        truth.assert_current_rows(simulator, "members", [TODAY], output)
        assert len(output.records("members")) == len(simulator.truth("members", TODAY))
        assert firsts == 2
    else:
        assert message in output.failure
        assert output.records("members") == output.records("readings") == []
        assert firsts == 3


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_team_that_is_not_found(simulator: Simulator, *, is_gone: bool) -> None:
    """It has no members if it is not listed any more; else something is wrong."""
    teams = simulator.truth("teams", TODAY)
    listed = page_of(*teams, {**teams[0], "id": "rbac_group_gone"})
    simulator.reply("teams", body=listed, times=1 if is_gone else None)
    output = run(simulator, "team_members")
    assert paths(simulator)[RESOURCES["teams"].path] == 2
    if is_gone:
        truth.assert_current_rows(simulator, "team_members", [TODAY], output)
    else:
        assert "rbac_group_gone" in output.failure
        assert output.records("team_members") == []


def test_a_team_without_an_id(simulator: Simulator) -> None:
    """Its members cannot be asked for."""
    simulator.reply("teams", body=page_of({"name": "Sales"}))
    output = run(simulator, "teams", "team_members")
    assert output.failed == ["team_members", "teams"]
    assert "returned a row without id (request id req_" in output.failures[0]
    assert paths(simulator) == {RESOURCES["teams"].path: 1}


# Who may read


def test_a_key_without_the_scopes(simulator: Simulator) -> None:
    """The API's own words say what is held and needed; other streams are read."""
    simulator.grant(KEY, "read:analytics", "read:members")
    output = run(simulator, *truth.SNAPSHOTS, "artifacts", api_key=KEY, **RECENT)
    assert {*output.failed} == truth.SNAPSHOTS.keys() - {"members", "invites"}
    for sentence in output.failures:
        assert "holds the scopes: read:analytics, read:members; needed is" in sentence
        assert "Both are fixed when a key is made" in sentence
        assert "read:analytics and" not in sentence
    assert paths(simulator)[RESOURCES["teams"].path] == 1
    truth.assert_current_rows(simulator, "members", [TODAY], output)
    assert output.read_days("artifacts")
    # Teams need a key for all linked organisations.
    simulator.grant(KEY, "read:rbac_groups", "read:members", linked=False)
    output = run(simulator, "members", "teams", api_key=KEY)
    assert output.failed == ["teams"]
    assert "for all linked organisations" in output.failure


# Organisations


@pytest.mark.parametrize("named", [CHILDREN[0], org_id(CHILDREN[0])])
def test_organisations(simulator: Simulator, named: str) -> None:
    """Usage and cost are limited to them; others are other rows, which are read again."""
    settings: dict[str, Any] = {
        **RECENT,
        "report_group_by": ["organization_id", "product"],
        "organization_ids": [named, named],
    }
    output = run(simulator, "usage", "cost", **settings)
    for stream in ("usage", "cost"):
        organizations = {record["organization_id"] for record in output.records(stream)}
        assert organizations == {CHILDREN[0]}
    assert all(r.params["organization_ids[]"] == [named] for r in simulator.requests)
    settings["organization_ids"] = ["org_no"]
    again = run(simulator, "cost", state=output.state, **settings)
    # Days without rows have been read too.
    assert again.read_days("cost") == output.read_days("cost")
    assert "have changed" in str(again.warnings)
    # An id that fits nothing is worth a warning.
    assert "that match organization_ids. Check its ids." in str(again.warnings)


def test_streams_of_all_organisations(simulator: Simulator) -> None:
    """They cannot be limited, so nothing is asked for."""
    streams = ("usage", "cost", "cost_report", "members", "skills")
    output = run(simulator, *streams, organization_ids=[CHILDREN[0]])
    assert "cost_report, members, skills." in output.failure
    assert simulator.requests == []


# The log


def test_nobody_is_in_the_log(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in URLs, whose cursors are people's ids, nor in what is told of answers."""
    caplog.set_level(logging.DEBUG)
    members = simulator.truth("members", TODAY)
    named = [{**row, "nickname": row["name"]} for row in members]
    simulator.edit("members", TODAY, lambda _: named)
    quoting = error_of(f"{members[0]['email']} may not, says {KEY}")
    simulator.reply("spend_limits", status=400, body=quoting)
    output = run(simulator, *truth.SNAPSHOTS, page_size=7)
    assert output.failed == ["spend_limits"]
    assert "New field nickname" in caplog.text
    assert "after_id=[not shown]" in caplog.text
    private = {row[name] for row in members for name in ("id", "email", "name")}
    told = caplog.text + output.failure
    assert not [text for text in (*private, KEY) if text in told]
