"""How far a run has come, in lines that a person can follow."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tap_claude_analytics.common import clock
from tap_claude_analytics.common.progress import LINE_EVERY, Progress
from tests.singer import run

if TYPE_CHECKING:
    from tests.simulator import Simulator


class Watch:
    """A clock that stands until it is moved on."""

    def __init__(self) -> None:
        """Start at zero."""
        self.time = 0.0

    def seconds(self) -> float:
        """Tell the time."""
        return self.time


@pytest.fixture(name="watch")
def watch_fixture(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Watch:
    """Have the tap read this clock, and the test all lines."""
    caplog.set_level(logging.INFO)
    watch = Watch()
    monkeypatch.setattr(clock, "seconds", watch.seconds)
    return watch


def test_a_line_every_half_minute(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    """Days, records and requests so far, and how long the stream takes still."""
    progress = Progress(logging.getLogger("progress"))
    progress.plan(11)
    progress.begin("skills", 300, 300)
    for _ in range(60):
        watch.time += 2
        progress.request_sent()
        progress.day_done(records=12)
        progress.question_done()
    assert caplog.messages == [
        f"skills (stream 1 of 11): {days} of 300 days read; so far {12 * days} records,"
        f" {days} requests; about {left} left for this stream."
        for days, left in (
            (15, "10 minutes"),
            (30, "9 minutes"),
            (45, "9 minutes"),
            (60, "8 minutes"),
        )
    ]


def test_the_time_left_is_that_of_the_stream(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a quick stream before it counts, nor days that come from one question."""
    progress = Progress(logging.getLogger("progress"))
    progress.begin("org_summaries", 300, 1)
    for _ in range(300):
        progress.day_done(records=1)
    progress.question_done()
    progress.begin("usage", 62, 2)
    watch.time += 300
    progress.day_done(records=12)
    for _ in range(30):
        progress.day_done(records=0)
    progress.question_done()
    watch.time += LINE_EVERY
    progress.day_done(records=12)
    first, second = caplog.messages
    assert first.endswith("usage: 1 of 62 days read; so far 312 records, 0 requests.")
    assert second.endswith("about 6 minutes left for this stream.")


def test_the_end_of_a_run(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """One line says what was read; a short run needs no other."""
    caplog.set_level(logging.INFO, logger="tap-claude-analytics")
    output = run(simulator, "skills", "org_summaries", "adoption", start_date="2026-01-10")
    streams = ("skills", "org_summaries", "adoption")
    records = sum(len(output.records(stream)) for stream in streams)
    days = sum(len(output.by_day("org_summaries")) for _ in streams)
    requests = len(simulator.requests)
    lines = [line for line in caplog.messages if "requests" in line]
    assert [line.rpartition(", ")[0] for line in lines] == [
        f"Read {days} days of 3 streams: {records} records, {requests} requests"
    ]
