"""Days of usage and cost: which are read again, and when they are complete and final."""

import json
import random
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_claude_analytics.days.ledger import REVISABLE
from tap_claude_analytics.days.revisions import digest_of, spans
from tests import ledger
from tests.simulator import FAULTS, Fact, Options, Simulator
from tests.singer import Organize, Output, SetToday, page_of, run

TODAY = pendulum.Date(2026, 3, 20)
COMPANY: dict[str, Any] = {"users": 6, "projects": 2}
STREAMS = ("usage", "cost")
#: Days are read again when they are not older than this, and not only the default, 30.
LOOKBACK = 6
START = TODAY.subtract(days=LOOKBACK + 2)


def ago(days: int) -> str:
    """Return a day before today."""
    return TODAY.subtract(days=days).isoformat()


def days_ago(*days: int) -> list[str]:
    """Return several days before today."""
    return [*map(ago, days)]


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
    """They tell totals apart, not the order of rows and of their fields.

    States hold them, so another version of the tap has to work out the same ones.
    """
    one = {"group": {"model": "a"}, "n": Decimal("1.5")}
    two = {"group": {"model": "b"}, "n": 2}
    assert digest_of([one, two]) == "3abaf1f3c191975f"
    assert digest_of([two, dict(reversed(one.items()))]) == "3abaf1f3c191975f"
    assert digest_of([one]) != digest_of([one, one])
    assert digest_of([{**one, "n": 2}]) != digest_of([one])
    assert digest_of([]) != digest_of([one])


def load(
    simulator: Simulator,
    state: dict[str, Any] | None = None,
    *,
    streams: Sequence[str] = STREAMS,
    **settings: Any,
) -> Output:
    """Run the streams, with pages so small that days in a row have several."""
    settings = {
        "start_date": START,
        "report_lookback_days": LOOKBACK,
        "page_size": 20,
        **settings,
    }
    output = run(simulator, *streams, state=state, **settings)
    assert not output.failures
    return output


@pytest.fixture(scope="module")
def first() -> Output:
    """A first load of the same organisation."""
    with Simulator(Options(today=TODAY, **COMPANY)) as simulator:
        return load(simulator)


def grown(facts: list[Fact]) -> list[Fact]:
    """Return the facts of a day with figures that have grown by a third of a percent."""
    return [fact.scaled(Decimal("1.00333")) for fact in facts]


def finals(output: Output) -> dict[str, set[bool]]:
    """Return what the records of each day say, of all streams."""
    found: dict[str, set[bool]] = {}
    for stream in STREAMS:
        for record in output.records(stream):
            found.setdefault(record["date"], set()).add(record["is_final"])
    return found


def revisable(output: Output, stream: str) -> list[str]:
    """Return the days that the last state keeps to be read again."""
    return [day[:10] for day in output.state["bookmarks"][stream][REVISABLE].split()]


def test_nights_with_revisions(simulator: Simulator, set_today: SetToday) -> None:
    """All figures are the truth after each, though few days are read."""
    dice = random.Random(7)
    target, state, today = ledger.Target(), None, TODAY
    days_read = []
    for days_later in [0, 1, LOOKBACK + 3]:
        today = today.add(days=days_later)
        set_today(today, simulator)
        for _ in range(2):
            simulator.revise(today.subtract(days=dice.randrange(1, LOOKBACK)), grown)
        shorter = today.subtract(days=dice.randrange(2, LOOKBACK))
        simulator.revise(shorter, lambda facts: facts[1:])
        output = load(simulator, state, streams=["cost"])
        target.load(output)
        state = output.state
        days_read.append(len(output.read_days("cost")))
        ledger.assert_sums(target, simulator, "cost", (START, today.add(days=1)))
    assert days_read[1] < LOOKBACK


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
    assert output.read_days("cost") == [*days_ago(30, 0), today.isoformat()]
    assert finals(output)[ago(30)] == {True}
    assert ago(30) not in revisable(output, "cost")
    asked = [request.params for request in simulator.requests]
    coarse = [params for params in asked if params["group_by[]"] == ["product", "model"]]
    assert {params["starting_at"][0][:10] for params in coarse} == {ago(29)}
    assert {params["ending_at"][0][:10] for params in coarse} == {today.isoformat()}
    assert len({params.get("page", [""])[0] for params in coarse}) == len(coarse)


