"""Every fault of the simulator, with every stream of what is true now."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tap_claude_analytics import tap
from tap_claude_analytics.api import client
from tests import truth
from tests.simulator import FAULTS, RESOURCES, Kind, Options, Simulator
from tests.simulator.organization.catalog import template_of
from tests.singer import run
from tests.streams.faults_expected import CASES, SLOW, Case, Outcome, sentence_about
from tests.streams.test_fault_matrix import MOST_PAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.singer import Output

TODAY = pendulum.Date(2026, 3, 16)
SETTINGS: dict[str, Any] = {"page_size": 3}
#: What such an endpoint cannot come to: its rows have no days, and there are no others.
CASES_OF_NOW = [
    case for case in CASES if case.fault.kind not in {Kind.NOT_YET, Kind.MISPLACED}
]

pytestmark = pytest.mark.usefixtures("short_waits")
each_stream = pytest.mark.parametrize("stream", truth.SNAPSHOTS)


@pytest.fixture
def simulator(
    set_today: Callable[[pendulum.Date], None],
) -> Iterator[Simulator]:
    """An organisation of a few people."""
    set_today(TODAY)
    with _organisation() as running:
        yield running


def _organisation() -> Simulator:
    return Simulator(Options(today=TODAY, users=40))


def neighbour(stream: str) -> str:
    """Return a stream that knows nothing of a stream's trouble."""
    return "invites" if stream == "members" else "members"


@cache
def request_count(stream: str, *, on_a_cursor: bool) -> int:
    """Return how many requests a stream costs, or how many of them have a cursor."""
    with _organisation() as simulator:
        run(simulator, stream, **SETTINGS)
        return sum(
            not on_a_cursor or {"page", "after_id"} & request.params.keys() != set()
            for request in simulator.requests
            if template_of(request.path) == RESOURCES[stream].path
        )


@each_stream
@pytest.mark.parametrize("case", CASES_OF_NOW, ids=str)
def test_fault(
    simulator: Simulator, stream: str, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault befalls the stream alone: it is read whole, or nothing of it is emitted."""
    if case.fault.name in SLOW:
        options = tap.api_options
        monkeypatch.setattr(
            tap,
            "api_options",
            lambda settings: replace(options(settings), request_timeout=0.15),
        )
    if case.fault.kind is Kind.ENDLESS:
        monkeypatch.setattr(client, "_MAX_ROWS", MOST_PAGES * SETTINGS["page_size"])
    possible = request_count(stream, on_a_cursor=case.fault.kind is Kind.EXPIRED)
    if case.fault.kind is Kind.REVISED:
        possible = 0  # The first one: what is taken away is of the first team.
    simulator.fail(case.fault, path=stream, **case.extent.selection(possible))
    other = neighbour(stream)
    first = run(
        simulator, stream, other, "readings", max_retries=case.max_retries, **SETTINGS
    )
    hits = [request.fault for request in simulator.requests].count(case.fault.name)
    assert 0 < hits <= MOST_PAGES + 1
    truth.assert_current_rows(simulator, other, [TODAY], first)
    if case.outcome is Outcome.TRUTH:
        assert not first.failures
        assert_read(simulator, stream, first)
        return
    (sentence,) = first.failures
    assert sentence.startswith(f"Stream {stream} failed: ")
    assert RESOURCES[stream].path.partition("{")[0] in sentence
    assert sentence_about(case.fault) in sentence
    assert first.records(stream) == []
    assert first.read_days(stream) == []
    assert first.bookmark(stream) is None

    simulator.recover()
    second = run(simulator, stream, "readings", state=first.state, **SETTINGS)
    assert not second.failures
    assert_read(simulator, stream, first, second)


def assert_read(simulator: Simulator, stream: str, *outputs: Output) -> None:
    """Check that the current rows are the truth, and that the day is read."""
    truth.assert_current_rows(simulator, stream, [TODAY], *outputs)
    assert outputs[-1].bookmark(stream) == TODAY.isoformat()


@each_stream
def test_every_cursor_may_expire(simulator: Simulator, stream: str) -> None:
    """Whichever page it leads to."""
    count = request_count(stream, on_a_cursor=True)
    assert count
    for nth in range(1, count + 1):
        simulator.recover()
        simulator.fail(FAULTS["expired_cursor"], path=stream, nth=nth)
        output = run(simulator, stream, "readings", **SETTINGS)
        assert not output.failures
        assert_read(simulator, stream, output)
        assert len(output.records(stream)) == len(simulator.truth(stream, TODAY))
