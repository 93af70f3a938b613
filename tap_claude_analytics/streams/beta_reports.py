"""Token usage and cost: the endpoints that supersede the legacy reports."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_claude_analytics import dimensions, windows
from tap_claude_analytics.streams import revisions
from tap_claude_analytics.streams.day_reading import STARTING_AT
from tap_claude_analytics.streams.report_fields import instant
from tap_claude_analytics.streams.report_questions import MAX_DAYS, without_deleted_users
from tap_claude_analytics.streams.reports import (
    MEASURES_OF_COST,
    MEASURES_OF_USAGE,
    ReportStream,
)
from tap_claude_analytics.streams.revisions import DaySeen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import pendulum
    from singer_sdk.helpers.types import Record

    from tap_claude_analytics.answers import Row

#: The setting's value with which totals say which days are read again.
TOTALS = "totals"
#: What totals are asked for by, so that few shifts leave them alone.
DIMENSIONS_OF_TOTALS = ("product", "model")


class BetaReportStream(ReportStream):
    """A stream of the endpoints that supersede the legacy reports."""

    dimensions_under = "group"
    width_parameter = "time_bucket_width"

    @property
    @override
    def http_headers(self) -> dict[str, str]:
        return {**super().http_headers, "anthropic-beta": "analytics-usage-cost-2026-08-24"}

    @property
    @override
    def paging(self) -> dict[str, Any]:
        # Newest first is the default of this order.
        return {**super().paging, "order_by": "time", "order": "asc"}

    @override
    def row_question(self) -> dict[str, Any]:
        return super().row_question() | without_deleted_users(self.tap.settings)

    @override
    def prepare_state(self) -> bool:
        is_early = super().prepare_state()
        if self.is_incremental:
            if self.bookmark is None:
                revisions.write_days(self.stream_state, {})
            self._forget_lost_days()
        return is_early

    def _forget_lost_days(self) -> None:
        """Wait no more for the final figures of days that the API does not serve."""
        lost = [day for day in self._revisable if day < self.earliest_day]
        if lost:
            self._warn_of_lost(min(lost), max(lost))
            for day in lost:
                del self._revisable[day]
            revisions.write_days(self.stream_state, self._revisable)

    @cached_property
    def _revisable(self) -> dict[pendulum.Date, DaySeen]:
        """The days that were read and are not final."""
        if not self.is_incremental or self.bookmark is None:
            return {}
        if revisions.REVISABLE in self.stream_state:
            return revisions.read_days(self.name, self.stream_state)
        # A state of the time before this was noted, when a lookback was all.
        lookback = self.tap.settings.report_lookback_days
        first = max(windows.FLOOR, self.bookmark.add(days=1 - lookback))
        return dict.fromkeys(windows.days((first, self.bookmark)), DaySeen("", 0))

    @property
    @override
    def window(self) -> windows.Window | None:
        """From the first day that may be read again, up to the one still filling."""
        days = [*self._seen_days(), *self._new_days()]
        return (days[0], days[-1]) if days else None

    def _new_days(self) -> list[pendulum.Date]:
        """Return the days that were never complete when they were read."""
        window = self.window_with(0)
        return [] if window is None else list(windows.days(window))

    def _seen_days(self) -> list[pendulum.Date]:
        """Return the days that were complete and may have been revised since."""
        if self.bookmark is None:
            return []
        settings = self.tap.settings
        first = max(settings.start_date, self.earliest_day)
        last = min(self.bookmark, settings.end_date or self.bookmark)
        return sorted(day for day in self._revisable if first <= day <= last)

    @override
    def parts(self, window: windows.Window) -> Iterator[windows.Window]:
        new, seen = self._new_days(), self._seen_days()
        self._digests = self._ask_for_digests([*seen, *new])
        revised = [day for day in seen if self._has_to_be_read_again(day)]
        row_counts = {day: known.row_count for day, known in self._revisable.items()}
        for span in revisions.spans(
            [*revised, *new],
            row_counts,
            most_days=MAX_DAYS,
            most_rows=self.tap.settings.page_size // 2,
        ):
            yield from super().parts(span)

    def _has_to_be_read_again(self, day: pendulum.Date) -> bool:
        """Tell whether a day's totals are others, or are not known, or are final now."""
        digest = self._revisable[day].digest
        return self.is_final(day) or not digest or digest != self._digests.get(day)

    def _ask_for_digests(self, days: Collection[pendulum.Date]) -> dict[pendulum.Date, str]:
        """Ask for the totals of the days that are not final, in as few requests as can be.

        Today is never complete, so it is read again anyway. The totals are asked for before
        the days are read, so that a revision in between shows at the next run.
        """
        today = self.tap.today
        revisable = [day for day in days if day < today and not self.is_final(day)]
        if (
            not revisable
            or not self.is_incremental
            or self.tap.settings.report_revision_check != TOTALS
            or self._is_as_coarse_as_totals
        ):
            return {}
        rows: dict[pendulum.Date, list[Row]] = {}
        for span in windows.chunks((min(revisable), max(revisable)), MAX_DAYS):
            rows.update({day: [] for day in windows.days(span)})
            for page in self.ask_whole(self._question_for_totals(span)):
                for row in self.batch(page).rows:
                    with self.explained():
                        day = instant(row.get(STARTING_AT)).date()
                    rows.setdefault(day, []).append(row)
        return {day: revisions.digest_of(of_day) for day, of_day in rows.items()}

    @property
    def _is_as_coarse_as_totals(self) -> bool:
        """Whether to read days again costs no more than to ask for their totals."""
        is_daily = self.tap.settings.report_bucket_width == "1d"
        return is_daily and set(self.group_by) <= set(DIMENSIONS_OF_TOTALS)

    def _question_for_totals(self, span: windows.Window) -> dict[str, Any]:
        question = self.question(span) | {
            self.width_parameter: "1d",
            "group_by[]": list(DIMENSIONS_OF_TOTALS),
        }
        question.pop("exclude_deleted_users", None)
        return question

    @override
    def start_reading(self, day: pendulum.Date) -> None:
        super().start_reading(day)
        self._is_final = self.is_final(day)

    @override
    def to_records(self, row: Row, *, is_plain: bool) -> Iterable[Record]:
        records = super().to_records(row, is_plain=is_plain)
        for record in records:
            record["is_final"] = self._is_final
        return records

    @override
    def note_reading(self, day: pendulum.Date, row_count: int) -> None:
        if not self.is_incremental:
            return
        if self.is_final(day):
            self._revisable.pop(day, None)
        else:
            self._revisable[day] = DaySeen(self._digests.get(day, ""), row_count)
        revisions.write_days(self.stream_state, self._revisable)


class Usage(BetaReportStream):
    """Tokens and requests in one bucket of time, per combination of dimensions."""

    name = "usage"
    path = "usage"
    dimensions = dimensions.USAGE
    measures = MEASURES_OF_USAGE
    measures_under = "usage"


class Cost(BetaReportStream):
    """Money in one bucket of time, per combination of dimensions."""

    name = "cost"
    path = "cost"
    dimensions = dimensions.COST
    measures = MEASURES_OF_COST
    measures_under = "cost"

    @property
    @override
    def wanted_dimensions(self) -> tuple[str, ...]:
        return self.tap.settings.cost_group_by
