"""What the streams of engagement and adoption share: their endpoints take filters."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_claude_analytics.filters import endpoint_mistakes
from tap_claude_analytics.streams.base import DayStream

if TYPE_CHECKING:
    from collections.abc import Iterator


class EngagementStream(DayStream, abc.ABC):
    """A stream whose endpoint can be narrowed by the setting ``filters``."""

    usual_shape = "{}"

    @override
    def row_question(self) -> dict[str, Any]:
        filters = self.tap.settings.filters
        return {"filter[]": list(filters)} if filters else {}

    @property
    def grouping(self) -> dict[str, Any]:
        """The parameter that breaks rows down; nothing where they are whole."""
        return {}

    def filter_mistakes(self) -> Iterator[str]:
        """Yield a sentence for each filter that the endpoint does not take."""
        filters = self.tap.settings.filters
        yield from endpoint_mistakes(
            self.name, self.path, filters, is_grouped=bool(self.grouping)
        )
