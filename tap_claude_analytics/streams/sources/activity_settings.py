"""The settings that the streams of activity and adoption depend on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.common.names import TEAM
from tap_claude_analytics.config.filters import endpoint_mistakes, is_tagged_team
from tap_claude_analytics.days.windows import Window, reading_window
from tap_claude_analytics.streams.spec import Family

if TYPE_CHECKING:
    import pendulum

    from tap_claude_analytics.config.settings import Settings
    from tap_claude_analytics.streams.spec import StreamSpec


@dataclass(frozen=True)
class ActivitySettings:
    """Which days to read, and which rows of them.

    Attributes:
        settings: The settings of the tap.
        today: The UTC day on which the run began.
        filters: The filters to send.
        group_by: The dimension to group by, None for whole rows.
    """

    settings: Settings
    today: pendulum.Date
    filters: tuple[str, ...]
    group_by: str | None

    #: States of versions without filters have no shape.
    shape_if_missing = "{}"

    @classmethod
    def of(
        cls, spec: StreamSpec, settings: Settings, today: pendulum.Date
    ) -> ActivitySettings:
        """Return the settings of a stream; filters it does not support are left out."""
        filters = () if filter_mistakes(spec, settings) else settings.filters
        return cls(settings, today, filters, spec.group_by)

    @property
    def page_size(self) -> int:
        """Rows per page."""
        return self.settings.page_size

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that make a row what it is."""
        parameters: dict[str, Any] = {}
        if self.filters:
            parameters["filter[]"] = list(self.filters)
        if self.group_by:
            parameters["group_by[]"] = [self.group_by]
        return parameters

    @property
    def shape(self) -> str:
        """What makes a row; of filters without their values, which may name people."""
        if not self.filters:
            return self.shape_if_missing
        names = sorted({entry.partition(":")[0] for entry in self.filters})
        text = json.dumps({"filter[]": list(self.filters)}, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return f"filters by {', '.join(names)} {digest}"

    @property
    def shape_of_teams(self) -> str:
        """What makes a row, for the stream whose teams `rbac_group_ids` selects."""
        teams = list(self.settings.rbac_group_ids)
        return json.dumps({"rbac_group_ids": teams} if teams else {})

    def window(self, bookmark: pendulum.Date | None) -> Window | None:
        """Return the days that a run reads after this bookmark."""
        return reading_window(
            start=self.settings.start_date,
            end=self.settings.end_date,
            bookmark=bookmark,
            lookback_days=self.settings.lookback_days,
            today=self.today,
            delay_days=self.settings.data_delay_days,
        )


def filter_mistakes(spec: StreamSpec, settings: Settings) -> list[str]:
    """Return a sentence for each filter that a stream does not support."""
    if spec.family is Family.TEAM_SERIES and settings.filters:
        mistake = (
            f"filters cannot be used with stream {spec.name}, which filters by team itself;"
            " rbac_group_ids selects the teams."
        )
        return [mistake]
    mistakes = endpoint_mistakes(
        spec.name, spec.path, settings.filters, is_grouped=spec.group_by is not None
    )
    if all(map(is_tagged_team, teams_of_filters(spec, settings))):
        return [*mistakes]
    uuid_mistake = (
        f"filters names a team by its UUID; stream {spec.name}, whose rows are those of"
        " teams, supports only ids (rbac_group_…)."
    )
    return [*mistakes, uuid_mistake]


def teams_of_filters(spec: StreamSpec, settings: Settings) -> set[str]:
    """Return the teams that filters select for a stream of teams; empty for all."""
    if spec.group_by != TEAM:
        return set()
    entries = (entry.partition(":") for entry in settings.filters)
    return {value for name, _, value in entries if name == TEAM}
