"""What a stream hands on: the rows of one reading of one day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pendulum

    from tap_claude_analytics import windows
    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.pages import Page

DATE = "date"
SNAPSHOT_AT = "snapshot_at"
#: Where rows of summaries and reports say their time.
STARTING_AT = "starting_at"


class Batch(NamedTuple):
    """Some rows of a day, and whether they are just what the schema says."""

    rows: list[Row]
    are_plain: bool


class DayReading(NamedTuple):
    """One reading of one day.

    Attributes:
        asked_at: An instant before its first request.
        is_complete: Whether the day was over when the API gathered the rows.
    """

    day: pendulum.Date
    asked_at: pendulum.DateTime
    batches: Iterable[Batch]
    is_complete: bool = True


class Asked(Protocol):
    """The answer to the question about some days, a page at a time."""

    @property
    def part(self) -> windows.Window:
        """The days."""

    @property
    def asked_at(self) -> pendulum.DateTime:
        """An instant before the first request."""

    def __iter__(self) -> Iterator[Page]:
        """Yield the pages."""
