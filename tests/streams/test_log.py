"""The log of a run is a story in a few lines."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tests import truth
from tests.simulator import Options, Simulator
from tests.singer import run

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = date(2026, 11, 2)
START = TODAY - timedelta(days=302)
STREAMS = (*truth.ALL, "usage", "cost")


@pytest.fixture(scope="module")
def company() -> Iterator[Simulator]:
    """The smallest organisation: what is logged depends on days and requests only."""
    with Simulator(Options(today=TODAY, users=2, projects=1)) as simulator:
        yield simulator


@pytest.mark.slow
def test_a_first_load(
    company: Simulator, sleeps: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """All default streams of 300 days, at the pace of the API: half an hour."""
    caplog.set_level(logging.INFO)
    output = run(company, start_date=START.isoformat(), requests_per_minute=60)
    assert not output.failures
    assert len(output.read_days("skills")) == 300
    assert sum(sleeps) > 20 * 60
    assert len(caplog.messages) < 110  # the command itself logs a few before and after
    progress = [message for message in caplog.messages if "days read" in message]
    assert 20 < len(progress) <= 2 * sum(sleeps) / 60 + 1
    for stream in STREAMS:
        of_stream = [m for m in caplog.messages if f'"stream":"{stream}"' in m]
        assert len(of_stream) == (2 if stream == "readings" else 3)


def test_what_is_read(company: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """One line at the start says which days of which streams, and one what was read."""
    caplog.set_level(logging.INFO, logger="tap-claude-analytics")
    streams = ("adoption", "skills", "cost")
    first = run(company, *streams, start_date="2026-10-28")
    assert not first.failures
    [line] = [message for message in caplog.messages if message.startswith("Reading")]
    assert line == (
        "Reading 2026-10-28 to 2026-10-30 (adoption, skills);"
        " 2026-10-28 to 2026-11-02 (cost)."
    )
    caplog.clear()
    run(company, *streams, start_date="2026-10-28", state=first.state, lookback_days=0)
    [line] = [message for message in caplog.messages if message.startswith("Reading")]
    assert line.startswith("Reading no new day (adoption, skills); 2026-11-0")
    assert line.endswith(" days that may have been revised (cost).")
    assert caplog.messages[-1].startswith("Read ")
    assert not [message for message in caplog.messages if "deselected" in message]
