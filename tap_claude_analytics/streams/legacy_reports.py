"""Token usage and cost: the legacy reports, for those who still compare with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_claude_analytics import dimensions
from tap_claude_analytics.errors import UnexpectedAnswerError
from tap_claude_analytics.streams.reports import (
    MEASURES_OF_COST,
    MEASURES_OF_USAGE,
    ReportStream,
    without_deleted_users,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_claude_analytics import answers, windows
    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.streams.base import DayReading

#: The most buckets of each width that a page may hold.
MAX_BUCKETS = {"1d": 31, "1h": 168, "1m": 256}
#: The most groups that a bucket shows.
MAX_GROUPS = 100


class UserReportStream(ReportStream):
    """A legacy report with one row per user and bucket."""

    selected_by_default = False
    # Rows come sorted by amount, so a request for one day is a reading of one day.
    days_per_request = 1

    @property
    @override
    def group_by(self) -> list[str]:
        return [name for name in super().group_by if name != "actor"]  # always there

    @override
    def question(self) -> dict[str, Any]:
        return super().question() | without_deleted_users(self.tap.settings)


class UserUsageReport(UserReportStream):
    """Tokens and requests of one user in one bucket of time."""

    name = "user_usage_report"
    path = "user_usage_report"
    dimensions = ("actor", *dimensions.LEGACY)
    measures = MEASURES_OF_USAGE


class UserCostReport(UserReportStream):
    """Money of one user in one bucket of time."""

    name = "user_cost_report"
    path = "user_cost_report"
    dimensions = ("actor", *dimensions.LEGACY_COST)
    measures = MEASURES_OF_COST

    @property
    @override
    def wanted_dimensions(self) -> tuple[str, ...]:
        return self.tap.settings.cost_group_by


class BucketReportStream(ReportStream):
    """A legacy report whose rows are buckets with a list of results."""

    selected_by_default = False

    @property
    @override
    def paging(self) -> dict[str, Any]:
        return {"limit": MAX_BUCKETS[self.tap.settings.report_bucket_width]}

    @override
    def read(self, window: windows.Window) -> Iterator[DayReading]:
        self._full_buckets = 0
        yield from super().read(window)
        if self._full_buckets:
            self.logger.warning(
                "%d buckets of stream %s have %d groups, the most that this legacy report"
                " shows, so they may lack some: the stream %s has all.",
                self._full_buckets,
                self.name,
                MAX_GROUPS,
                self.name.removesuffix("_report"),
            )

    @override
    def rows_of(self, page: answers.Page) -> Iterator[Row]:
        for bucket in page.rows:
            results = bucket.pop("results", None)
            if not isinstance(results, list):
                msg = f"{self.url_base}{self.path} answered a bucket without results."
                raise UnexpectedAnswerError(msg)
            self._full_buckets += len(results) == MAX_GROUPS
            for result in results:
                yield {**bucket, **result}


class UsageReport(BucketReportStream):
    """Tokens and requests in one bucket of time, at most 100 groups of them."""

    name = "usage_report"
    path = "usage_report"
    dimensions = dimensions.LEGACY
    measures = MEASURES_OF_USAGE


class CostReport(BucketReportStream):
    """Money in one bucket of time, at most 100 groups of it."""

    name = "cost_report"
    path = "cost_report"
    dimensions = dimensions.LEGACY_COST
    measures = MEASURES_OF_COST

    @property
    @override
    def wanted_dimensions(self) -> tuple[str, ...]:
        return self.tap.settings.cost_group_by
