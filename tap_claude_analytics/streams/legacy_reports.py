"""Token usage and cost: the legacy reports, for those who still compare with them."""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Any

import msgspec
from typing_extensions import override

from tap_claude_analytics import dimensions
from tap_claude_analytics.errors import UnexpectedRowError
from tap_claude_analytics.streams.day_reading import STARTING_AT
from tap_claude_analytics.streams.fields import row_type
from tap_claude_analytics.streams.report_questions import without_deleted_users
from tap_claude_analytics.streams.reports import (
    MEASURES_OF_COST,
    MEASURES_OF_USAGE,
    ReportStream,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_claude_analytics.answers import Row

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

    @property
    @override
    def row_dimensions(self) -> list[str]:
        return [*self.group_by, "actor"]

    @override
    def row_question(self) -> dict[str, Any]:
        return super().row_question() | without_deleted_users(self.tap.settings)


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

    @property
    @override
    def row_kind(self) -> type:
        times = {name: self.row_shape.get(name) for name in (STARTING_AT, "ending_at")}
        return msgspec.defstruct(
            "Bucket",
            [("results", GenericAlias(list, super().row_kind), [])],
            bases=(row_type({name: kind for name, kind in times.items() if kind}),),
            forbid_unknown_fields=True,
        )

    @override
    def _read_days(self) -> Iterator[Record]:
        self._full_buckets = set[str]()
        yield from super()._read_days()
        if self._full_buckets:
            self.logger.warning(
                "%d buckets of stream %s have %d groups, the most that this legacy report"
                " shows, so they may lack some: the stream %s has all.",
                len(self._full_buckets),
                self.name,
                MAX_GROUPS,
                self.name.removesuffix("_report"),
            )

    @override
    def flat_rows(self, rows: list[Row]) -> Iterator[Row]:
        for bucket in rows:
            results = bucket.pop("results", None)
            if not isinstance(results, list):
                msg = "answered a bucket without results"
                raise UnexpectedRowError(msg)
            if len(results) == MAX_GROUPS:
                self._full_buckets.add(str(bucket.get(STARTING_AT)))
            for result in results:
                if not isinstance(result, dict):
                    msg = "answered a result that is no object"
                    raise UnexpectedRowError(msg)
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
