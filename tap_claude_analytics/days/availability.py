"""Whether an error says that a day is not available yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_claude_analytics.common.dates import FLOOR, parse_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pendulum

#: The API publishes a day with a delay of days; an older day that is missing is an error.
RECENT_DAYS = 31

_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


class NotAvailableYetError(Exception):
    """The API does not have the day that was asked for yet.

    Attributes:
        latest: The latest available day, as the API names it.
    """

    def __init__(self, latest: pendulum.Date) -> None:
        """Create the error from the latest available day."""
        super().__init__(f"the API has data only up to {latest}.")
        self.latest = latest


def latest_available(
    message: str, last_asked: pendulum.Date, today: pendulum.Date
) -> pendulum.Date | None:
    """Return the latest available day that the message of a 400 names.

    The message names that day and may repeat the day asked for; of several dates, the
    latest one before the day asked for counts. None: the message is about something else.

    Args:
        message: What the API says.
        last_asked: The most recent day of the request.
        today: The current UTC day.
    """
    if last_asked < today.subtract(days=RECENT_DAYS):
        return None
    return max((day for day in _named(message) if FLOOR <= day < last_asked), default=None)


def _named(message: str) -> Iterator[pendulum.Date]:
    for text in _DATE.findall(message):
        try:
            yield parse_day(text)
        except ValueError:
            continue
