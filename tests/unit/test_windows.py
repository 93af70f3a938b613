"""Which days are read: every rule at its edges, then properties over all inputs."""

from __future__ import annotations

from typing import Any

import pendulum
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tap_claude_analytics.common.dates import FLOOR, parse_day
from tap_claude_analytics.days.windows import (
    chunks,
    day_count,
    days,
    overlap,
    reading_window,
)

TODAY = pendulum.Date(2026, 5, 20)

dates = st.dates(min_value=FLOOR.subtract(years=1), max_value=FLOOR.add(years=2)).map(
    lambda day: pendulum.Date(day.year, day.month, day.day)
)


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
        start=parse_day(start),
        end=None if end is None else parse_day(end),
        bookmark=None if bookmark is None else parse_day(bookmark),
        lookback_days=lookback_days,
        today=TODAY,
        delay_days=delay_days,
    )
    return None if window is None else (window[0].isoformat(), window[1].isoformat())


ALL = ("2026-01-01", "2026-05-17")
#: The last day that has been read, and what a run with the settings' defaults reads then.
YESTERDAYS_RUN = {"bookmark": "2026-05-16"}
RULES: dict[str, tuple[dict[str, Any], tuple[str, str] | None]] = {
    "first run": ({}, ALL),
    "a start before the floor": ({"start": "2025-06-01"}, ALL),
    "start": ({"start": "2026-03-01"}, ("2026-03-01", "2026-05-17")),
    "one day": ({"start": "2026-05-17"}, ("2026-05-17", "2026-05-17")),
    "a start too young": ({"start": "2026-05-18"}, None),
    "no delay": ({"delay_days": 0}, ("2026-01-01", "2026-05-20")),
    "end": ({"end": "2026-02-01"}, ("2026-01-01", "2026-02-01")),
    "a later end": ({"end": "2027-01-01"}, ALL),
    "daily run": (YESTERDAYS_RUN, ("2026-05-14", "2026-05-17")),
    "run again": ({"bookmark": "2026-05-17"}, ("2026-05-15", "2026-05-17")),
    "no lookback": (
        {**YESTERDAYS_RUN, "lookback_days": 0},
        ("2026-05-17", "2026-05-17"),
    ),
    "no new day": ({"bookmark": "2026-05-17", "lookback_days": 0}, None),
    "a lookback to the floor": ({"bookmark": "2026-01-02", "lookback_days": 90}, ALL),
    "start cuts lookback": (
        {**YESTERDAYS_RUN, "start": "2026-05-16"},
        ("2026-05-16", "2026-05-17"),
    ),
    "start skips forward": (
        {"bookmark": "2026-02-01", "start": "2026-04-01"},
        ("2026-04-01", "2026-05-17"),
    ),
    "an earlier start reads nothing again": (
        {"bookmark": "2026-04-01", "start": "2026-02-01"},
        ("2026-03-30", "2026-05-17"),
    ),
    "a bookmark beyond the window": ({"bookmark": "2026-08-01"}, None),
    "a bookmark at the end of time": ({"bookmark": "9999-12-31"}, None),
    "a bookmark before the floor": ({"bookmark": "2025-03-01"}, ALL),
    "an end before the bookmark": (
        {"bookmark": "2026-05-10", "end": "2026-05-09"},
        ("2026-05-08", "2026-05-09"),
    ),
}


@pytest.mark.parametrize(("rule", "expected"), RULES.values(), ids=RULES)
def test_reading_window(rule: dict[str, Any], expected: tuple[str, str] | None) -> None:
    """Each rule of the design, at its edge."""
    assert window_of(**rule) == expected


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
    assert parse_day(text).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "banana", "2026", "2026-1-1", "20260101", "2026-W05", "12:00", " 2026-02-05"),
        *("2026-02-05\n", "2026-02-30", "2026-13-01", "2026-02-05T00:00:00"),
        *("2026-02-05 00:00:00Z", "2026-02-05T25:00:00Z", "2026-02-30T00:00:00Z"),
        # No such offset, and UTC days that no calendar has.
        *("2026-02-05T00:00:00+99:99", "0001-01-01T00:00:00+05:00"),
        "9999-12-31T23:59:59-05:00",
    ],
    ids=repr,
)
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


@settings(max_examples=50)
@given(first=dates, length=st.integers(1, 60), size=st.integers(1, 40))
def test_chunks_are_the_days_in_order(first: pendulum.Date, length: int, size: int) -> None:
    """Chunks hold every day once, in order, and none is longer than allowed."""
    window = (first, first.add(days=length - 1))
    parts = list(chunks(window, size))
    assert [d for part in parts for d in days(part)] == list(days(window))
    assert len(list(days(window))) == day_count(window) == length
    assert all(day_count(part) == size for part in parts[:-1])
    assert 1 <= day_count(parts[-1]) <= size


@settings(max_examples=50)
@given(limits=st.lists(st.integers(1, 20), min_size=4, max_size=4))
def test_an_overlap_is_the_days_of_both(limits: list[int]) -> None:
    """If there are none, there is no overlap."""
    first, last, other_first, other_last = (FLOOR.add(days=n) for n in limits)
    one, other = (first, last), (other_first, other_last)
    assume(first <= last and other_first <= other_last)
    both = [day for day in days(one) if day in set(days(other))]
    assert overlap(one, other) == ((both[0], both[-1]) if both else None)
