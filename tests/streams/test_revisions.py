"""Days of usage and cost: which are read again, and when they are complete and final."""

from __future__ import annotations

import json
import random
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_claude_analytics.days.ledger import REVISABLE
from tap_claude_analytics.days.revisions import digest_of, spans
from tests import ledger
from tests.simulator import FAULTS, REFUSALS, Options, Simulator
from tests.singer import Organize, Output, SetToday, page_of, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.simulator import Fact

TODAY = pendulum.Date(2026, 3, 20)
COMPANY: dict[str, Any] = {"users": 6, "projects": 2}
STREAMS = ("usage", "cost")
#: Days are read again when they are not older than this, and not only the default, 30.
LOOKBACK = 6
START = TODAY.subtract(days=LOOKBACK + 2)


@given(
    days=st.sets(st.integers(1, 31).map(lambda day: pendulum.Date(2026, 3, day))),
    counts=st.dictionaries(st.integers(1, 31), st.integers(0, 9)),
    most_days=st.integers(1, 31),
    most_rows=st.integers(0, 20),
)
def test_spans(
    days: set[pendulum.Date], counts: dict[int, int], most_days: int, most_rows: int
) -> None:
    """All days once, oldest first; in between only what is known to cost little."""
    row_counts = {pendulum.Date(2026, 3, day): count for day, count in counts.items()}
    found = list(spans(days, row_counts, most_days=most_days, most_rows=most_rows))
    asked = [
        first.add(days=n) for first, last in found for n in range((last - first).days + 1)
    ]
    assert asked == sorted(set(asked))
    assert days <= set(asked)
    assert all(day in row_counts for day in set(asked) - days)
    for first, last in found:
        assert {first, last} <= days
        assert (last - first).days < most_days
    for (first, before), (after, _) in pairwise(found):
        gap = [before.add(days=n) for n in range(1, (after - before).days)]
        assert (
            any(day not in row_counts for day in gap)
            or sum(row_counts[day] for day in gap) > most_rows
            or (after - first).days >= most_days
        )


def test_digests() -> None:
    """They tell totals apart, not the order of rows and of their fields."""
    one = {"group": {"model": "a"}, "n": Decimal("1.5")}
    two = {"group": {"model": "b"}, "n": 2}
    assert digest_of([one, two]) == digest_of([two, dict(reversed(one.items()))])
    assert digest_of([one]) != digest_of([one, one])
    assert digest_of([{**one, "n": 2}]) != digest_of([one])
    assert digest_of([]) != digest_of([one])


def load(
    simulator: Simulator,
    state: dict[str, Any] | None = None,
    *,
    streams: Sequence[str] = STREAMS,
    check: str = "totals",
    **settings: Any,
) -> Output:
    """Run the streams, with pages so small that days in a row have several."""
    settings = {
        "start_date": START.isoformat(),
        "report_lookback_days": LOOKBACK,
        "report_revision_check": check,
        "page_size": 20,
        **settings,
    }
    output = run(simulator, *streams, "readings", state=state, **settings)
    assert not output.failures
    return output


@pytest.fixture(scope="module")
def first() -> Output:
    """A first load of the same organisation."""
    with Simulator(Options(today=TODAY, **COMPANY)) as simulator:
        return load(simulator)


def ago(days: int) -> str:
    """Return a day before today."""
    return TODAY.subtract(days=days).isoformat()


def days_ago(*days: int) -> list[str]:
    """Return several days before today."""
    return [*map(ago, days)]


def grown(facts: list[Fact]) -> list[Fact]:
    """Return the facts of a day with figures that have grown by a third of a percent."""
    return [fact.scaled(Decimal("1.00333")) for fact in facts]


def table(target: ledger.Target) -> list[dict[str, Any]]:
    """Return the current rows of cost without what tells when they were read."""
    told = {"snapshot_at", "data_refreshed_at"}
    rows = sorted(target.current("cost"), key=lambda r: (r["starting_at"], r["row_key"]))
    return [{name: row[name] for name in row if name not in told} for row in rows]


