"""The streams of token usage and cost."""

from __future__ import annotations

import abc
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from typing_extensions import override

from tap_claude_analytics import windows
from tap_claude_analytics.errors import UnexpectedRowError
from tap_claude_analytics.storable import ADDITIONAL_FIELDS
from tap_claude_analytics.streams.day_reading import STARTING_AT, Batch, DayReading
from tap_claude_analytics.streams.fields import Shape, shape_of
from tap_claude_analytics.streams.report_fields import (
    AMOUNTS,
    actor_fields,
    adopt_email_address,
    instant,
    money_fields,
)
from tap_claude_analytics.streams.report_questions import ReportQuestions
from tap_claude_analytics.streams.row_keys import RowKeys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pendulum
    from singer_sdk.helpers.types import Record

    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.pages import Page
    from tap_claude_analytics.streams.day_reading import Asked

MEASURES_OF_USAGE = (
    "cache_creation",
    "cache_read_input_tokens",
    "output_tokens",
    "requests",
    "server_tool_use",
    "total_tokens",
    "uncached_input_tokens",
)
MEASURES_OF_COST = ("amount", "currency", "list_amount", "requests")


class ReportStream(ReportQuestions, abc.ABC):
    """A stream of rows that say how much was used or spent in a bucket of time."""

    primary_keys = (STARTING_AT, "row_key")
    amounts = AMOUNTS

    measures: ClassVar[tuple[str, ...]]
    #: Under which names of a row its dimensions and measures stand; None for its top.
    dimensions_under: ClassVar[str | None] = None
    measures_under: ClassVar[str | None] = None

    @override
    def readings(self, asked: Asked) -> Iterator[DayReading]:
        """Yield the days, each as soon as its last row has come."""
        first, last = asked.part
        self._refreshed_at: str | None = None
        self._lacks_refresh = False
        days = windows.days(asked.part)
        day, waiting = next(days), list[_Rows]()
        for page in asked:
            self._note_refresh(page.data_refreshed_at)
            stop = 0
            for row_day, of_day in groupby(self._decoded(page), _day_of):
                while day < row_day <= last:
                    yield self._reading(day, asked.asked_at, waiting)
                    day, waiting = next(days), []
                if row_day != day:
                    msg = (
                        f"was asked for {first} to {last}, oldest first, and answered a row"
                        " whose starting_at is out of that order"
                    )
                    raise UnexpectedRowError(msg)
                rows = list(of_day)
                start, stop = stop, stop + len(rows)
                waiting.append(_Rows(page, start, stop, rows))
            if stop:
                # A day may have more rows than there is room for, once decoded.
                waiting[-1] = waiting[-1].undecoded()
        yield self._reading(day, asked.asked_at, waiting)
        for empty_day in days:
            yield self._reading(empty_day, asked.asked_at, [])

    def _decoded(self, page: Page) -> list[Row]:
        return list(self.flat_rows(self.batch(page).rows))

    def _reading(
        self, day: pendulum.Date, asked_at: pendulum.DateTime, waiting: list[_Rows]
    ) -> DayReading:
        batches = (
            Batch(rows.decoded or self._decoded(rows.page)[rows.slice], rows.page.is_plain)
            for rows in waiting
        )
        end = self.bookmark_text(day.add(days=1))
        return DayReading(day, asked_at, batches, self._is_complete(end))

    def _note_refresh(self, refreshed: str | None) -> None:
        if refreshed is None:
            self._lacks_refresh = True
        elif self._refreshed_at is None or instant(refreshed) < instant(self._refreshed_at):
            self._refreshed_at = refreshed

    def flat_rows(self, rows: list[Row]) -> Iterable[Row]:
        """Return the rows of a page: by default those that the API lists."""
        return rows

    def _is_complete(self, ending_at: str | None) -> bool:
        """Tell whether a bucket was over at the earliest refresh of this reading."""
        if self._lacks_refresh or self._refreshed_at is None or ending_at is None:
            return False
        return instant(ending_at) <= instant(self._refreshed_at)

    @override
    def start_reading(self, day: pendulum.Date) -> None:
        width = self.tap.settings.report_bucket_width
        self._row_keys = RowKeys(
            width, set(self.dimensions) - {"actor"}, self.row_dimensions
        )

    @override
    def to_records(self, row: Row, *, is_plain: bool) -> Iterable[Record]:
        adopt_email_address(row.get("actor"))
        additional = None if is_plain else self.drift.take_misfits(row)
        record: Row = {
            STARTING_AT: row.get(STARTING_AT),
            "ending_at": row.get("ending_at"),
            "bucket_width": self.tap.settings.report_bucket_width,
        }
        for under, names in self._known_parts:
            part = row if under is None else row.get(under)
            if not isinstance(part, dict):
                msg = f"answered a row without {under}"
                raise UnexpectedRowError(msg)
            record.update({name: part.get(name) for name in names})
        if "actor" in record:
            record.update(actor_fields(record["actor"], record.get("actor_type")))
        if "currency" in record:
            record.update(money_fields(record))
        record["row_key"] = self._row_keys.key_of(record)
        record["data_refreshed_at"] = self._refreshed_at
        record["is_complete"] = self._is_complete(record["ending_at"])
        record[ADDITIONAL_FIELDS] = additional
        return (record,)

    @cached_property
    def _known_parts(self) -> list[tuple[str | None, list[str]]]:
        """Where dimensions and measures stand in a row, and which the schema knows."""
        known = self.effective_schema["properties"]
        return [
            (under, [name for name in names if name in known])
            for under, names in (
                (self.dimensions_under, self.dimensions),
                (self.measures_under, self.measures),
            )
        ]

    @cached_property
    @override
    def row_shape(self) -> Shape:
        """The names that are known in a row, in the row's own nesting."""
        names = shape_of(self.effective_schema, amounts=self.amounts)
        shape: Shape = {
            name: names[name] for name in (STARTING_AT, "ending_at") if name in names
        }
        for under, part in self._known_parts:
            known = {name: names[name] for name in part}
            if under is None:
                shape.update(known)
            else:
                shape[under] = known
        return shape


class _Rows(NamedTuple):
    """Some rows of a page, all of one day; undecoded while they wait for more."""

    page: Page
    start: int
    stop: int
    decoded: list[Row] | None

    @property
    def slice(self) -> slice:
        """Where they stand among all rows of the page."""
        return slice(self.start, self.stop)

    def undecoded(self) -> _Rows:
        """Return the same in less space."""
        return self._replace(page=self.page.packed(), decoded=None)


def _day_of(row: Row) -> pendulum.Date:
    return instant(row.get(STARTING_AT)).date()
