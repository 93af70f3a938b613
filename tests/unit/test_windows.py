"""Which days are read: every rule at its edges, then properties over all inputs."""

from __future__ import annotations

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_claude_analytics.common.dates import FLOOR, parse_day
from tap_claude_analytics.days.windows import chunks, days, reading_window

TODAY = pendulum.Date(2026, 5, 20)

dates = st.dates(min_value=FLOOR.subtract(years=1), max_value=FLOOR.add(years=2)).map(
    lambda day: pendulum.Date(day.year, day.month, day.day)
)


def day(text: str) -> pendulum.Date:
    """Shorten the tables below."""
    year, month, number = map(int, text.split("-"))
    return pendulum.Date(year, month, number)


def window_of(
    *,
    start: str = "2026-01-01",
    end: str | None = None,
    bookmark: str | None = None,
    lookback_days: int = 3,
    delay_days: int = 3,
) -> tuple[str, str] | None:
    """Return the window as text, with the settings' defaults."""
    window = reading_window(
        start=day(start),
        end=None if end is None else day(end),
        bookmark=None if bookmark is None else day(bookmark),
        lookback_days=lookback_days,
        today=TODAY,
        delay_days=delay_days,
    )
    return None if window is None else (window[0].isoformat(), window[1].isoformat())


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        pytest.param({}, ("2026-01-01", "2026-05-17"), id="first-run"),
        pytest.param({"start": "2025-06-01"}, ("2026-01-01", "2026-05-17"), id="floor"),
        pytest.param({"start": "2026-03-01"}, ("2026-03-01", "2026-05-17"), id="start"),
        pytest.param({"start": "2026-05-17"}, ("2026-05-17", "2026-05-17"), id="one-day"),
        pytest.param({"start": "2026-05-18"}, None, id="start-too-young"),
        pytest.param({"delay_days": 0}, ("2026-01-01", "2026-05-20"), id="no-delay"),
        pytest.param({"delay_days": 30}, ("2026-01-01", "2026-04-20"), id="long-delay"),
        pytest.param({"end": "2026-02-01"}, ("2026-01-01", "2026-02-01"), id="end"),
        pytest.param({"end": "2027-01-01"}, ("2026-01-01", "2026-05-17"), id="end-later"),
        pytest.param(
            {"bookmark": "2026-05-16"}, ("2026-05-14", "2026-05-17"), id="daily-run"
        ),
        pytest.param(
            {"bookmark": "2026-05-17"}, ("2026-05-15", "2026-05-17"), id="run-again"
        ),
        pytest.param(
            {"bookmark": "2026-05-16", "lookback_days": 0},
            ("2026-05-17", "2026-05-17"),
            id="no-lookback",
        ),
        pytest.param({"bookmark": "2026-05-17", "lookback_days": 0}, None, id="no-new-day"),
        pytest.param(
            {"bookmark": "2026-01-02", "lookback_days": 90},
            ("2026-01-01", "2026-05-17"),
            id="lookback-to-the-floor",
        ),
        pytest.param(
            {"bookmark": "2026-05-16", "start": "2026-05-16"},
            ("2026-05-16", "2026-05-17"),
            id="start-cuts-lookback",
        ),
        pytest.param(
            {"bookmark": "2026-02-01", "start": "2026-04-01"},
            ("2026-04-01", "2026-05-17"),
            id="start-skips-forward",
        ),
        pytest.param(
            {"bookmark": "2026-04-01", "start": "2026-02-01"},
            ("2026-03-30", "2026-05-17"),
            id="earlier-start-does-not-re-read",
        ),
        pytest.param({"bookmark": "2026-08-01"}, None, id="bookmark-beyond-the-window"),
        pytest.param(
            {"bookmark": "2025-03-01"}, ("2026-01-01", "2026-05-17"), id="stale-bookmark"
        ),
        pytest.param(
            {"bookmark": "2026-05-10", "end": "2026-05-09"},
            ("2026-05-08", "2026-05-09"),
            id="end-before-bookmark",
        ),
    ],
)
def test_reading_window(given_: dict[str, str], expected: tuple[str, str] | None) -> None:
    """Each rule of the design, at its edge."""
    assert window_of(**given_) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-05", "2026-02-05"),
        ("2026-02-05T23:59:59Z", "2026-02-05"),
        ("2026-02-05t23:59:59z", "2026-02-05"),
        ("2026-02-05T00:30:00+02:00", "2026-02-04"),
        ("2026-02-05T22:30:00.123456-02:00", "2026-02-06"),
    ],
)
def test_parse_day(text: str, expected: str) -> None:
    """A timestamp means the UTC day that it lies in."""
    assert parse_day(text) == day(expected)


@pytest.mark.parametrize(
    "text",
    ["", "banana", "2026", "2026-1-1", "20260101", "2026-02-30", "2026-13-01",
     "2026-02-05T00:00:00", "2026-02-05T25:00:00Z", "2026-W05", "12:00", " 2026-02-05"],
)  # fmt: skip
def test_parse_day_refuses(text: str) -> None:
    """Anything else is refused, not guessed."""
    with pytest.raises(ValueError, match=r".+"):
        parse_day(text)


@given(
    start=dates,
    end=st.none() | dates,
    bookmark=st.none() | dates,
    lookback_days=st.integers(0, 90),
    today=dates,
    delay_days=st.integers(0, 30),
)
def test_no_gap_no_overlap_and_all_clamps(
    *,
    start: pendulum.Date,
    end: pendulum.Date | None,
    bookmark: pendulum.Date | None,
    lookback_days: int,
    today: pendulum.Date,
    delay_days: int,
) -> None:
    """Whatever is asked: inside all limits, and nothing between bookmark and window."""
    window = reading_window(
        start=start,
        end=end,
        bookmark=bookmark,
        lookback_days=lookback_days,
        today=today,
        delay_days=delay_days,
    )
    earliest = max(FLOOR, start)
    latest = min(today.subtract(days=delay_days), end or pendulum.Date.max)
    if window is None:
        wanted = bookmark is None or bookmark.add(days=1 - lookback_days) <= latest
        assert earliest > latest or not wanted
        return
    first, last = window
    assert earliest <= first <= last == latest
    if bookmark is not None and bookmark >= earliest:
        assert first <= bookmark.add(days=1)  # no gap
        read_again = (bookmark - first).days + 1 if first <= bookmark else 0
        assert read_again <= lookback_days
        assert read_again == lookback_days or first == earliest
    else:
        assert first == earliest


@given(first=dates, length=st.integers(1, 800), size=st.integers(1, 400))
def test_chunks_are_the_days_in_order(first: pendulum.Date, length: int, size: int) -> None:
    """Chunks hold every day once, in order, and none is longer than allowed."""
    window = (first, first.add(days=length - 1))
    parts = list(chunks(window, size))
    assert [d for part in parts for d in days(part)] == list(days(window))
    assert len(list(days(window))) == length
    assert all((last - first).days < size for first, last in parts)
    assert all((last - first).days + 1 == size for first, last in parts[:-1])
