"""Token usage and cost: the endpoints that supersede the legacy reports."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from tap_claude_analytics import dimensions
from tap_claude_analytics.streams.reports import (
    MEASURES_OF_COST,
    MEASURES_OF_USAGE,
    ReportStream,
    without_deleted_users,
)


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
    def question(self) -> dict[str, Any]:
        return super().question() | without_deleted_users(self.tap.settings)


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
