"""What the streams of engagement and adoption share: their endpoints take filters."""

from __future__ import annotations

import abc
import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_claude_analytics.filters import endpoint_mistakes
from tap_claude_analytics.streams.base import DayStream

if TYPE_CHECKING:
    from collections.abc import Iterator


class EngagementStream(DayStream, abc.ABC):
    """A stream whose endpoint can be narrowed by the setting ``filters``."""

    usual_shape: ClassVar[str] = "{}"

    @override
    def row_question(self) -> dict[str, Any]:
        filters = self.tap.settings.filters
        return {"filter[]": list(filters)} if filters else {}

    @property
    @override
    def shape(self) -> str:
        """What makes a row; of filters without the values, which may be ids of people."""
        filters = self.row_question().get("filter[]")
        if not filters:
            return super().shape
        names = sorted({entry.partition(":")[0] for entry in filters})
        digest = hashlib.sha256(super().shape.encode()).hexdigest()[:16]
        return f"filters by {', '.join(names)} {digest}"

    @property
    def grouping(self) -> dict[str, Any]:
        """The parameter that breaks rows down; nothing where they are whole."""
        return {}

    @cached_property
    @override
    def unlogged_question(self) -> dict[str, Any]:
        """The filters, which may name people; none that the endpoint does not take."""
        return {} if any(self.filter_mistakes()) else self.row_question()

    @property
    @override
    def narrowed_by(self) -> str | None:
        return "filters" if self.unlogged_question else None

    def filter_mistakes(self) -> Iterator[str]:
        """Yield a sentence for each filter that the endpoint does not take."""
        filters = self.tap.settings.filters
        yield from endpoint_mistakes(
            self.name, self.path, filters, is_grouped=bool(self.grouping)
        )
