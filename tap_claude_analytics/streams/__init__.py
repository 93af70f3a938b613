"""The streams, each a short class; a module per family.

``DAY_STREAM_TYPES`` is the registry: a stream that stands here is discovered, documented
and tested like all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_claude_analytics.streams.activity import (
    Artifacts,
    ChatProjects,
    Connectors,
    Plugins,
    Skills,
    UserSummaries,
)
from tap_claude_analytics.streams.beta_reports import Cost, Usage
from tap_claude_analytics.streams.breakdowns import BREAKDOWN_TYPES, TeamSummaries
from tap_claude_analytics.streams.legacy_reports import (
    CostReport,
    UsageReport,
    UserCostReport,
    UserUsageReport,
)
from tap_claude_analytics.streams.readings import Readings
from tap_claude_analytics.streams.summaries import Adoption, OrgSummaries
from tap_claude_analytics.streams.team_series import OrgSummariesByTeam

if TYPE_CHECKING:
    from tap_claude_analytics.streams.base import DayStream

DAY_STREAM_TYPES: tuple[type[DayStream], ...] = (
    OrgSummaries,
    Adoption,
    UserSummaries,
    ChatProjects,
    Skills,
    Connectors,
    Plugins,
    Artifacts,
    Usage,
    Cost,
    UserUsageReport,
    UserCostReport,
    UsageReport,
    CostReport,
    TeamSummaries,
    OrgSummariesByTeam,
    *BREAKDOWN_TYPES,
)

__all__ = ["DAY_STREAM_TYPES", "Readings"]
