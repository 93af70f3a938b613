"""A 400 means "not there yet" only where everything speaks for it."""

from __future__ import annotations

import pendulum
import pytest

from tap_claude_analytics.common.errors import StreamFailedError
from tap_claude_analytics.days.availability import NotAvailableYetError, latest_available

TODAY = pendulum.Date(2026, 11, 20)
ASKED = pendulum.Date(2026, 11, 17)
SENT = {"2026-11-10", "analytics-usage-cost-2026-11-11"}


@pytest.mark.parametrize(
    ("message", "latest"),
    [
        ("data is available up to 2026-11-15", "2026-11-15"),
        ("2026-11-17 is not there; the latest available day is 2026-11-16", "2026-11-16"),
        ("no data for 2026-11-17 before 2026-11-18, only up to 2026-10-17", "2026-10-17"),
        ("2026-11-14 is complete, 2026-11-16 too, 2026-11-15 was revised", "2026-11-16"),
        ("it is 2026-11-20; there is data up to 2026-11-15T00:00:00Z", "2026-11-15"),
        ("since 2026-11-10 and 2026-13-01 there is data up to 2026-11-15", "2026-11-15"),
    ],
)
def test_named_days(message: str, latest: str) -> None:
    """The latest one before the day asked for counts, up to 31 days before it."""
    assert _latest(message) == (pendulum.Date.fromisoformat(latest), True)


@pytest.mark.parametrize(
    ("message", "latest"),
    [
        ("date must be at least 3 days ago", "2026-11-16"),
        ("date must be at least 5 days ago", "2026-11-15"),
        ("starting_date: must be at least three days ago", "2026-11-16"),
        ("data for this day is not yet available", "2026-11-16"),
        ("The date is not available yet.", "2026-11-16"),
        ("date must be at least 34 days ago", "2026-10-17"),
    ],
)
def test_words_without_a_date(message: str, latest: str) -> None:
    """They say how many days ago, or leave it open."""
    assert _latest(message) == (pendulum.Date.fromisoformat(latest), False)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "limit must be at most 1000",
        "this endpoint is not available for your organization",
        "the range 2026-11-17 to 2026-11-18 is not supported",
        "no data after 2026-10-16",
        "date must be at least 35 days ago",
        "no data after 2025-12-31",
        "no data after 2026-13-01",
        "data for 2026-11-17 is not available yet",
        "case 12026-11-16 and 2026-11-161",
        "must be a single value, got 2026-11-10, 2026-11-10",
        "analytics-usage-cost-2026-11-11 is not supported any more",
        "this version was retired on 2026-11-12",
        "the API key expired on 2026-11-12",
        "anthropic-version: use 2026-11-12",
    ],
)
def test_other_refusals(message: str) -> None:
    """Dates of something else, or too far back, prove nothing."""
    assert _latest(message) is None


@pytest.mark.parametrize(
    "message", ["data is available up to 2026-10-18", "date must be at least 3 days ago"]
)
def test_old_days(message: str) -> None:
    """A day that is 32 days old is there; what denies it is an error."""
    asked = TODAY.subtract(days=31)
    assert latest_available(message, asked, TODAY, ()) is not None
    assert latest_available(message, asked.subtract(days=1), TODAY, ()) is None


@pytest.mark.parametrize(
    ("is_named", "text"),
    [
        ({}, "the API has data only up to 2026-11-20."),
        ({"is_named": False}, "the API has no data yet after 2026-11-20."),
    ],
)
def test_what_the_error_says(is_named: dict[str, bool], text: str) -> None:
    """Whether the API has named the day."""
    assert str(NotAvailableYetError(TODAY, StreamFailedError(""), **is_named)) == text


def _latest(message: str) -> tuple[pendulum.Date, bool] | None:
    return latest_available(message, ASKED, TODAY, SENT)
