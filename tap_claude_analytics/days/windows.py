"""Windows of UTC days: pure functions on dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from tap_claude_analytics.common.dates import FLOOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pendulum

#: The first and the last day, both included.
Window: TypeAlias = "tuple[pendulum.Date, pendulum.Date]"


def reading_window(
    *,
    start: pendulum.Date,
    end: pendulum.Date | None,
    bookmark: pendulum.Date | None,
    lookback_days: int,
    today: pendulum.Date,
    delay_days: int,
) -> Window | None:
    """Return the days that one run of a stream reads, None if there are none.

    Args:
        start: The first day that the user wants.
        end: The last day that the user wants; None for no limit.
        bookmark: The last day that has been completely emitted; None if there is none.
        lookback_days: How many days up to and including the bookmark to read again,
            because the API revises a day after its first publication.
        today: The current UTC day.
        delay_days: How many days behind today the most recent day to read is.
    """
    first = max(FLOOR, start)
    last = today.subtract(days=delay_days)
    if end is not None:
        last = min(last, end)
    if bookmark is not None:
        # Of a bookmark far in the future, the next day may not exist.
        if bookmark >= last.add(days=lookback_days):
            return None
        first = max(first, bookmark.add(days=1 - lookback_days))
    return None if first > last else (first, last)


def days(window: Window) -> Iterator[pendulum.Date]:
    """Yield every day of the window, oldest first."""
    day, last = window
    while day <= last:
        yield day
        day = day.add(days=1)


def day_count(window: Window) -> int:
    """Return how many days the window has."""
    first, last = window
    return (last - first).days + 1


def overlap(window: Window, other: Window) -> Window | None:
    """Return the days that are in both windows, None if there are none."""
    first, last = max(window[0], other[0]), min(window[1], other[1])
    return None if first > last else (first, last)


def chunks(window: Window, size: int) -> Iterator[Window]:
    """Cut the window into consecutive windows of at most `size` days, oldest first."""
    first, last = window
    while first <= last:
        chunk_last = min(last, first.add(days=size - 1))
        yield first, chunk_last
        first = chunk_last.add(days=1)
