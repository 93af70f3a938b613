"""What the streams of days share: questions, whole days, records and readings."""

from __future__ import annotations

import abc
import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import StreamSchema
from typing_extensions import override

from tap_claude_analytics import bookmarks, windows
from tap_claude_analytics.answers import latest_available_day
from tap_claude_analytics.client import STREAM_FAULTS
from tap_claude_analytics.errors import (
    CursorExpiredError,
    NotAvailableYetError,
    UnexpectedAnswerError,
    UnexpectedRowError,
)
from tap_claude_analytics.pages import PageReader
from tap_claude_analytics.prefetch import Ahead
from tap_claude_analytics.storable import ADDITIONAL_FIELDS
from tap_claude_analytics.streams.bookmarked import BookmarkedStream
from tap_claude_analytics.streams.day_reading import DATE, SNAPSHOT_AT, Batch
from tap_claude_analytics.streams.drift import Drift
from tap_claude_analytics.streams.fields import SCHEMAS, Shape, row_type, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pendulum
    import requests
    from singer_sdk.helpers.types import Context, Record

    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.pages import Page
    from tap_claude_analytics.streams.day_reading import Asked, DayReading

#: The cursor of one day may expire so often before the stream fails.
MAX_RESTARTS = 3


class DayStream(BookmarkedStream, abc.ABC):
    """A stream whose records belong to whole UTC days, read oldest first."""

    schema: ClassVar[StreamSchema[str]] = StreamSchema(SCHEMAS)

    #: Top-level fields that are the tap's own; a field of the API that comes to have one
    #: of these names is kept under ``additional_fields``.
    added_fields: ClassVar[frozenset[str]] = frozenset()

    #: Where the log says that the values of fields are kept that do not fit the schema.
    kept_under: ClassVar[str] = ADDITIONAL_FIELDS

    #: Fields that are amounts of money: decimal strings in cents.
    amounts: ClassVar[tuple[str, ...]] = ()

    #: Errors after which the days that follow are read all the same.
    mended: ClassVar[tuple[type[Exception], ...]] = (CursorExpiredError,)

    #: Fields that have a value in grouped answers only.
    grouped_fields: ClassVar[frozenset[str]] = frozenset()

    @abc.abstractmethod
    def parts(self, window: windows.Window) -> Iterator[windows.Window]:
        """Cut a window into the days of one question each, oldest first."""

    @abc.abstractmethod
    def question(self, part: windows.Window) -> dict[str, Any]:
        """Return the parameters that ask for these days."""

    @abc.abstractmethod
    def readings(self, asked: Asked) -> Iterator[DayReading]:
        """Yield one reading per day that was asked for, oldest first."""

    @property
    def narrowed_by(self) -> str | None:
        """The setting that leaves a part of the rows only, None where none does."""
        return None

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoints that have to be open for the stream."""
        return (self.path,)

    @property
    def asked_stream(self) -> DayStream:
        """The stream that speaks for the endpoint asked last: as a rule itself."""
        return self

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield the records of every day of the window.

        An answer that makes it impossible to read on fails this stream only: the tap
        lets the others run, and ends with an error. A day that the API does not have yet
        is no failure.
        """
        # The SDK notes here where the run starts, a day that may never be emitted.
        self.stream_state.pop("starting_replication_value", None)
        if self.tap.trouble.key_refused:
            return
        try:
            with contextlib.ExitStack() as self._exit:
                yield from self._read_days()
        except NotAvailableYetError as error:
            self.tap.trouble.answered(self.asked_stream.path)
            self.logger.info("Stream %s ends here for now: %s", self.name, error)
        except STREAM_FAULTS as error:
            asked = self.asked_stream
            reason = asked.fault_text(error)
            self.tap.trouble.failed(self.name, asked.path, error, reason)
        finally:
            self.drift.tell()
            self.requests_session.close()

    def _read_days(self) -> Iterator[Record]:
        window = self.window
        if window is None:
            self.logger.info("Stream %s has no new day to read.", self.name)
            self.tap.progress.begin(self.name, 0, 0)
            return
        parts = list(self.parts(window))
        self.tap.progress.begin(self.name, windows.shared(window, parts), len(parts))
        self._all_complete = True
        self._days_read = self._rows_read = 0
        for asked in self.ask(parts):
            yield from self.read_part(asked)
            self.tap.progress.part_done()
        if self.narrowed_by and self._days_read and not self._rows_read:
            self.logger.warning(
                "Stream %s has no row on any of %d days that fits %s: are its ids right?",
                self.name,
                self._days_read,
                self.narrowed_by,
            )

    def ask(self, parts: Iterable[windows.Window]) -> Iterable[Asked]:
        """Ask for parts ahead and in parallel; yield the answers in order."""
        # Made once, here, and not by the first threads at the same time.
        _ = (self.requests_session, self.page_reader)
        ahead = Ahead(
            parts,
            lambda part: self.request_pages(self.question(part)),
            parallel=self.tap.settings.max_parallel_requests,
            mended=self.mended,
        )
        self._exit.callback(ahead.close)
        return ahead

    def ask_whole(self, question: dict[str, Any]) -> list[Page]:
        """Return all pages of an answer; from the first one anew if a cursor expires."""
        restarts = 0
        while True:
            try:
                return list(self.request_pages(question))
            except CursorExpiredError:
                restarts += 1
                if restarts == MAX_RESTARTS:
                    raise

    def read_part(self, asked: Asked) -> Iterator[Record]:
        """Yield the records of some days.

        Should a cursor expire, the days that are not completely emitted are asked for anew.
        """
        first, last = asked.part
        restarts = 0
        while True:
            try:
                with self.explained():
                    for reading in self.readings(asked):
                        yield from self._emit(reading)
                        first, restarts = reading.day.add(days=1), 0
            except CursorExpiredError:
                restarts += 1
                if restarts == MAX_RESTARTS:
                    raise
                self.logger.info("The cursor expired: reading again from %s.", first)
                (asked,) = self.ask([(first, last)])
            else:
                return

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Say of a row that is not right where it came from.

        Raises:
            UnexpectedAnswerError: With endpoint and request id.
        """
        try:
            yield
        except UnexpectedRowError as error:
            msg = f"{self.url_base}{self.path} {error} (request id {self._request_id})."
            raise UnexpectedAnswerError(msg) from None

    def _emit(self, reading: DayReading) -> Iterator[Record]:
        """Yield the records of one day, then write its reading and its STATE."""
        day = reading.day.isoformat()
        snapshot_at = bookmarks.next_snapshot(self.stream_state, reading.asked_at)
        self.start_reading(reading.day)
        key_names = tuple(self.primary_keys)
        row_count = 0
        keys = set()
        for rows, is_plain in reading.batches:
            is_suspect = self.tap.is_suspect
            for row in rows:
                for record in self.to_records(row, is_plain=is_plain):
                    record[DATE] = day
                    record[SNAPSHOT_AT] = snapshot_at
                    if is_suspect:
                        self.drift.make_storable(record, key_names)
                    key = tuple(map(record.get, key_names))
                    if None in key:
                        raise self._keyless(day, key_names[key.index(None)])
                    keys.add(key)
                    row_count += 1
                    yield record
        if key_names and len(keys) < row_count:
            self.logger.warning(
                "%d of the %d rows of %s have the key of another row, so that a target"
                " that upserts keeps %d.",
                row_count - len(keys),
                row_count,
                day,
                len(keys),
            )
        self.tap.readings.write(
            self.name,
            day,
            snapshot_at=snapshot_at,
            row_count=row_count,
            complete=reading.is_complete,
        )
        self.note_reading(reading.day, row_count)
        self._days_read += 1
        self._rows_read += row_count
        self._all_complete = self._all_complete and reading.is_complete
        if self._all_complete and self.is_incremental:
            self.advance(reading.day)
        self.tap.state_writer.write_state(self.tap_state)
        self.tap.progress.day_done(row_count)

    def note_reading(self, day: pendulum.Date, row_count: int) -> None:
        """Note in the state what else is to be known of a reading, before its STATE."""

    def start_reading(self, day: pendulum.Date) -> None:
        """Forget what holds for the rows of one reading only."""

    def to_records(self, row: Row, *, is_plain: bool) -> Iterable[Record]:
        """Return the records that a row becomes: by default one, with its own fields."""
        for name in self.grouped_fields:
            if name in row and row[name] is None:
                del row[name]
        row[ADDITIONAL_FIELDS] = None if is_plain else self.drift.take_misfits(row)
        self.add_fields(row)
        return (row,)

    def batch(self, page: Page) -> Batch:
        """Return the rows of a page."""
        self.tap.is_suspect = self.tap.is_suspect or page.is_suspect
        self._request_id = page.request_id
        return Batch(page.rows(), page.is_plain)

    def add_fields(self, row: Row) -> None:
        """Add the stream's own top-level fields to a row."""

    def _keyless(self, day: str, missing: str) -> UnexpectedRowError:
        return UnexpectedRowError(
            f"answered a row of {day} without a value for {missing} that can be a key of"
            f" stream {self.name}"
        )

    @cached_property
    def row_shape(self) -> Shape:
        """The names that are known in a row of the API, in the row's own nesting."""
        own = {DATE, SNAPSHOT_AT, ADDITIONAL_FIELDS, *self.added_fields}
        return shape_of(self.effective_schema, without=own, amounts=self.amounts)

    @cached_property
    @override
    def page_reader(self) -> PageReader:
        return PageReader(self.row_kind)

    @property
    def row_kind(self) -> type:
        """The type, for a decoder, of rows that are just what the schema says."""
        return row_type(self.row_shape, nulls=self.grouped_fields)

    @cached_property
    def drift(self) -> Drift:
        """What the rows held that was not expected."""
        return Drift(self.row_shape, self.logger, kept_under=self.kept_under)

    @override
    def validate_response(self, response: requests.Response) -> None:
        """Tell a day that is not there yet from the errors.

        Raises:
            NotAvailableYetError: If the API says up to which earlier day it has data.
        """
        latest = latest_available_day(response, self.tap.today)
        if latest is not None:
            msg = f"the API has days up to {latest} so far."
            raise NotAvailableYetError(msg, latest)
        super().validate_response(response)
