"""What the streams of one run share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pendulum

    from tap_claude_analytics.api.client import Client
    from tap_claude_analytics.common.progress import Progress
    from tap_claude_analytics.config.settings import Settings
    from tap_claude_analytics.days.organization import Organization
    from tap_claude_analytics.streams.failures import Failures
    from tap_claude_analytics.streams.readings import Readings
    from tap_claude_analytics.streams.sources.snapshots import SharedTeams
    from tap_claude_analytics.streams.sources.summaries import SharedSummaries


@dataclass(frozen=True)
class Run:
    """What the streams of one run share.

    Attributes:
        settings: The settings.
        today: The UTC day on which the run began; it holds for the whole run.
        client: Sends the requests.
        organization: Whose data the run reads.
        progress: Counts what has been read.
        failures: Collects what has failed.
        readings: The stream that says which reading of a day counts.
        summaries: The answers that the streams of summaries share.
        teams: The teams, which the streams of teams and their members share.
    """

    settings: Settings
    today: pendulum.Date
    client: Client
    organization: Organization
    progress: Progress
    failures: Failures
    readings: Readings
    summaries: SharedSummaries
    teams: SharedTeams
