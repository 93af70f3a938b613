"""What the sources of activity and adoption have in common."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_claude_analytics.streams.sources.source import AnswerT, Plan, Source

if TYPE_CHECKING:
    from tap_claude_analytics.days.ledger import Ledger
    from tap_claude_analytics.records.shapes import RowDecoder
    from tap_claude_analytics.streams.sources.activity_settings import ActivitySettings
    from tap_claude_analytics.streams.sources.source import Endpoint


class ActivitySource(Source[AnswerT], abc.ABC):
    """Reads whole days up to the delay of the API, and those of a lookback again."""

    def __init__(
        self, endpoint: Endpoint, settings: ActivitySettings, decoder: RowDecoder
    ) -> None:
        """Create a source.

        Args:
            endpoint: The endpoint.
            settings: Which days to read, and which rows of them.
            decoder: Decodes the rows.
        """
        self.endpoint = endpoint
        self.settings = settings
        self.decoder = decoder
        self.shape = settings.shape
        self.shape_if_missing = settings.shape_if_missing
        self.limited_by = "filters" if settings.filters else None
        self.endpoints = (endpoint.path,)

    @override
    def plan(self, ledger: Ledger) -> Plan:
        return Plan(self.settings.window(ledger.bookmark))
