"""UTC calendar days: the first one that the API has, and how texts name them."""

from __future__ import annotations

import contextlib
import re
from datetime import date
from functools import lru_cache

import pendulum

#: The API has no data before this day.
FLOOR = pendulum.Date(2026, 1, 1)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})"
)


@lru_cache(maxsize=4096)
def parse_day(value: str) -> pendulum.Date:
    """Return the UTC day of a date or an RFC 3339 timestamp.

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
    # On Python 3.10 the SDK replaces fromisoformat by one that returns plain dates.
    day = date.fromisoformat(text)
    return pendulum.Date(day.year, day.month, day.day)


def midnight(day: pendulum.Date) -> str:
    """Return the instant at which a UTC day begins, as the API writes timestamps."""
    return f"{day.isoformat()}T00:00:00Z"
