"""Which UTC days to read: pure functions on pendulum dates."""

from __future__ import annotations

import contextlib
import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import pendulum

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The API has nothing before this day.
FLOOR = pendulum.Date(2026, 1, 1)

#: The first and the last day of a span, both included.
Window: TypeAlias = tuple[pendulum.Date, pendulum.Date]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})"
)


@lru_cache(maxsize=4096)
def parse_day(value: str) -> pendulum.Date:
    """Return the UTC day that a date or an RFC 3339 timestamp lies in.

    Raises:
        ValueError: If the value is neither.
    """
    if _DAY.fullmatch(value):
        return _calendar_day(value)
    if _INSTANT.fullmatch(value):
        with contextlib.suppress(OverflowError):
            instant = pendulum.parse(value.upper())
            if isinstance(instant, pendulum.DateTime):
                return instant.in_timezone("UTC").date()
    msg = f"{value!r} is neither a date (YYYY-MM-DD) nor an RFC 3339 timestamp"
    raise ValueError(msg)


def _calendar_day(text: str) -> pendulum.Date:
    # The SDK replaces fromisoformat on Python 3.10, by one that makes plain dates.
    day = date.fromisoformat(text)
    return pendulum.Date(day.year, day.month, day.day)


def reading_window(
    *,
    start: pendulum.Date,
    end: pendulum.Date | None,
    bookmark: pendulum.Date | None,
    lookback_days: int,
    today: pendulum.Date,
    delay_days: int,
) -> Window | None:
    """Return the days that one run of a stream reads.

    Args:
        start: The first day that the user wants.
        end: The last day that the user wants; None for no limit.
        bookmark: The last day that is completely emitted; None for none.
        lookback_days: How many days up to and including the bookmark to read again,
            since the API revises a day after its first publication.
        today: The current UTC day.
        delay_days: How many days behind today the youngest day to read lies.

    Returns:
        The window, or None when there is nothing to do.
    """
    first = max(FLOOR, start)
    last = today.subtract(days=delay_days)
    if end is not None:
        last = min(last, end)
    if bookmark is not None:
        # A bookmark far ahead leaves nothing to do, and may have no next day.
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


def shared(window: Window, parts: Iterable[Window]) -> int:
    """Return how many days of the window lie in any of the parts."""
    return sum(
        max(0, (min(window[1], last) - max(window[0], first)).days + 1)
        for first, last in parts
    )


def chunks(window: Window, size: int) -> Iterator[Window]:
    """Cut the window into consecutive windows of at most ``size`` days, oldest first."""
    first, last = window
    while first <= last:
        chunk_last = min(last, first.add(days=size - 1))
        yield first, chunk_last
        first = chunk_last.add(days=1)
