"""The streams that are read from the organisation's daily summaries."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_claude_analytics import clock, windows
from tap_claude_analytics.client import STREAM_FAULTS
from tap_claude_analytics.errors import NotAvailableYetError, UnexpectedAnswerError
from tap_claude_analytics.storable import ADDITIONAL_FIELDS
from tap_claude_analytics.streams.base import DATE, STARTING_AT, DayReading, DayStream
from tap_claude_analytics.streams.fields import day_in, fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pendulum
    from singer_sdk.helpers.types import Record

    from tap_claude_analytics.answers import Row

#: The most days that one request may span.
MAX_DAYS = 366

ALL_PRODUCTS = "all"
PERIODS = ("daily", "weekly", "monthly")
#: Users of Claude Tag are Slack users, also ones without a seat.
WITHOUT_SEATS = frozenset({"claude_tag"})
#: Digits after the point, as many as a float of this size tells apart.
RATE_DIGITS = 12

_COUNT = re.compile(
    r"(?:(?P<product>.+)_)?(?P<period>daily|weekly|monthly)_active_user_count"
)


@dataclass
class SummaryAnswer:
    """One answer of the endpoint: the rows of its days, and what it ended with if not well.

    Attributes:
        asked_at: An instant before the question.
        rows: The rows of each day that was answered, oldest first, none for a day
            without rows.
        error: Why there are no more days, None if there are all that were asked for.
    """

    asked_at: pendulum.DateTime
    rows: dict[pendulum.Date, list[Row]]
    error: Exception | None = None

    def readings(self) -> Iterator[DayReading]:
        """Yield the days that the answer holds, then raise what it ended with."""
        for day, rows in self.rows.items():
            # Streams edit their rows, so each gets its own.
            yield DayReading(day, self.asked_at, copy.deepcopy(rows))
        if self.error is not None:
            raise self.error


class SummaryStream(DayStream):
    """A stream read from ``summaries``; all of these streams share its answers."""

    path = "summaries"

    @override
    def read(self, window: windows.Window) -> Iterator[DayReading]:
        first, last = window
        answers = self.tap.summary_answers
        if self.tap.summary_window is None:
            # Once, as bookmarks move while the streams are read one after the other.
            self.tap.summary_window = self._shared_window()
        for chunk in windows.chunks(self.tap.summary_window, MAX_DAYS):
            if chunk[1] < first or chunk[0] > last:
                continue
            if chunk not in answers:
                answers[chunk] = self._ask(chunk)
            for reading in answers[chunk].readings():
                if first <= reading.day <= last:
                    yield reading

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

    def _ask(self, window: windows.Window) -> SummaryAnswer:
        """Ask for a window; if its end is not there yet, once more for what is."""
        asked_at = clock.now()
        try:
            return SummaryAnswer(asked_at, self._rows(window))
        except NotAvailableYetError as error:
            answered = (window[0], error.latest)
            if error.latest < window[0]:
                return SummaryAnswer(asked_at, {}, error)
            try:
                return SummaryAnswer(asked_at, self._rows(answered), error)
            except STREAM_FAULTS as second_error:
                return SummaryAnswer(asked_at, {}, second_error)
        except STREAM_FAULTS as error:
            return SummaryAnswer(asked_at, {}, error)

    def _rows(self, window: windows.Window) -> dict[pendulum.Date, list[Row]]:
        """Ask once for the rows of a window, and sort them by their day."""
        rows: dict[pendulum.Date, list[Row]] = {day: [] for day in windows.days(window)}
        first, last = window
        question = {
            "starting_date": first.isoformat(),
            "ending_date": last.add(days=1).isoformat(),  # exclusive
        }
        for row in self.request_records(question):
            day = day_in(row, STARTING_AT)
            if day not in rows:
                msg = (
                    f"{self.url_base}{self.path} was asked for {first} to {last} and"
                    " answered a row whose starting_at is none of these days."
                )
                raise UnexpectedAnswerError(msg)
            rows[day].append(row)
        return rows


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
    def to_records(self, row: Row) -> Iterable[Record]:
        """Return one record per product whose counts the row has.

        A product is known by its counts, so one that the API adds gets its records too.
        """
        counts: dict[str, dict[str, Any]] = {}
        for name in row:
            match = _COUNT.fullmatch(name)
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
