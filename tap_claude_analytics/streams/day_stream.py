"""The stream of days: the one loop from answers to records, readings and STATE messages."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_claude_analytics.api.client import MAX_RESTARTS
from tap_claude_analytics.api.errors import (
    CursorExpiredError,
    IneligibleError,
    RefusedError,
)
from tap_claude_analytics.common.errors import RowError, StreamFailedError
from tap_claude_analytics.common.names import (
    ADDITIONAL_FIELDS,
    DATE,
    SNAPSHOT_AT,
    STARTING_AT,
)
from tap_claude_analytics.days import windows
from tap_claude_analytics.days.availability import NotAvailableYetError
from tap_claude_analytics.days.ledger import Ledger, Start
from tap_claude_analytics.records.differences import Differences
from tap_claude_analytics.records.retyping import Retyping
from tap_claude_analytics.records.row_keys import DistinctKeys
from tap_claude_analytics.records.storable import make_storable
from tap_claude_analytics.sdk import SdkStream
from tap_claude_analytics.streams import assembly
from tap_claude_analytics.streams.request_metrics import request_metrics
from tap_claude_analytics.streams.sources.source import wrong_row

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    import pendulum
    from singer_sdk import Tap, metrics
    from singer_sdk.helpers.types import Context, Record

    from tap_claude_analytics.records.day import Batch, Day, Row, Step
    from tap_claude_analytics.streams.run import Run
    from tap_claude_analytics.streams.sources.source import Answer, Plan, Source
    from tap_claude_analytics.streams.spec import StreamSpec

_PLAN_ADVICE = (
    "Usage and cost also need a plan that has them, which HIPAA-ready organisations, for"
    " instance, do not have."
)
_LEGACY_ADVICE = (
    "The legacy reports may be open all the same: select user_usage_report, usage_report,"
    " user_cost_report or cost_report instead."
)


class DayStream(SdkStream):
    """A stream whose records belong to whole UTC days, read oldest first.

    Attributes:
        spec: What the stream is.
        record: What a record is, in words.
    """

    check_sorted = False  # a lookback begins before the bookmark

    def __init__(self, tap: Tap, spec: StreamSpec, run: Callable[[], Run]) -> None:
        """Create the stream of a spec.

        Args:
            tap: The tap.
            spec: What the stream is.
            run: Returns what the streams share; called when the stream is read, because
                discovery has neither settings nor a key.
        """
        super().__init__(tap, schema=spec.schema.load(), name=spec.name)
        self.spec = spec
        self.record = spec.record
        self.primary_keys = spec.keys
        self.replication_key = spec.replication_key
        self.selected_by_default = spec.is_default
        self._run = run

    @property
    def ledger(self) -> Ledger:
        """What is known of the stream from run to run."""
        return Ledger(
            self.name,
            self.stream_state,
            # Whatever a catalog has made of the replication key.
            replication_key=self.spec.replication_key,
            is_incremental=self.replication_method == "INCREMENTAL",
        )

    def source(self, on_answer: Callable[[int, float], None]) -> Source[Any]:
        """Return what reads the days.

        Args:
            on_answer: Called with status and seconds after every answered request.
        """
        run = self._run()
        shape = assembly.row_shape(self.spec, self.retyping.known, run)
        return assembly.source(self.spec, shape, run, self.logger, on_answer)

    @cached_property
    def retyping(self) -> Retyping:
        """From the types of the stream to those of a catalog."""
        return Retyping(self.schema, self.effective_schema)

    def start(self) -> Start:
        """Write down where the stream starts, before the first STATE of the run."""
        source, ledger = self.source(_measure_nothing), self.ledger
        shape = source.shape + assembly.masking_of(self.spec, self._run().settings)
        start = ledger.start(shape, shape_if_missing=source.shape_if_missing)
        source.start(ledger)
        return start

    def plan(self) -> Plan:
        """Return the days to read after `start`; makes no request."""
        return self.source(_measure_nothing).plan(self.ledger)

    @override
    def get_record_counter(
        self, *, endpoint: str | None = None, log_interval: float = math.inf
    ) -> metrics.Counter:
        # One line per stream.
        return super().get_record_counter(endpoint=endpoint, log_interval=log_interval)

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield the records of every day to read.

        An error fails this stream only: the tap reads the others, and then ends with exit
        code 1. A day that the API does not have yet is not an error.
        """
        run = self._run()
        shape = assembly.row_shape(self.spec, self.retyping.known, run)
        differences = Differences(shape, self.logger, outcome=self._outcome_of_misfits)
        with request_metrics(self.name, self.spec.path) as on_answer:
            source = assembly.source(self.spec, shape, run, self.logger, on_answer)
            steps = assembly.steps(self.spec, self.retyping.known, run, differences)
            sync = _Sync(run, source, self.ledger, steps, differences)
            try:
                yield from self._read(sync)
            except NotAvailableYetError as error:
                self._stop_early(sync, error)
            except StreamFailedError as error:
                run.failures.add(self.name, error, self.advice(error))
            finally:
                differences.log()
                for warning in source.warnings():
                    self.logger.warning(warning)

    @override
    def fail(self, error: Exception) -> None:
        self._run().failures.add(self.name, error)

    def _stop_early(self, sync: _Sync, error: NotAvailableYetError) -> None:
        """End the stream where the API has no more days, if that can be true.

        A day that has been read is there: an answer that denies it is about something else.
        """
        read = [day for day in (sync.ledger.bookmark, sync.latest_day) if day is not None]
        if any(error.latest < day for day in read):
            sync.run.failures.add(self.name, error.error)
            return
        if not error.is_named:
            self.logger.info("Stream %s stopped early: %s", self.name, error)
            return
        self.logger.warning(
            "Stream %s stopped early: %s That is %d days back, more than data_delay_days"
            " (%d); a later run reads the other days.",
            self.name,
            error,
            (sync.run.today - error.latest).days,
            sync.run.settings.data_delay_days,
        )

    @property
    def _outcome_of_misfits(self) -> str:
        """What becomes of unknown fields, for the log."""
        if self._run().settings.personal_data != "keep":
            return "left out (personal_data)"
        if self.spec.rows_fit is None:
            return f"kept in {ADDITIONAL_FIELDS}"
        return f"kept in {ADDITIONAL_FIELDS} of stream {self.spec.rows_fit.file}"

    def advice(self, error: StreamFailedError) -> str:
        """Return what a user can do besides what the error says."""
        if not isinstance(error, (RefusedError, IneligibleError)):
            return ""
        report = self.spec.report
        if report is None:
            return self._deselection if isinstance(error, IneligibleError) else ""
        alternative = f" {_LEGACY_ADVICE}" if report.is_beta else ""
        return f"{_PLAN_ADVICE} {self._deselection}{alternative}"

    @property
    def _deselection(self) -> str:
        return (
            f'To run without it, deselect the stream ("!{self.name}.*" in select, or in the'
            " catalog)."
        )

    def _read(self, sync: _Sync) -> Iterator[Record]:
        """Ask for the days of the plan, and emit them."""
        plan = sync.source.plan(sync.ledger)
        if plan.is_empty:
            sync.run.progress.begin(self.name, 0, 0)
            return
        questions = sync.source.questions(plan, sync.ledger)
        day_count = sum(windows.day_count(question.needed) for question in questions)
        sync.run.progress.begin(self.name, day_count, len(questions))
        with contextlib.closing(sync.source.ask(questions)) as answers:
            for answer in answers:
                yield from self._emit_answer(sync, answer)
                sync.run.progress.question_done()
        if sync.source.limited_by and sync.days_read and not sync.rows_read:
            self.logger.warning(
                "Stream %s has no rows on any of %d days that match %s. Check its ids.",
                self.name,
                sync.days_read,
                sync.source.limited_by,
            )

    def _emit_answer(self, sync: _Sync, answer: Answer) -> Iterator[Record]:
        """Emit the days of an answer; if its cursor expires, ask for the rest again."""
        question = answer.question
        restarts = 0
        with contextlib.ExitStack() as asked_again:
            while True:
                try:
                    for day in sync.source.days(answer):
                        yield from self._emit_day(sync, day)
                        question, restarts = question.rest_after(day.date), 0
                except CursorExpiredError:
                    restarts += 1
                    if restarts == MAX_RESTARTS:
                        raise
                    first, _ = question.window
                    self.logger.info("The cursor expired; reading again from %s.", first)
                    answers = contextlib.closing(sync.source.ask([question]))
                    answer = next(asked_again.enter_context(answers))
                else:
                    return

    def _emit_day(self, sync: _Sync, day: Day) -> Iterator[Record]:
        """Emit the records of a day, then its reading, its bookmark and a STATE."""
        snapshot_at = sync.ledger.next_snapshot(day.asked_at)
        row_count = yield from self._emit_records(sync, day, snapshot_at)
        sync.run.readings.write(
            self.name,
            day.date.isoformat(),
            snapshot_at=snapshot_at,
            row_count=row_count,
            complete=day.is_complete,
        )
        sync.source.note(sync.ledger, day, row_count)
        sync.ledger.note_organization(sync.run.organization.id)
        sync.latest_day = day.date
        sync.days_read += 1
        sync.rows_read += row_count
        if sync.are_all_complete and not day.is_complete and day.complete_until is None:
            self.logger.warning(
                "The API does not say up to when the data of stream %s is complete"
                " (data_refreshed_at is null), so its bookmark stays where it is: the next"
                " run reads the days from %s again.",
                self.name,
                day.date,
            )
        sync.are_all_complete = sync.are_all_complete and day.is_complete
        if sync.are_all_complete and sync.ledger.is_incremental:
            sync.ledger.advance(day.date)
        self.write_state()
        sync.run.progress.day_done(row_count)

    def _emit_records(
        self, sync: _Sync, day: Day, snapshot_at: str
    ) -> Generator[Record, None, int]:
        """Yield the records of a day, and return how many different keys they have."""
        batch: Batch | None = None

        def rows() -> Iterator[Row]:
            nonlocal batch
            for batch in day.batches:
                yield from sync.differences.known_rows(batch, self.spec.null_fields)

        records: Iterable[Record] = rows()
        for step in sync.steps:
            records = step(records, day)
        date = day.date.isoformat()
        key_names = tuple(self.primary_keys)
        is_by_time = self.spec.report is not None and self.spec.report.is_beta
        keys = DistinctKeys(is_by_time=is_by_time and key_names[:1] == (STARTING_AT,))
        row_count = 0
        try:
            for record in records:
                record[DATE] = date
                record[SNAPSHOT_AT] = snapshot_at
                if batch is not None and batch.is_suspect:
                    make_storable(record, key_names, sync.differences.replaced)
                self.retyping.apply(record)
                key = tuple(map(record.get, key_names))
                if None in key:
                    raise _without_key(key_names[key.index(None)], date, self.name)
                keys.add(key)
                row_count += 1
                yield record
        except RowError as error:
            request_id = batch.request_id if batch is not None else "unknown"
            raise wrong_row(self.spec.path, error, request_id) from None
        if key_names and len(keys) < row_count:
            self.logger.warning(
                "%d of the %d rows of %s share a primary key with another row: an upserting"
                " target will keep %d.",
                row_count - len(keys),
                row_count,
                date,
                len(keys),
            )
        return len(keys) if key_names else row_count


def _without_key(missing: str, date: str, stream: str) -> RowError:
    return RowError(
        f"a row of {date} without a value for {missing}, which is part of the primary key"
        f" of stream {stream}"
    )


def _measure_nothing(_status: int, _seconds: float) -> None:
    """Ignore a request."""


@dataclass
class _Sync:
    """One sync of one stream: what takes part in it, and what it has read so far."""

    run: Run
    source: Source[Any]
    ledger: Ledger
    steps: tuple[Step, ...]
    differences: Differences
    days_read: int = 0
    rows_read: int = 0
    latest_day: pendulum.Date | None = None
    are_all_complete: bool = True
