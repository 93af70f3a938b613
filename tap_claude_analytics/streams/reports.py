"""The streams of token usage and cost."""

from __future__ import annotations

import abc
import json
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from typing_extensions import override

from tap_claude_analytics import bookmarks, windows
from tap_claude_analytics.client import REFUSALS
from tap_claude_analytics.errors import BadRequestError, UnexpectedRowError
from tap_claude_analytics.storable import ADDITIONAL_FIELDS
from tap_claude_analytics.streams.base import DayStream
from tap_claude_analytics.streams.day_reading import STARTING_AT, Batch, DayReading
from tap_claude_analytics.streams.fields import Shape, shape_of
from tap_claude_analytics.streams.report_fields import (
    AMOUNTS,
    actor_fields,
    adopt_email_address,
    instant,
    money_fields,
)
from tap_claude_analytics.streams.row_keys import RowKeys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pendulum
    import requests
    from singer_sdk.helpers.types import Record

    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.pages import Page
    from tap_claude_analytics.settings import Settings
    from tap_claude_analytics.streams.day_reading import Asked

SHAPE = "shape"

#: The most days that one request may span.
MAX_DAYS = 31
#: Whole days that can be asked for: 365 days back are counted from the instant.
SERVED_DAYS = 364

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


class ReportStream(DayStream, abc.ABC):
    """A stream of rows that say how much was used or spent in a bucket of time."""

    replication_key = STARTING_AT
    primary_keys = (STARTING_AT, "row_key")
    amounts = AMOUNTS
    mended = (*DayStream.mended, BadRequestError)

    #: The dimensions that the endpoint takes.
    dimensions: ClassVar[tuple[str, ...]]
    measures: ClassVar[tuple[str, ...]]
    #: Under which names of a row its dimensions and measures stand; None for its top.
    dimensions_under: ClassVar[str | None] = None
    measures_under: ClassVar[str | None] = None
    #: What the endpoint calls the width of its buckets.
    width_parameter: ClassVar[str] = "bucket_width"
    #: The most days that one request is sent for.
    days_per_request: ClassVar[int] = MAX_DAYS

    @override
    def bookmark_text(self, day: pendulum.Date) -> str:
        return f"{day.isoformat()}T00:00:00Z"

    @property
    @override
    def window(self) -> windows.Window | None:
        """The days to read: up to the one that is still filling."""
        settings = self.tap.settings
        window = windows.reading_window(
            start=settings.start_date,
            end=settings.end_date,
            bookmark=self.bookmark,
            lookback_days=settings.report_lookback_days,
            today=self.tap.today,
            delay_days=0,
        )
        if window is None:
            return None
        first = max(window[0], self.earliest_day)
        return None if first > window[1] else (first, window[1])

    def is_final(self, day: pendulum.Date) -> bool:
        """Tell whether the API revises a day no more."""
        return (self.tap.today - day).days > self.tap.settings.report_lookback_days

    @property
    def earliest_day(self) -> pendulum.Date:
        """The earliest day that the API still serves."""
        return self.tap.today.subtract(days=SERVED_DAYS)

    @property
    def lost_days(self) -> windows.Window | None:
        """Days that are still to be read, but that the API does not serve any more."""
        first = max(windows.FLOOR, self.tap.settings.start_date)
        if self.bookmark is not None:
            first = max(first, self.bookmark.add(days=1))
        last = self.earliest_day.subtract(days=1)
        if self.tap.settings.end_date is not None:
            last = min(last, self.tap.settings.end_date)
        return None if first > last else (first, last)

    @property
    def wanted_dimensions(self) -> tuple[str, ...]:
        """The dimensions that the user wants."""
        return self.tap.settings.report_group_by

    @property
    def group_by(self) -> list[str]:
        """The dimensions that are asked for: those wanted that the endpoint takes."""
        return [name for name in self.wanted_dimensions if name in self.dimensions]

    @property
    def row_dimensions(self) -> list[str]:
        """The dimensions that a row has: those asked for."""
        return self.group_by

    @property
    def shape(self) -> str:
        """What makes a row, in one text: all that is sent but dates, limit and cursor."""
        return json.dumps(self.row_question(), sort_keys=True)

    def row_question(self) -> dict[str, Any]:
        """Return the parameters that make a row what it is."""
        return {
            self.width_parameter: self.tap.settings.report_bucket_width,
            "group_by[]": self.group_by,
        }

    @property
    def paging(self) -> dict[str, Any]:
        """The parameters that say how much a page holds, and in which order."""
        return {"limit": self.tap.settings.page_size}

    @override
    def prepare_state(self) -> bool:
        """Start anew when other rows are asked for than before; name days that are lost."""
        if self.is_incremental and self.stream_state.get(SHAPE) != self.shape:
            if SHAPE in self.stream_state:
                self.logger.warning(
                    "Stream %s asks for other rows than in the last run (%s), so it reads"
                    " again from start_date.",
                    self.name,
                    self.shape,
                )
            bookmarks.write(self.stream_state, self.bookmark_key, None)
            self.stream_state[SHAPE] = self.shape
        is_early = super().prepare_state()
        if self.lost_days is not None:
            self._warn_of_lost(*self.lost_days)
        return is_early

    def _warn_of_lost(self, first: pendulum.Date, last: pendulum.Date) -> None:
        self.logger.warning(
            "The API serves usage and cost of the last 365 days only: those of %s to %s can"
            " no longer be had.",
            first,
            last,
        )

    @override
    def question(self, part: windows.Window) -> dict[str, Any]:
        first, last = part
        return {
            "starting_at": self.bookmark_text(first),
            "ending_at": self.bookmark_text(last.add(days=1)),  # exclusive
            **self.row_question(),
            **self.paging,
        }

    @override
    def parts(self, window: windows.Window) -> Iterator[windows.Window]:
        is_narrow = self.tap.settings.report_bucket_width == "1m"
        return windows.chunks(window, 1 if is_narrow else self.days_per_request)

    @override
    def read_part(self, asked: Asked) -> Iterator[Record]:
        first, last = asked.part
        try:
            yield from super().read_part(asked)
        except BadRequestError:
            # By the API's own clock the day may lie too far back by now.
            if first != self.earliest_day or self.window == (first, first):
                raise
            self._warn_of_lost(first, first)
            if first < last:
                (rest,) = self.ask([(first.add(days=1), last)])
                yield from super().read_part(rest)

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
            **self._part(row, self.dimensions_under, self.dimensions),
            **self._part(row, self.measures_under, self.measures),
        }
        if "actor" in record:
            record.update(actor_fields(record["actor"], record.get("actor_type")))
        if "currency" in record:
            record.update(money_fields(record))
        record["row_key"] = self._row_keys.key_of(record)
        record["data_refreshed_at"] = self._refreshed_at
        record["is_complete"] = self._is_complete(record["ending_at"])
        record[ADDITIONAL_FIELDS] = additional
        return (record,)

    def _part(self, row: Row, under: str | None, names: Iterable[str]) -> Row:
        part = row if under is None else row.get(under)
        if not isinstance(part, dict):
            msg = f"answered a row without {under}"
            raise UnexpectedRowError(msg)
        known = self.effective_schema["properties"]
        return {name: part.get(name) for name in names if name in known}

    @cached_property
    @override
    def row_shape(self) -> Shape:
        """The names that are known in a row, in the row's own nesting."""
        names = shape_of(self.effective_schema, amounts=self.amounts)
        shape: Shape = {
            name: names[name] for name in (STARTING_AT, "ending_at") if name in names
        }
        for under, part in (
            (self.dimensions_under, self.dimensions),
            (self.measures_under, self.measures),
        ):
            known = {name: names[name] for name in part if name in names}
            if under is None:
                shape.update(known)
            else:
                shape[under] = known
        return shape

    @override
    def response_error_message(self, response: requests.Response) -> str:
        message = super().response_error_message(response)
        if response.status_code not in REFUSALS:
            return message
        return (
            f"{message} Usage and cost also need a plan that has them; to run without,"
            f' deselect the stream ("!{self.name}.*" in select).'
        )


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


def without_deleted_users(settings: Settings) -> dict[str, Any]:
    """Return the parameter that leaves out deleted users, if they are to be left out."""
    return {"exclude_deleted_users": "true"} if settings.exclude_deleted_users else {}
