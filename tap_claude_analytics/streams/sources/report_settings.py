"""The settings that the streams of usage and cost depend on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.common.dates import FLOOR, midnight
from tap_claude_analytics.days import windows
from tap_claude_analytics.days.revisions import DaySeen
from tap_claude_analytics.records.reports import ReportLayout
from tap_claude_analytics.streams.sources.source import Plan

if TYPE_CHECKING:
    from collections.abc import Collection

    import pendulum

    from tap_claude_analytics.config.settings import Settings
    from tap_claude_analytics.days.ledger import Ledger
    from tap_claude_analytics.days.windows import Window
    from tap_claude_analytics.streams.spec import ReportSpec, StreamSpec

#: How many days one request may span.
MAX_DAYS = 31
#: How many whole days back the API serves: 365 days back count from the instant.
SERVED_DAYS = 364
#: For how many days the API revises the values of a day.
REVISED_DAYS = 30
#: How many buckets a page of the legacy reports may hold.
_MAX_BUCKETS = {"1d": 31, "1h": 168, "1m": 256}
#: What totals are grouped by: few rows, and few revisions that leave them the same.
_TOTALS_BY = ("product", "model")


@dataclass(frozen=True)
class ReportSettings:
    """Which days to read, and which rows of them.

    Attributes:
        report: What the stream is.
        settings: The settings of the tap.
        today: The UTC day on which the run began.
    """

    report: ReportSpec
    settings: Settings
    today: pendulum.Date

    @property
    def bucket_width(self) -> str:
        """The length of a bucket of time."""
        return self.settings.report_bucket_width

    @property
    def page_size(self) -> int:
        """Rows per page."""
        return self.settings.page_size

    @property
    def limited_by(self) -> str | None:
        """The setting that selects only a part of the rows."""
        settings = (
            ("rbac_group_ids", self.settings.rbac_group_ids),
            ("organization_ids", self._organization_ids),
        )
        return " and ".join(name for name, ids in settings if ids) or None

    @property
    def _organization_ids(self) -> tuple[str, ...]:
        """The organisations to which the endpoint can be limited."""
        return self.settings.organization_ids if self.report.is_beta else ()

    # What makes a row.

    @property
    def group_by(self) -> list[str]:
        """The dimensions to ask for: those of the setting that the endpoint supports."""
        wanted = (
            self.settings.cost_group_by
            if self.report.is_cost
            else self.settings.report_group_by
        )
        # Where every row is of one user, the actor is always there.
        always = {"actor"} if self.report.has_users else set[str]()
        supported = set(self.report.dimensions) - always
        return [name for name in wanted if name in supported]

    @property
    def row_parameters(self) -> dict[str, Any]:
        """The parameters that make a row what it is."""
        width = "time_bucket_width" if self.report.is_beta else "bucket_width"
        parameters: dict[str, Any] = {
            width: self.bucket_width,
            "group_by[]": self.group_by,
        }
        if self.settings.rbac_group_ids:
            parameters["rbac_group_ids[]"] = list(self.settings.rbac_group_ids)
        if self._organization_ids:
            parameters["organization_ids[]"] = list(self._organization_ids)
        if self.settings.exclude_deleted_users and not self.report.has_buckets:
            parameters["exclude_deleted_users"] = "true"
        return parameters

    @property
    def shape(self) -> str:
        """What makes a row, in one text."""
        return json.dumps(self.row_parameters, sort_keys=True)

    def layout(self, known: Collection[str]) -> ReportLayout:
        """Return where the fields of a row are.

        Args:
            known: The columns that the schema of the stream has.
        """
        report = self.report
        parts = (
            (report.dimensions_under, report.dimensions),
            (report.measures_under, report.measures),
        )
        actor = ("actor",) if report.has_users else ()
        return ReportLayout(
            parts=tuple(
                (under, tuple(name for name in names if name in known))
                for under, names in parts
            ),
            bucket_width=self.bucket_width,
            dimensions=frozenset(report.dimensions) - {"actor"},
            asked=(*self.group_by, *actor),
            is_by_time=report.is_beta,
        )

    # What to ask.

    def parameters(self, window: Window) -> dict[str, Any]:
        """Return the parameters that ask for some days, oldest first."""
        first, last = window
        order = {"order_by": "time", "order": "asc"} if self.report.is_beta else {}
        limit = (
            _MAX_BUCKETS[self.bucket_width] if self.report.has_buckets else self.page_size
        )
        return {
            "starting_at": midnight(first),
            "ending_at": midnight(last.add(days=1)),  # exclusive
            **self.row_parameters,
            "limit": limit,
            **order,
        }

    def parameters_of_totals(self, window: Window) -> dict[str, Any]:
        """Return the parameters that ask for the totals of some days."""
        parameters = self.parameters(window) | {
            "time_bucket_width": "1d",
            "group_by[]": list(_TOTALS_BY),
        }
        parameters.pop("exclude_deleted_users", None)
        return parameters

    @property
    def days_per_request(self) -> int:
        """How many days one request asks for, at most."""
        return 1 if self.report.has_users or self.bucket_width == "1m" else MAX_DAYS

    # Which days.

    @property
    def earliest_day(self) -> pendulum.Date:
        """The earliest day that the API still serves."""
        return self.today.subtract(days=SERVED_DAYS)

    @property
    def checks_revisions(self) -> bool:
        """Whether the state keeps which days may be revised."""
        return self.report.is_beta

    def is_final(self, day: pendulum.Date) -> bool:
        """Return whether a day is older than the API revises, and the lookback ends."""
        most_days = max(REVISED_DAYS, self.settings.report_lookback_days)
        return (self.today - day).days > most_days

    def is_past_lookback(self, day: pendulum.Date) -> bool:
        """Return whether a day is read for the last time."""
        return (self.today - day).days > self.settings.report_lookback_days

    def needs_totals(self, day: pendulum.Date) -> bool:
        """Return whether the totals of a day tell if it has to be read.

        If rows are as coarse as totals, reading the day costs no more than its totals.
        """
        is_as_coarse = self.bucket_width == "1d" and set(self.group_by) <= set(_TOTALS_BY)
        return (
            self.settings.report_revision_check == "totals"
            and not is_as_coarse
            and day < self.today
            and not self.is_past_lookback(day)
        )

    def plan(self, ledger: Ledger) -> Plan:
        """Return the days to read: up to the one that is not over yet."""
        if not self.checks_revisions:
            lookback_days = self.settings.report_lookback_days
            return Plan(self._window(ledger.bookmark, lookback_days))
        new = self._window(ledger.bookmark, 0)
        if ledger.bookmark is None:
            return Plan(new)
        first = max(self.settings.start_date, self.earliest_day)
        last = min(ledger.bookmark, self.settings.end_date or ledger.bookmark)
        seen = sorted(ledger.revisable or {})
        return Plan(new, tuple(day for day in seen if first <= day <= last))

    def seen_by_first_version(
        self, bookmark: pendulum.Date
    ) -> dict[pendulum.Date, DaySeen]:
        """Return the revisable days of a state of the first version, which kept none.

        It read all days of a lookback again.
        """
        first = max(FLOOR, bookmark.add(days=1 - self.settings.report_lookback_days))
        return dict.fromkeys(windows.days((first, bookmark)), DaySeen("", 0))

    def _window(self, bookmark: pendulum.Date | None, lookback_days: int) -> Window | None:
        return windows.reading_window(
            start=max(self.settings.start_date, self.earliest_day),
            end=self.settings.end_date,
            bookmark=bookmark,
            lookback_days=lookback_days,
            today=self.today,
            delay_days=0,
        )

    def lost_window(self, bookmark: pendulum.Date | None) -> Window | None:
        """Return the days that are still to be read but no longer served."""
        first = max(FLOOR, self.settings.start_date)
        if bookmark is not None:
            first = max(first, bookmark.add(days=1))
        last = self.earliest_day.subtract(days=1)
        if self.settings.end_date is not None:
            last = min(last, self.settings.end_date)
        return None if first > last else (first, last)


def takes_organizations(spec: StreamSpec) -> bool:
    """Return whether `organization_ids` limits a stream: only the newer reports can be."""
    return spec.report is not None and spec.report.is_beta
