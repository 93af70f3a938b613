"""Days of usage and cost are read again when their totals change, and once final."""

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
from tests.simulator import FAULTS, Options, Simulator
from tests.singer import Output, run
from tests.streams.test_reports import assert_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulator import Fact

TODAY = pendulum.Date(2026, 3, 20)
START = pendulum.Date(2026, 2, 16)
STREAMS = ("usage", "cost")
#: So small that a day has several pages, as a day of a large organisation has.
PAGE_SIZE = 40

days_of_march = st.sets(st.integers(1, 31).map(lambda day: pendulum.Date(2026, 3, day)))


@given(
    days=days_of_march,
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
    for (_, before), (after, last) in pairwise(found):
        gap = [before.add(days=n) for n in range(1, (after - before).days)]
        first = next(first for first, end in found if end == before)
        assert (
            any(day not in row_counts for day in gap)
            or sum(row_counts[day] for day in gap) > most_rows
            or (after - first).days >= most_days
        )
        assert last >= after


def test_digests() -> None:
    """They tell totals apart, not the order in which these come."""
    one, two = {"group": {"model": "a"}, "n": 1}, {"group": {"model": "b"}, "n": 2}
    assert digest_of([one, two]) == digest_of([two, one])
    assert digest_of([one]) != digest_of([one, one])
    assert digest_of([{**one, "n": 2}]) != digest_of([one])
    assert digest_of([]) != digest_of([one])


@pytest.fixture
def simulator(set_today: Callable[[pendulum.Date], None]) -> Iterator[Simulator]:
    """An organisation of some people."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=80)) as running:
        yield running


def load(
    simulator: Simulator, check: str, state: dict[str, Any] | None, **settings: Any
) -> Output:
    """Run both streams."""
    output = run(
        simulator,
        *STREAMS,
        "readings",
        state=state,
        start_date=START.isoformat(),
        report_revision_check=check,
        page_size=PAGE_SIZE,
        **settings,
    )
    assert not output.failures
    return output


def grown(facts: list[Fact]) -> list[Fact]:
    """Return the facts of a day with figures that have grown by a third of a percent."""
    return [fact.scaled(Decimal("1.00333")) for fact in facts]


def tables(target: ledger.Target) -> dict[str, list[dict[str, Any]]]:
    """Return the current rows without what tells when they were read."""
    return {
        stream: sorted(
            (
                {
                    name: value
                    for name, value in row.items()
                    if name not in {"snapshot_at", "data_refreshed_at"}
                }
                for row in target.current(stream)
            ),
            key=lambda row: (row["starting_at"], row["row_key"]),
        )
        for stream in STREAMS
    }


class Night:
    """One way of checking for revisions: its target, its state and its requests."""

    def __init__(self, check: str) -> None:
        """Start with an empty target."""
        self.check = check
        self.target = ledger.Target()
        self.state: dict[str, Any] | None = None
        self.requests = 0

    def run(self, simulator: Simulator) -> Output:
        """Load once more."""
        before = len(simulator.requests)
        output = load(simulator, self.check, self.state)
        self.requests = len(simulator.requests) - before
        self.target.load(output)
        self.state = output.state
        return output


def test_nights_with_revisions_end_as_full_ones(
    simulator: Simulator, set_today: Callable[[pendulum.Date], None]
) -> None:
    """The same tables as when all days are read every time, for a part of the requests."""
    dice = random.Random(7)
    ways = [Night("totals"), Night("full")]
    for way in ways:
        way.run(simulator)
    saved, today = [0, 0], TODAY
    for days_later in [*[1] * 10, 40, 1]:
        today = today.add(days=days_later)
        set_today(today)
        simulator.today = today
        for _ in range(2):
            simulator.revise(today.subtract(days=dice.randrange(1, 30)), grown)
        simulator.revise(
            today.subtract(days=dice.randrange(2, 30)), lambda facts: facts[1:]
        )
        for place, way in enumerate(ways):
            way.run(simulator)
            saved[place] += way.requests if days_later == 1 else 0
        assert tables(ways[0].target) == tables(ways[1].target)
    # In a large organisation it is a small part: see the benchmark's counts.
    assert saved[0] < saved[1] * 0.7
    for stream in STREAMS:
        rows = ways[0].target.current(stream)
        finals = {row["date"]: row["is_final"] for row in rows}
        for day, is_final in finals.items():
            assert is_final == (day < today.subtract(days=30).isoformat())


def test_a_quiet_night(
    simulator: Simulator, set_today: Callable[[pendulum.Date], None]
) -> None:
    """The totals are asked for; the youngest days and the one that is final are read."""
    state = load(simulator, "totals", None).state
    today = TODAY.add(days=1)
    set_today(today)
    simulator.today = today
    simulator.requests.clear()
    output = load(simulator, "totals", state)
    final = today.subtract(days=31)
    for stream in STREAMS:
        read = [final, TODAY, today]
        assert output.read_days(stream) == [day.isoformat() for day in read]
        coarse = [
            request
            for request in simulator.requests
            if request.path == stream
            and request.params["group_by[]"] == ["product", "model"]
        ]
        assert {request.params["starting_at"][0][:10] for request in coarse} == {
            today.subtract(days=30).isoformat()
        }
        assert {request.params["ending_at"][0][:10] for request in coarse} == {
            today.isoformat()
        }
        assert len({request.params.get("page", [""])[0] for request in coarse}) == len(
            coarse
        )
        assert all(r["is_final"] for r in output.by_day(stream)[final.isoformat()])


def test_days_older_than_the_lookback_are_final_at_once(simulator: Simulator) -> None:
    """A first load reads each day once."""
    output = load(simulator, "totals", None)
    first = TODAY.subtract(days=30).isoformat()
    for stream in STREAMS:
        days = output.read_days(stream)
        assert len(days) == len(set(days)) == (TODAY - START).days + 1
        for record in output.records(stream):
            assert record["is_final"] is (record["date"] < first)
        kept = output.state["bookmarks"][stream][REVISABLE].split()
        assert kept[0].startswith(first)
        assert len(kept) == 31


def test_a_state_without_digests(simulator: Simulator) -> None:
    """A state of the first release, or of full checks, has the lookback read in detail."""
    state = load(simulator, "full", None).state
    older = json.loads(json.dumps(state))
    for stream in STREAMS:
        del older["bookmarks"][stream][REVISABLE]
    expected = [TODAY.subtract(days=n).isoformat() for n in range(30, -1, -1)]
    for before in (state, older):
        output = load(simulator, "totals", before)
        for stream in STREAMS:
            assert output.read_days(stream)[-31:] == expected


def test_an_interrupted_night_is_made_good(simulator: Simulator) -> None:
    """The digest of a day stands in the STATE that follows the day, and in none before."""
    first = load(simulator, "totals", None)
    revised = [TODAY.subtract(days=n) for n in (20, 10, 5)]
    for day in revised:
        simulator.revise(day, grown)
    whole = load(simulator, "totals", first.state)
    for stream in STREAMS:
        assert whole.read_days(stream) == [day.isoformat() for day in (*revised, TODAY)]
    for lines in range(1, len(whole.messages), len(whole.messages) // 6):
        cut = Output([json.dumps(m, default=str) for m in whole.messages[:lines]])
        state = cut.state if cut.states else first.state
        rest = load(simulator, "totals", state)
        assert set(rest.read_days("cost")) <= set(whole.read_days("cost"))
        target = ledger.Target()
        for output in (first, cut, rest):
            target.load(output)
        days = (START, TODAY.add(days=1))
        for stream in STREAMS:
            assert_sums(target, simulator, stream, days)


@pytest.mark.parametrize("group_by", [["product", "model"], ["model"], []])
def test_rows_that_are_totals_themselves(simulator: Simulator, group_by: list[str]) -> None:
    """They are read again, and no totals are asked for besides."""
    state = load(simulator, "totals", None, report_group_by=group_by).state
    simulator.requests.clear()
    output = load(simulator, "totals", state, report_group_by=group_by)
    asked = [(request.path, str(request.params)) for request in simulator.requests]
    assert len(set(asked)) == len(asked)
    for stream in STREAMS:
        assert len(output.read_days(stream)) == 31


def test_totals_that_are_not_right(simulator: Simulator) -> None:
    """The stream fails and says where; no day is taken for unchanged."""
    state = load(simulator, "totals", None).state
    row: dict[str, Any] = {
        "starting_at": "soon",
        "ending_at": None,
        "group": {},
        "usage": {},
    }
    simulator.reply("usage", body={"data": [row], "next_page": None})
    output = run(simulator, "usage", "readings", state=state)
    (sentence,) = output.failures
    assert sentence.startswith("Stream usage failed: ")
    assert "/usage returned a row with a time that is not" in sentence
    assert "(request id req_" in sentence
    assert output.records("readings") == []


def test_totals_whose_cursor_expires(simulator: Simulator) -> None:
    """They are asked for from the first page again."""
    state = load(simulator, "totals", None).state
    simulator.fail(FAULTS["expired_cursor"], path="usage", times=1)
    output = load(simulator, "totals", state)
    assert output.read_days("usage") == [TODAY.isoformat()]


def test_a_reload_forgets_them(simulator: Simulator) -> None:
    """Other rows are asked for, so all is read anew, whatever a merged state says."""
    state = load(simulator, "totals", None).state
    output = load(simulator, "totals", state, report_group_by=["product"])
    assert output.states[0]["bookmarks"]["usage"][REVISABLE] == ""
    assert output.read_days("usage")[0] == START.isoformat()
    assert date.fromisoformat(output.read_days("usage")[-1]) == TODAY
