"""Whether an error says that a day is not available yet."""

from __future__ import annotations

import pendulum
import pytest

from tap_claude_analytics.common.dates import parse_day
from tap_claude_analytics.days.availability import RECENT_DAYS, latest_available

ASKED = pendulum.Date(2026, 1, 5)
TODAY = pendulum.Date(2026, 1, 6)


@pytest.mark.parametrize(
    ("message", "latest"),
    [
        (
            "data for 2026-01-05 is not available yet; the latest is 2026-01-03",
            "2026-01-03",
        ),
        ("the latest available day is 2026-01-03 (asked: 2026-01-05)", "2026-01-03"),
        ("latest available day: 2026-01-03.", "2026-01-03"),
        ("2026-01-02 is complete, 2026-01-04 too, 2026-01-03 was revised", "2026-01-04"),
        ("available from 2026-01-01 to 2026-01-03", "2026-01-03"),
        ("it is 2026-01-06; there is data up to 2026-01-04T00:00:00Z", "2026-01-04"),
        ("the latest available day is 2026-01-01", "2026-01-01"),
        ("data for 2026-01-05 is not available yet", None),
        ("try again on 2026-01-06", None),
        ("nothing exists before 2025-12-31", None),
        ("no such day: 2026-01-32", None),
        ("case 12026-01-03 and 2026-01-031", None),
        ("date: required", None),
        ("", None),
    ],
)
def test_the_latest_day(message: str, latest: str | None) -> None:
    """It is the latest that is named before the day asked for, and not before the floor."""
    expected = None if latest is None else parse_day(latest)
    assert latest_available(message, ASKED, TODAY) == expected


def test_only_recent_days_may_be_missing() -> None:
    """In answers about older days a date is about something else, such as a version."""
    message = "the latest is 2026-01-03"
    edge = ASKED.add(days=RECENT_DAYS)
    assert latest_available(message, ASKED, edge) == pendulum.Date(2026, 1, 3)
    assert latest_available(message, ASKED, edge.add(days=1)) is None