def test_nights_with_revisions_end_as_full_ones(
    simulator: Simulator, set_today: SetToday
) -> None:
    """The same table as when all days are read every time, though few are."""
    dice = random.Random(7)
    checks = ("totals", "full")
    targets = {check: ledger.Target() for check in checks}
    states: dict[str, dict[str, Any] | None] = dict.fromkeys(checks)
    days_read = dict.fromkeys(checks, 0)
    today = TODAY
    for days_later in [0, 1, LOOKBACK + 3]:
        today = today.add(days=days_later)
        set_today(today, simulator)
        for _ in range(2):
            revised = today.subtract(days=dice.randrange(1, LOOKBACK))
            simulator.revise(revised, grown)
        shorter = today.subtract(days=dice.randrange(2, LOOKBACK))
        simulator.revise(shorter, lambda facts: facts[1:])
        for check in checks:
            output = load(simulator, states[check], streams=["cost"], check=check)
            targets[check].load(output)
            states[check] = output.state
            days_read[check] += len(output.read_days("cost")) if days_later == 1 else 0
        assert table(targets["totals"]) == table(targets["full"]) != []
    assert 0 < days_read["totals"] < days_read["full"] * 0.7


def test_a_quiet_night(simulator: Simulator, set_today: SetToday) -> None:
    """The totals are asked for; the youngest days and the one that is final are read."""
    settings: dict[str, Any] = {
        "streams": ["cost"],
        "start_date": ago(31),
        "report_lookback_days": 30,
        # Neither the delay nor the lookback of other streams counts.
        "data_delay_days": 9,
        "lookback_days": 0,
    }
    state = load(simulator, **settings).state
    requests = len(simulator.requests)
    today = TODAY.add(days=1)
    set_today(today, simulator)
    simulator.requests.clear()
    output = load(simulator, state, **settings)
    # In a large organisation it is a small part: see the benchmark's counts.
    assert len(simulator.requests) < requests
    final = today.subtract(days=31)
    read = [day.isoformat() for day in (final, TODAY, today)]
    assert output.read_days("cost") == read
    assert {r["is_final"] for r in output.by_day("cost")[read[0]]} == {True}
    coarse = [
        request.params
        for request in simulator.requests
        if request.params["group_by[]"] == ["product", "model"]
    ]
    assert {params["starting_at"][0][:10] for params in coarse} == {ago(29)}
    assert {params["ending_at"][0][:10] for params in coarse} == {today.isoformat()}
    assert len({params.get("page", [""])[0] for params in coarse}) == len(coarse)


def test_a_state_without_digests(simulator: Simulator) -> None:
    """A state of the first release, or of full checks, has the lookback read in detail."""
    state = load(simulator, check="full").state
    older = json.loads(json.dumps(state))
    for stream in STREAMS:
        del older["bookmarks"][stream][REVISABLE]
    for before in (state, older):
        output = load(simulator, before)
        for stream in STREAMS:
            expected = days_ago(*range(LOOKBACK, -1, -1))
            assert output.read_days(stream)[-len(expected) :] == expected


def test_an_interrupted_night_is_made_good(simulator: Simulator, first: Output) -> None:
    """The digest of a day stands in the STATE that follows the day, and in none before."""
    for day in days_ago(6, 4, 2):
        simulator.revise(date.fromisoformat(day), grown)
    whole = load(simulator, first.state, streams=["cost"])
    assert whole.read_days("cost") == days_ago(6, 4, 2, 0)
    ends = [
        number
        for number, message in enumerate(whole.messages)
        if message["type"] == "RECORD" and message["stream"] == "readings"
    ]
    # In the second day, before the STATE that follows it, and after that.
    for lines in (ends[1] - 2, ends[1] + 1, ends[1] + 2):
        cut = whole.before(lines)
        rest = load(simulator, cut.state, streams=["cost"])
        assert set(rest.read_days("cost")) <= set(whole.read_days("cost"))
        target = ledger.Target(first, cut, rest)
        ledger.assert_sums(target, simulator, "cost", (START, TODAY.add(days=1)))


@pytest.mark.parametrize("group_by", [["product", "model"], ["model"], []])
def test_rows_that_are_totals_themselves(simulator: Simulator, group_by: list[str]) -> None:
    """They are read again, and no totals are asked for besides."""
    state = load(simulator, report_group_by=group_by).state
    simulator.requests.clear()
    output = load(simulator, state, report_group_by=group_by)
    asked = [(request.path, str(request.params)) for request in simulator.requests]
    assert len(set(asked)) == len(asked)
    for stream in STREAMS:
        assert output.read_days(stream) == days_ago(*range(LOOKBACK, -1, -1))


