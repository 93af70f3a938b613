"""Which days are read: every rule at its edges, then properties over all inputs."""

from __future__ import annotations

from typing import Any

import pendulum
import pytest
from hypothesis import given, settings
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

#: Some days before the floor and after it.
dates = st.integers(-30, 60).map(lambda number: FLOOR.add(days=number))


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


#: What is set or known, and what is read then; the rest is as by default.
RULES: dict[str, tuple[dict[str, Any], tuple[str, str] | None]] = {
    "first run": ({}, ("2026-01-01", "2026-05-17")),
    "start before the floor": ({"start": "2025-06-01"}, ("2026-01-01", "2026-05-17")),
    "start too young": ({"start": "2026-05-18"}, None),
    "no delay": ({"delay_days": 0}, ("2026-01-01", "2026-05-20")),
    "end": ({"end": "2026-02-01"}, ("2026-01-01", "2026-02-01")),
    "daily run": ({"bookmark": "2026-05-16"}, ("2026-05-14", "2026-05-17")),
    "run again": ({"bookmark": "2026-05-17"}, ("2026-05-15", "2026-05-17")),
    "no new day": ({"bookmark": "2026-05-17", "lookback_days": 0}, None),
    "start skips forward": (
        {"bookmark": "2026-02-01", "start": "2026-04-01"},
        ("2026-04-01", "2026-05-17"),
    ),
    "earlier start does not read again": (
        {"bookmark": "2026-04-01", "start": "2026-02-01"},
        ("2026-03-30", "2026-05-17"),
    ),
    "bookmark at the end of time": ({"bookmark": "9999-12-31"}, None),
    "end before the bookmark": (
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
    lookback_days=st.integers(0, 40),
    today=dates,
    delay_days=st.integers(0, 30),
)
def test_a_window_is_the_days_that_fit_all_rules(
    *,
    start: pendulum.Date,
    end: pendulum.Date | None,
    bookmark: pendulum.Date | None,
    today: pendulum.Date,
    lookback_days: int,
    delay_days: int,
) -> None:
    """From start to end, old enough, and new or in the lookback: no gap, and no more."""
    expected = [
        day
        for day in days((FLOOR, FLOOR.add(days=60)))
        if start <= day <= (end or day)
        and day <= today.subtract(days=delay_days)
        and (bookmark is None or day > bookmark.subtract(days=lookback_days))
    ]
    window = reading_window(
        start=start,
        end=end,
        bookmark=bookmark,
        lookback_days=lookback_days,
        today=today,
        delay_days=delay_days,
    )
    assert (list(days(window)) if window else []) == expected


@settings(max_examples=30)
@given(first=dates, length=st.integers(1, 60), size=st.integers(1, 40))
def test_chunks_are_the_days_in_order(first: pendulum.Date, length: int, size: int) -> None:
    """Chunks hold every day once, in order, and none is longer than allowed."""
    window = (first, first.add(days=length - 1))
    parts = list(chunks(window, size))
    assert [d for part in parts for d in days(part)] == list(days(window))
    assert len(list(days(window))) == day_count(window) == length
    assert all(day_count(part) == size for part in parts[:-1])
    assert 1 <= day_count(parts[-1]) <= size


@given(
    one=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    other=st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
def test_an_overlap_is_the_days_of_both(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    """If there are none, there is no overlap."""
    (first, last), (other_first, other_last) = sorted(one), sorted(other)
    both = set(range(first, last + 1)) & set(range(other_first, other_last + 1))
    expected = (FLOOR.add(days=min(both)), FLOOR.add(days=max(both))) if both else None
    window = (FLOOR.add(days=first), FLOOR.add(days=last))
    assert (
        overlap(window, (FLOOR.add(days=other_first), FLOOR.add(days=other_last)))
        == expected
    )
