"""One reading of one day: everything that is known about it travels in these values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pendulum

#: A row of the API, as decoded JSON.
Row: TypeAlias = dict[str, Any]
#: A record of a stream.
Record: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """Rows of one page.

    Attributes:
        rows: The rows; whoever takes them may edit them.
        conforms: Whether every row has just the fields and types of the schema.
        is_suspect: Whether a row may hold text that databases refuse.
        request_id: The id under which the operators of the API find the request.
        added: Columns that every record of these rows gets.
    """

    rows: list[Row]
    conforms: bool
    is_suspect: bool
    request_id: str
    added: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Day:
    """One reading of one day.

    Attributes:
        date: The UTC day.
        asked_at: An instant before the first request of the reading.
        batches: The rows, decoded one batch at a time.
        is_complete: Whether the day was over when the API collected the rows.
        is_final: Whether the day is complete and the API revises it no more; reports only.
        refreshed_at: The earliest ``data_refreshed_at`` of the reading; reports only.
        complete_until: The same, None if a page did not name it; reports only.
        totals_digest: Digest of the day's totals just before the reading, empty if they
            were not asked for; reports only.
    """

    date: pendulum.Date
    asked_at: pendulum.DateTime
    batches: Iterable[Batch]
    is_complete: bool = True
    is_final: bool = False
    refreshed_at: str | None = None
    complete_until: str | None = None
    totals_digest: str = ""


class Step(Protocol):
    """Turns the rows of one day into records, or into rows that are closer to records."""

    def __call__(self, rows: Iterable[Row], day: Day, /) -> Iterator[Row]:
        """Yield what becomes of each row."""