def test_totals_that_are_not_right(simulator: Simulator, first: Output) -> None:
    """The stream fails and says where; no day is taken for unchanged."""
    row = page_of({"starting_at": "soon", "ending_at": None, "group": {}, "usage": {}})
    simulator.reply("usage", body=row)
    output = run(simulator, "usage", "readings", state=first.state)
    assert output.failed == ["usage"]
    assert "/usage returned a row with a time that is not" in output.failure
    assert "(request id req_" in output.failure
    assert output.records("readings") == []


def test_totals_whose_cursor_expires(simulator: Simulator, first: Output) -> None:
    """They are asked for from the first page again."""
    simulator.fail(FAULTS["expired_cursor"], path="usage", times=1)
    output = load(simulator, first.state)
    assert any(request.fault for request in simulator.requests)
    assert output.read_days("usage") == [ago(0)]


# Final, complete, and in which order


def finals(output: Output) -> dict[str, set[bool]]:
    """Return what the records of each day say, of all streams."""
    found: dict[str, set[bool]] = {}
    for stream in STREAMS:
        for record in output.records(stream):
            found.setdefault(record["date"], set()).add(record["is_final"])
    return found


@pytest.mark.parametrize("lookback_days", [7, 35])
def test_final_days(organization: Organize, lookback_days: int) -> None:
    """They are older than the API revises, however short the lookback is.

    A first load reads each day once, and keeps those that will be read again.
    """
    output = run(
        organization(users=2),
        *STREAMS,
        start_date=ago(37),
        report_lookback_days=lookback_days,
    )
    first = ago(max(30, lookback_days))
    days = days_ago(*range(37, -1, -1))
    assert finals(output) == {day: {day < first} for day in days}
    for stream in STREAMS:
        assert output.read_days(stream) == days
        revisable = output.state["bookmarks"][stream]["revisable_days"].split()
        assert [day[:10] for day in revisable] == days[-lookback_days - 1 :]


def test_days_of_which_nobody_knows_if_they_are_complete(simulator: Simulator) -> None:
    """They are not final, hold the bookmark with a warning, and stay to be read again."""
    settings: dict[str, Any] = {"start_date": ago(33), "end_date": ago(25)}
    simulator.fail(REFUSALS["never_refreshed"])
    output = run(simulator, *STREAMS, **settings)
    assert set().union(*finals(output).values()) == {False}
    assert len(output.warnings) == len(STREAMS)
    for warning in output.warnings:
        assert "data_refreshed_at is null" in warning
        assert ago(33) in warning
    for stream in STREAMS:
        assert output.bookmark(stream) is None
        days = output.state["bookmarks"][stream]["revisable_days"].split()
        assert min(days)[:10] == ago(33)
    simulator.recover()
    again = run(simulator, *STREAMS, state=output.state, **settings)
    assert finals(again)[ago(31)] == {True}
    assert again.bookmark("usage") == f"{ago(25)}T00:00:00Z"


def test_order_of_dimensions(simulator: Simulator) -> None:
    """Another order makes the same rows: the stream goes on, with the same keys."""
    settings: dict[str, Any] = {"start_date": ago(5)}
    first = run(simulator, *STREAMS, report_group_by=["model", "actor"], **settings)
    again = run(
        simulator,
        *STREAMS,
        report_group_by=["actor", "model"],
        state=first.state,
        **settings,
    )
    assert "have changed" not in str(again.logged)
    for stream in STREAMS:
        keys = {(r["starting_at"], r["row_key"]) for r in first.records(stream)}
        assert again.records(stream)
        assert {(r["starting_at"], r["row_key"]) for r in again.records(stream)} <= keys
        assert again.read_days(stream) == [TODAY.isoformat()]


def test_days_in_between_of_minutes(simulator: Simulator) -> None:
    """Each day is a request, so only those that were revised are asked for."""
    settings: dict[str, Any] = {
        "start_date": ago(8),
        "report_bucket_width": "1m",
        "report_group_by": ["model"],
    }
    state = run(simulator, "usage", **settings).state
    revised = TODAY.subtract(days=6)
    simulator.revise(revised, lambda facts: facts[1:])
    simulator.requests.clear()
    output = run(simulator, "usage", state=state, **settings)
    assert output.read_days("usage") == [revised.isoformat(), TODAY.isoformat()]
    detailed = [
        r.params for r in simulator.requests if r.params["time_bucket_width"] == ["1m"]
    ]
    assert {params["starting_at"][0][:10] for params in detailed} == {
        *output.read_days("usage")
    }
