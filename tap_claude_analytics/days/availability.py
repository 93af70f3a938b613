"""Whether an error says that a day is not available yet.

The API answers 400 for such a day. Nobody has seen its live wording, and other 400s quote
dates too, so a date in a message proves nothing by itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_claude_analytics.common.dates import FLOOR, parse_day

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pendulum

    from tap_claude_analytics.common.errors import StreamFailedError

#: The API publishes a day with a delay of days; an older day that is missing is an error.
RECENT_DAYS = 31

_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
#: What a message is about that quotes the date of something else than a day of data.
_OTHER_SUBJECT = re.compile(
    r"\b(?:anthropic-\w+|headers?|versions?|beta|keys?|tokens?|expired?|retired?)\b",
    re.IGNORECASE,
)
_DAYS_AGO = re.compile(r"\bat least (?:(\d{1,2})|\w+) days? (?:ago|old)\b", re.IGNORECASE)
_NOT_YET = re.compile(
    r"\b(?:date|day|data)\b[^.]*\b(?:not available yet|not yet available|too recent)\b",
    re.IGNORECASE,
)


class NotAvailableYetError(Exception):
    """The API does not have the day that was asked for yet.

    Attributes:
        latest: The latest day that the API may have.
        is_named: Whether the API names that day.
        error: The answer of the API as an error, in case other facts speak against it.
    """

    def __init__(
        self, latest: pendulum.Date, error: StreamFailedError, *, is_named: bool
    ) -> None:
        """Create the error from the latest day and the answer."""
        has = "data only up to" if is_named else "no data yet after"
        super().__init__(f"the API has {has} {latest}.")
        self.latest = latest
        self.is_named = is_named
        self.error = error


def latest_available(
    message: str, last_asked: pendulum.Date, today: pendulum.Date, sent: Collection[str]
) -> tuple[pendulum.Date, bool] | None:
    """Return the latest day that the API may have after a 400, and whether it is named.

    The message names that day and may repeat the day asked for; of several dates, the
    latest one before the day asked for counts. Without a date it may say how many days ago
    a day must be, or only that the day is not available yet. None: the message is, or may
    be, about something else.

    Args:
        message: What the API says.
        last_asked: The most recent day of the request.
        today: The current UTC day.
        sent: Headers of the request, whose dates the message may repeat.
    """
    if last_asked < today.subtract(days=RECENT_DAYS) or _OTHER_SUBJECT.search(message):
        return None
    earliest = max(FLOOR, last_asked.subtract(days=RECENT_DAYS))
    if _DATE.search(message):
        dates = (day for day in _named(message, sent) if earliest <= day < last_asked)
        latest = max(dates, default=None)
        return None if latest is None else (latest, True)
    latest = last_asked.subtract(days=1)
    days_ago = _DAYS_AGO.search(message)
    if days_ago is not None and days_ago[1]:
        latest = min(latest, today.subtract(days=int(days_ago[1])))
    elif days_ago is None and not _NOT_YET.search(message):
        return None
    return (latest, False) if earliest <= latest else None


def _named(message: str, sent: Collection[str]) -> Iterator[pendulum.Date]:
    foreign = {date for text in sent for date in _DATE.findall(text)}
    for text in _DATE.findall(message):
        if text in foreign:
            continue
        try:
            yield parse_day(text)
        except ValueError:
            continue
