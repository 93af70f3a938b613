"""The log of a run is a story in a few lines, and tells how far the run has come."""

import logging
from datetime import date, timedelta

import pytest

from tap_claude_analytics.common import clock
from tap_claude_analytics.common.progress import LINE_EVERY, Progress
from tests import truth
from tests.simulator import Simulator
from tests.singer import run

TODAY = date(2026, 11, 2)
DAYS = 16
START = TODAY - timedelta(days=DAYS + 2)
STREAMS = (*truth.ALL, "usage", "cost")

#: The smallest organisation: what is logged depends on days and requests only.
COMPANY = {"users": 2, "projects": 1}


def test_a_first_load(simulator: Simulator, sleeps: list[float]) -> None:
    """All default streams, at a pace that makes it last as long as that of many days."""
    begun = clock.seconds()
    output = run(simulator, start_date=START.isoformat(), requests_per_minute=4)
    minutes = (clock.seconds() - begun) / 60
    assert not output.failures
    assert len(output.read_days("skills")) == DAYS
    assert sum(sleeps) > 20 * 60  # seconds
    assert len(output.logged) < 110  # the command itself logs a few before and after
    progress = [message for message in output.logged if "days read" in message]
    assert 20 < len(progress) <= 2 * minutes + 1
    for stream in STREAMS:
        of_stream = [m for m in output.logged if f'"stream":"{stream}"' in m]
        assert len(of_stream) == (2 if stream == "readings" else 3)


def test_what_is_read(simulator: Simulator) -> None:
    """One line at the start says which days of which streams, and one what was read."""
    streams = ("adoption", "skills", "cost")
    first = run(simulator, *streams, start_date="2026-10-28")
    assert not first.failures
    records = sum(len(first.records(stream)) for stream in streams)
    begun, ended = (m for m in first.logged if m.startswith("Read") or "requests" in m)
    assert begun == (
        "Reading 2026-10-28 to 2026-10-30 (adoption, skills);"
        " 2026-10-28 to 2026-11-02 (cost)."
    )
    assert ended.rpartition(", ")[0] == (
        f"Read 12 days of 3 streams: {records} records, {len(simulator.requests)} requests"
    )
    assert not [message for message in first.logged if "deselected" in message]
    again = run(simulator, *streams, state=first.state, lookback_days=0)
    [line] = [message for message in again.logged if message.startswith("Reading")]
    assert line.startswith("Reading no new day (adoption, skills); 2026-11-0")
    assert line.endswith(" days that may have been revised (cost).")


def test_the_time_of_a_stream_that_failed(simulator: Simulator) -> None:
    """It is measured like that of any other, as `docs/production.md` says."""
    simulator.reply("skills", status=400)
    output = run(simulator, "skills")
    assert output.failed == ["skills"]
    times = [m for m in output.logged if '"sync_duration"' in m and '"skills"' in m]
    assert ['"status":"succeeded"' in line for line in times] == [True]


def test_a_line_every_half_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Days, records and requests so far, and how long the stream takes still.

    Neither a quick stream before it counts, nor days that come from one question.
    """
    caplog.set_level(logging.INFO)
    now = 0.0
    monkeypatch.setattr(clock, "seconds", lambda: now)
    progress = Progress(logging.getLogger("progress"))
    progress.plan(11)
    progress.begin("org_summaries", 300, 1)
    for _ in range(300):
        progress.day_done(records=1)
    progress.question_done()
    progress.begin("skills", 300, 300)
    for _ in range(60):
        now += 2
        progress.request_sent()
        progress.day_done(records=12)
        progress.question_done()
    left = {15: "10 minutes", 30: "9 minutes", 45: "9 minutes", 60: "8 minutes"}
    assert caplog.messages == [
        f"skills (stream 2 of 11): {days} of 300 days read; so far {300 + 12 * days}"
        f" records, {days} requests; about {left[days]} left for this stream."
        for days in left
    ]
    caplog.clear()
    progress.begin("usage", 62, 2)
    now += 300
    for records in (12, *[0] * 30):
        progress.day_done(records)
    progress.question_done()
    now += LINE_EVERY
    progress.day_done(records=12)
    first, second = caplog.messages
    usage = "usage (stream 3 of 11)"
    assert first == f"{usage}: 1 of 62 days read; so far 1032 records, 60 requests."
    assert second.endswith("about 6 minutes left for this stream.")
