"""Summaries of more days than the API allows in one request, which sources disagree on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pendulum
import pytest

from tap_claude_analytics.streams.sources.summaries import FEWER_DAYS
from tests.simulator import REFUSALS, Options, Simulator
from tests.singer import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulator import Request

TODAY = pendulum.Date(2026, 2, 6)
STREAMS = ("adoption", "org_summaries", "org_summaries_by_team")


@pytest.fixture
def simulator(set_today: Callable[[pendulum.Date], None]) -> Iterator[Simulator]:
    """An organisation with more days than one request may ask for by the older rule."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=10, projects=2)) as running:
        yield running


def test_pieces(simulator: Simulator) -> None:
    """They have the same rows as a whole range, and each piece is asked for once."""
    whole = run(simulator, *STREAMS)
    simulator.requests.clear()
    simulator.fail(REFUSALS["summaries_of_31_days_at_most"])
    body = {"error": {"message": "the range is too long"}}
    simulator.reply("users", status=400, body=body, when=_is_long)
    pieces = run(simulator, *STREAMS)
    assert not pieces.failures
    for stream in STREAMS:
        assert pieces.read_days(stream) == whole.read_days(stream)
        assert _rows(pieces.records(stream)) == _rows(whole.records(stream))
    asked = [
        request.params["starting_date"][0]
        for request in simulator.requests
        if request.path == "summaries" and "filter[]" not in request.params
    ]
    assert asked == ["2026-01-01", "2026-01-01", "2026-02-01"]


def test_days_of_the_last_piece_are_not_there_yet(simulator: Simulator) -> None:
    """The pieces before are read, and of the last one what the API has."""
    simulator.fail(REFUSALS["summaries_of_31_days_at_most"])
    output = run(simulator, "org_summaries", data_delay_days=0)
    assert not output.failures
    assert output.bookmark("org_summaries") == simulator.latest.isoformat()


def test_refused_for_another_reason(simulator: Simulator) -> None:
    """A refusal of the first piece is the error, and nothing else is asked."""
    message = "this combination is not supported"
    simulator.reply("summaries", status=400, body={"error": {"message": message}})
    [failure] = run(simulator, "org_summaries").failures
    assert message in failure
    assert len(simulator.requests) == 2


def test_short_ranges_are_asked_for_once(simulator: Simulator) -> None:
    """A refused range of 31 days or fewer is an error at once."""
    simulator.reply("summaries", status=400, body={"error": {"message": "no"}})
    assert run(simulator, "org_summaries", start_date="2026-01-10").failures
    assert len(simulator.requests) == 1


def _is_long(request: Request) -> bool:
    first, end = (
        date.fromisoformat(request.params[name][0])
        for name in ("starting_date", "ending_date")
    )
    return (end - first).days > FEWER_DAYS


def _rows(records: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{**record, "snapshot_at": None} for record in records]