def test_a_state_without_digests(simulator: Simulator) -> None:
    """A state of the first release, or of full checks, has the lookback read in detail."""
    state = load(simulator, report_revision_check="full").state
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
    output = run(simulator, "usage", state=first.state)
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


@pytest.mark.parametrize("lookback", [7, 35])
def test_final_days(organization: Organize, lookback: int) -> None:
    """They are older than the API revises, however short the lookback is.

    A first load reads each day once, and keeps those that will be read again.
    """
    output = load(organization(users=2), start_date=ago(37), report_lookback_days=lookback)
    first = ago(max(30, lookback))
    days = days_ago(*range(37, -1, -1))
    assert finals(output) == {day: {day < first} for day in days}
    for stream in STREAMS:
        assert output.read_days(stream) == days
        assert revisable(output, stream) == days[-lookback - 1 :]


@pytest.mark.parametrize("tell_refreshed", [True, False], ids=["null", "missing"])
def test_days_of_which_nobody_knows_if_they_are_complete(
    organization: Organize, *, tell_refreshed: bool
) -> None:
    """They are not final, hold the bookmark with a warning, and stay to be read again."""
    settings: dict[str, Any] = {"start_date": ago(33), "end_date": ago(25)}
    simulator = organization(**COMPANY, tell_refreshed=tell_refreshed)
    simulator.fail(FAULTS["never_refreshed"])
    output = run(simulator, *STREAMS, **settings)
    for stream, warning in zip(STREAMS[::-1], output.warnings, strict=True):
        told = {(r["is_final"], r["is_complete"]) for r in output.records(stream)}
        assert told == {(False, False)}
        assert f"stream {stream} is complete (data_refreshed_at is null)" in warning
        assert ago(33) in warning
        assert output.bookmark(stream) is None
        assert min(revisable(output, stream)) == ago(33)
    again = run(organization(**COMPANY), *STREAMS, state=output.state, **settings)
    assert finals(again)[ago(31)] == {True}
    assert again.bookmark("usage") == f"{ago(25)}T00:00:00Z"


def test_a_gap_holds_the_bookmark(simulator: Simulator) -> None:
    """Days that are complete do not move it beyond one that is not."""
    simulator.fail(FAULTS["never_refreshed"], nth=1)
    output = run(simulator, "user_usage_report", start_date=ago(2))
    told = [reading["is_complete"] for reading in output.records("readings")]
    assert told == [False, True, False]
    assert output.bookmark("user_usage_report") is None


def test_order_of_dimensions(simulator: Simulator) -> None:
    """Another order makes the same rows: the stream goes on, with the same keys."""
    first = load(simulator, report_group_by=["model", "actor"])
    again = load(simulator, first.state, report_group_by=["actor", "model"])
    assert "have changed" not in str(again.logged)
    for stream in STREAMS:
        before, after = (
            {(r["starting_at"], r["row_key"]) for r in output.records(stream)}
            for output in (first, again)
        )
        assert set() < after < before
        assert again.read_days(stream) == [ago(0)]


def test_days_in_between_of_minutes(simulator: Simulator) -> None:
    """Each day is a request, so only those that were revised are asked for."""
    settings: dict[str, Any] = {"streams": ["usage"], "report_bucket_width": "1m"}
    state = load(simulator, report_group_by=["model"], **settings).state
    simulator.revise(date.fromisoformat(ago(6)), lambda facts: facts[1:])
    simulator.requests.clear()
    output = load(simulator, state, report_group_by=["model"], **settings)
    assert output.read_days("usage") == days_ago(6, 0)
    asked = [request.params for request in simulator.requests]
    detailed = [params for params in asked if params["time_bucket_width"] == ["1m"]]
    assert {params["starting_at"][0][:10] for params in detailed} == {*days_ago(6, 0)}
