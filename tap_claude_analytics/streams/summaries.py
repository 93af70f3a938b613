"""The streams that are read from the organisation's daily summaries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_claude_analytics import clock, windows
from tap_claude_analytics.client import STREAM_FAULTS
from tap_claude_analytics.errors import (
    NotAvailableYetError,
    UnexpectedRowError,
)
from tap_claude_analytics.storable import ADDITIONAL_FIELDS
from tap_claude_analytics.streams.day_reading import DATE, STARTING_AT, Batch, DayReading
from tap_claude_analytics.streams.engagement import EngagementStream
from tap_claude_analytics.streams.fields import day_in, fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pendulum
    from singer_sdk.helpers.types import Record

    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.pages import Page
    from tap_claude_analytics.streams.day_reading import Asked

#: The most days that one request may span.
MAX_DAYS = 366

ALL_PRODUCTS = "all"
PERIODS = ("daily", "weekly", "monthly")
#: Users of Claude Tag are Slack users, also ones without a seat.
WITHOUT_SEATS = frozenset({"claude_tag"})
#: Digits after the point, as many as a float of this size tells apart.
RATE_DIGITS = 12

COUNT = re.compile(
    r"(?:(?P<product>.+)_)?(?P<period>daily|weekly|monthly)_active_user_count"
)


@dataclass(frozen=True)
class SummaryAnswer:
    """One answer of the endpoint, which may serve several streams.

    Attributes:
        part: The days that are answered; maybe fewer than were asked for.
        asked_at: An instant before the question.
        pages: The pages, which every stream decodes anew, since it edits its rows.
        error: Why there are no pages, None if there are.
        beyond: Why the days end earlier than was asked for, None if they do not.
    """

    part: windows.Window
    asked_at: pendulum.DateTime
    pages: tuple[Page, ...] = ()
    error: Exception | None = None
    beyond: NotAvailableYetError | None = None

    def __iter__(self) -> Iterator[Page]:
        """Yield the pages, or raise why there are none."""
        if self.error is not None:
            raise self.error
        return iter(self.pages)


class SummarySeries(EngagementStream):
    """A stream read from ``summaries``, whose rows say their day."""

    path = "summaries"

    @override
    def question(self, part: windows.Window) -> dict[str, Any]:
        first, last = part
        return {
            "starting_date": first.isoformat(),
            "ending_date": last.add(days=1).isoformat(),  # exclusive
        }

    def ask_for(self, part: windows.Window) -> SummaryAnswer:
        """Ask for some days; if their end is not there yet, again for what is."""
        first, last = part
        asked_at, beyond = clock.now(), None
        # Each endpoint that is asked on the way may have fewer days still.
        times_left = len(self.endpoints)
        while True:
            try:
                pages = self.pages_of((first, last))
            except NotAvailableYetError as error:
                if not times_left or not first <= error.latest < last:
                    return SummaryAnswer(part, asked_at, error=error)
                last, beyond = error.latest, error
                times_left -= 1
            except STREAM_FAULTS as error:
                return SummaryAnswer(part, asked_at, error=error)
            else:
                return SummaryAnswer((first, last), asked_at, pages, beyond=beyond)

    def pages_of(self, part: windows.Window) -> tuple[Page, ...]:
        """Return all pages of some days."""
        return tuple(self.ask_whole(self.question(part)))

    @override
    def read_part(self, asked: Asked) -> Iterator[Record]:
        yield from super().read_part(asked)
        if isinstance(asked, SummaryAnswer) and asked.beyond is not None:
            raise asked.beyond

    def by_day(
        self, part: windows.Window, rows: Iterable[Row]
    ) -> dict[pendulum.Date, list[Row]]:
        """Return the rows of each day that was asked for.

        Raises:
            UnexpectedRowError: If a row is of another day, or does not say of which.
        """
        days: dict[pendulum.Date, list[Row]] = {day: [] for day in windows.days(part)}
        for row in rows:
            day = day_in(row, STARTING_AT)
            if day is None or day not in days:
                msg = (
                    f"was asked for {part[0]} to {part[1]} and answered a row whose"
                    " starting_at is none of these days"
                )
                raise UnexpectedRowError(msg)
            days[day].append(row)
        return days


class SummaryStream(SummarySeries):
    """A stream of the whole organisation; all of these streams share the answers."""

    @override
    def parts(self, window: windows.Window) -> Iterator[windows.Window]:
        self._wanted = window
        if self.tap.summary_window is None:
            # Once, as bookmarks move while the streams are read one after the other.
            self.tap.summary_window = self._shared_window()
        return windows.chunks(self.tap.summary_window, MAX_DAYS)

    def _shared_window(self) -> windows.Window:
        """Return the days that any of these streams reads in this run."""
        wanted = [
            window
            for stream in self.tap.streams.values()
            if isinstance(stream, SummaryStream)
            and (stream.selected or stream is self)
            and (window := stream.window)
        ]
        return min(first for first, _ in wanted), max(last for _, last in wanted)

    @override
    def ask(self, parts: Iterable[windows.Window]) -> Iterator[SummaryAnswer]:
        first, last = self._wanted
        for part in parts:
            if part[1] < first or part[0] > last:
                continue
            answers = self.tap.summary_answers
            if part not in answers:
                answers[part] = self.ask_for(part)
            yield answers[part]

    @override
    def readings(self, asked: Asked) -> Iterator[DayReading]:
        batches = [self.batch(page) for page in asked]
        are_plain = all(batch.are_plain for batch in batches)
        rows = (row for batch in batches for row in batch.rows)
        for day, of_day in self.by_day(asked.part, rows).items():
            if self._wanted[0] <= day <= self._wanted[1]:
                yield DayReading(day, asked.asked_at, [Batch(of_day, are_plain)])


class OrgSummaries(SummaryStream):
    """The organisation on one day."""

    name = "org_summaries"
    primary_keys = (DATE,)


class Adoption(SummaryStream):
    """One product on one day, in long form."""

    name = "adoption"
    primary_keys = (DATE, "product")
    kept_under = f"{ADDITIONAL_FIELDS} of stream {OrgSummaries.name}"

    @override
    def to_records(self, row: Row, *, is_plain: bool) -> Iterable[Record]:
        """Return one record per product whose counts the row has.

        A product is known by its counts, so one that the API adds gets its records too.
        """
        counts: dict[str, dict[str, Any]] = {}
        for name in row:
            match = COUNT.fullmatch(name)
            if match:
                product = match["product"] or ALL_PRODUCTS
                count = self._value(row, name, "integer")
                counts.setdefault(product, {})[match["period"]] = count
        return [self._record(row, product, counts[product]) for product in counts]

    def _record(self, row: Row, product: str, counts: dict[str, Any]) -> Record:
        seats = self._value(row, "assigned_seat_count", "integer")
        record = {"product": product, "assigned_seat_count": seats}
        for period in PERIODS:
            count = counts.get(period)
            record[f"{period}_active_user_count"] = count
            rate = f"{period}_adoption_rate"
            if product == ALL_PRODUCTS:
                record[rate] = self._value(row, rate, "number")
            elif product in WITHOUT_SEATS:
                record[rate] = None
            else:
                record[rate] = adoption_rate(count, seats)
        return record

    def _value(self, row: Row, name: str, kind: str) -> Any:  # noqa: ANN401 - a JSON value
        """Return a field's value, null if it is not of its kind."""
        value = row.get(name)
        if fits(value, kind):
            return value
        self.drift.changed(name, kind)
        return None


def adoption_rate(count: int | None, seats: int | None) -> Decimal | None:
    """Return active users in per cent of seats, the API's own formula for ``all``."""
    if count is None or not seats:
        return None
    rate = round(Decimal(count) * 100 / seats, RATE_DIGITS).normalize()
    # 50, not 5E+1.
    return rate.quantize(Decimal(1)) if rate == rate.to_integral_value() else rate
