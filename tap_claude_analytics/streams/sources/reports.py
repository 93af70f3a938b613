"""The source of usage and cost: one question for up to 31 days."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_claude_analytics.api.errors import BadRequestError
from tap_claude_analytics.api.read_ahead import Fetched
from tap_claude_analytics.common import clock
from tap_claude_analytics.common.dates import midnight
from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.common.names import STARTING_AT
from tap_claude_analytics.days import windows
from tap_claude_analytics.days.revisions import DaySeen, digest_of, spans
from tap_claude_analytics.records.day import Batch, Day
from tap_claude_analytics.records.reports import instant, is_over, rename_email
from tap_claude_analytics.records.shapes import RowDecoder
from tap_claude_analytics.streams.sources.report_settings import MAX_DAYS
from tap_claude_analytics.streams.sources.source import Plan, Question, Source

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    import pendulum

    from tap_claude_analytics.api.pages import Page
    from tap_claude_analytics.days.ledger import Ledger
    from tap_claude_analytics.days.windows import Window
    from tap_claude_analytics.records.day import Row
    from tap_claude_analytics.streams.sources.report_settings import ReportSettings
    from tap_claude_analytics.streams.sources.source import Endpoint

#: A bucket of the legacy reports has at most so many groups.
MAX_GROUPS = 100

_ANY_ROWS = RowDecoder(dict)


class ReportSource(Source[Fetched[Question]]):
    """Reads rows that say how much was used or spent in a bucket of time."""

    def __init__(
        self,
        endpoint: Endpoint,
        settings: ReportSettings,
        decoder: RowDecoder,
        logger: logging.Logger,
    ) -> None:
        """Create a source.

        Args:
            endpoint: The endpoint.
            settings: Which days to read, and of which rows.
            decoder: Decodes the rows.
            logger: The logger of the stream.
        """
        self._endpoint = endpoint
        self._settings = settings
        self._decoder = decoder
        self._logger = logger
        self._full_buckets: set[str] = set()
        self.shape = settings.shape
        self.shape_if_missing = None
        self.limited_by = settings.limited_by
        self.endpoints = (endpoint.path,)

    @override
    def start(self, ledger: Ledger) -> None:
        """Warn of days that the API no longer serves, and forget revisable ones."""
        lost = self._settings.lost_window(ledger.bookmark)
        if lost is not None:
            self._warn_of_lost(lost)
        if not self._settings.checks_revisions or not ledger.is_incremental:
            return
        if ledger.bookmark is None:
            ledger.write_revisable({})
        elif ledger.revisable is None:
            seen = self._settings.seen_by_first_version(ledger.bookmark)
            ledger.write_revisable(seen)
        revisable = ledger.revisable or {}
        gone = [day for day in revisable if day < self._settings.earliest_day]
        if gone:
            self._warn_of_lost((min(gone), max(gone)))
            for day in gone:
                del revisable[day]
            ledger.write_revisable(revisable)

    @override
    def note(self, ledger: Ledger, day: Day, row_count: int) -> None:
        """Remember a day that is to be read again, and forget one that is not."""
        if not self._settings.checks_revisions or not ledger.is_incremental:
            return
        revisable = ledger.revisable or {}
        revisable.pop(day.date, None)
        if not (day.is_complete and self._settings.is_past_lookback(day.date)):
            revisable[day.date] = DaySeen(day.totals_digest, row_count)
        ledger.write_revisable(revisable)

    def _warn_of_lost(self, window: Window) -> None:
        self._logger.warning(
            "The API serves usage and cost only of the last 365 days: those of %s to %s can"
            " no longer be read.",
            *window,
        )

    @override
    def plan(self, ledger: Ledger) -> Plan:
        return self._settings.plan(ledger)

    @override
    def questions(self, plan: Plan, ledger: Ledger) -> Sequence[Question]:
        """Return the questions; ask for totals first, to see which days were revised."""
        new = [] if plan.new is None else list(windows.days(plan.new))
        if not self._settings.checks_revisions:
            size = self._settings.days_per_request
            parts = windows.chunks(plan.new, size) if plan.new else ()
            return [*map(Question.about, parts)]
        digests = self._ask_for_digests(ledger, [*plan.revisable, *new])
        known = ledger.revisable or {}
        revised = [
            day
            for day in plan.revisable
            if self._settings.is_past_lookback(day)
            or not known[day].digest
            or known[day].digest != digests.get(day)
        ]
        parts = spans(
            [*revised, *new],
            {day: seen.row_count for day, seen in known.items()},
            most_days=self._settings.days_per_request,
            most_rows=self._settings.page_size // 2,
        )
        return [Question(part, part, digests) for part in parts]

    def _ask_for_digests(
        self, ledger: Ledger, days: Iterable[pendulum.Date]
    ) -> dict[pendulum.Date, str]:
        """Return digests of the totals of the days that are to be read again.

        Today is never complete, so it is read anyway. The totals are asked for before the
        days, so that a revision in between shows in the next run.
        """
        wanted = [day for day in days if self._settings.needs_totals(day)]
        if not wanted or not ledger.is_incremental:
            return {}
        rows: dict[pendulum.Date, list[Row]] = {}
        window = (min(wanted), max(wanted))
        for span in windows.chunks(window, MAX_DAYS):
            rows.update({day: [] for day in windows.days(span)})
            parameters = self._settings.parameters_of_totals(span)
            for page in self._endpoint.all_pages(parameters):
                batch = self._endpoint.batch(page, _ANY_ROWS)
                with self._endpoint.explained(batch.request_id):
                    for row in batch.rows:
                        rows.setdefault(_day_of(row), []).append(row)
        return {day: digest_of(of_day) for day, of_day in rows.items()}

    @override
    def ask(
        self, questions: Iterable[Question]
    ) -> Generator[Fetched[Question], None, None]:
        return self._endpoint.read_ahead(
            questions,
            lambda question: self._endpoint.pages(
                self._settings.parameters(question.window)
            ),
            recoverable=(BadRequestError,),
        )

    @override
    def days(self, answer: Fetched[Question]) -> Iterator[Day]:
        first, last = answer.question.window
        try:
            yield from self._cut(answer)
        except BadRequestError:
            # Since the run began, midnight may have passed: the oldest day is too old now.
            is_too_old = first == self._settings.earliest_day
            if not is_too_old or clock.today() == self._settings.today:
                raise
            self._warn_of_lost((first, first))
            if first < last:
                rest = answer.question.rest_after(first)
                with contextlib.closing(self.ask([rest])) as answers:
                    yield from self._cut(next(answers))

    def _cut(self, answer: Fetched[Question]) -> Iterator[Day]:
        """Yield the days, each as soon as its last row has arrived."""
        first, last = answer.question.window
        refresh = _Refresh()
        days = windows.days(answer.question.window)
        day, waiting = next(days), list[_Rows]()
        for page in answer:
            refresh = refresh.earlier_of(page.data_refreshed_at)
            batch = self._batch(page)
            stop = 0
            with self._endpoint.explained(page.request_id):
                for row_day, of_day in groupby(batch.rows, _day_of):
                    while day < row_day <= last:
                        yield self._day(answer, day, waiting, refresh)
                        day, waiting = next(days), []
                    if row_day != day:
                        msg = (
                            f"a row whose {STARTING_AT} is out of order; expected"
                            f" {first} to {last}, oldest first"
                        )
                        raise RowError(msg)
                    rows = list(of_day)
                    start, stop = stop, stop + len(rows)
                    of_page = replace(batch, rows=rows)
                    waiting.append(_Rows(page, slice(start, stop), of_page))
            if stop:
                # Decoded, the rows of a large day would take too much memory.
                waiting[-1] = waiting[-1].packed()
        for rest in [day, *days]:
            yield self._day(answer, rest, waiting, refresh)
            waiting = []

    def _day(
        self,
        answer: Fetched[Question],
        day: pendulum.Date,
        waiting: Sequence[_Rows],
        refresh: _Refresh,
    ) -> Day:
        is_complete = is_over(midnight(day.add(days=1)), refresh.complete_until)
        return Day(
            day,
            answer.asked_at,
            (self._unpacked(rows) for rows in waiting),
            is_complete=is_complete,
            is_final=is_complete and self._settings.is_final(day),
            refreshed_at=refresh.earliest,
            complete_until=refresh.complete_until,
            totals_digest=answer.question.digests.get(day, ""),
        )

    def _unpacked(self, rows: _Rows) -> Batch:
        if rows.batch is not None:
            return rows.batch
        batch = self._batch(rows.page)
        return replace(batch, rows=batch.rows[rows.place])

    def _batch(self, page: Page) -> Batch:
        """Return the rows of a page; those of buckets one by one, with their bucket."""
        batch = self._endpoint.batch(page, self._decoder)
        with self._endpoint.explained(page.request_id):
            if self._settings.report.has_buckets:
                batch = replace(batch, rows=list(self._results(batch.rows)))
        if not batch.conforms:
            for row in batch.rows:
                rename_email(row)
        return batch

    def _results(self, buckets: Iterable[Row]) -> Iterator[Row]:
        for bucket in buckets:
            results = bucket.pop("results", None)
            if not isinstance(results, list):
                msg = "a bucket without results"
                raise RowError(msg)
            if len(results) == MAX_GROUPS:
                self._full_buckets.add(str(bucket.get(STARTING_AT)))
            for result in results:
                if not isinstance(result, dict):
                    msg = "a result that is not an object"
                    raise RowError(msg)
                yield {**bucket, **result}

    @override
    def warnings(self) -> Iterator[str]:
        if self._full_buckets:
            yield (
                f"{len(self._full_buckets)} buckets of stream {self._endpoint.path} have"
                f" {MAX_GROUPS} groups, the most that this legacy report shows, so they may"
                f" lack some; stream {self._endpoint.path.removesuffix('_report')} has all."
            )

    @override
    def sample(self, day: pendulum.Date) -> Mapping[str, Any]:
        return self._settings.parameters((day, day)) | {"limit": 1}


class _Refresh(NamedTuple):
    """What the pages so far say about when their data was collected.

    Attributes:
        earliest: The earliest refresh, None if no page names one.
        is_known: Whether every page names one.
    """

    earliest: str | None = None
    is_known: bool = True

    def earlier_of(self, refreshed_at: str | None) -> _Refresh:
        """Return the same with one more page."""
        if refreshed_at is None:
            return self._replace(is_known=False)
        if self.earliest is None or instant(refreshed_at) < instant(self.earliest):
            return self._replace(earliest=refreshed_at)
        return self

    @property
    def complete_until(self) -> str | None:
        """The instant up to which the data is complete, None if that is unknown."""
        return self.earliest if self.is_known else None


class _Rows(NamedTuple):
    """Some rows of a page, all of one day.

    Attributes:
        page: The page.
        place: Where they are among the rows of the page.
        batch: The rows, None while they wait undecoded.
    """

    page: Page
    place: slice
    batch: Batch | None

    def packed(self) -> _Rows:
        """Return the same in less memory."""
        return self._replace(page=self.page.packed(), batch=None)


def _day_of(row: Row) -> pendulum.Date:
    return instant(row.get(STARTING_AT)).date()
