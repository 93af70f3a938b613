"""The streams that are asked for one day at a time."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_claude_analytics import windows
from tap_claude_analytics.errors import UnexpectedRowError
from tap_claude_analytics.money import exact_amount
from tap_claude_analytics.streams.day_reading import DATE, STARTING_AT, DayReading
from tap_claude_analytics.streams.engagement import EngagementStream
from tap_claude_analytics.streams.fields import day_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pendulum

    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.streams.day_reading import Asked, Batch


#: Fields that only grouped answers have.
CUTS = frozenset({"product", "rbac_group_id", "rbac_group_name", "user_id"})


class ActivityStream(EngagementStream):
    """A stream whose endpoint gives the rows of the day that is asked for.

    Its rows do not say their day. With ``starting_date`` and ``ending_date`` the endpoint
    would answer a rollup over the range, so these are never sent.
    """

    grouped_fields: ClassVar[frozenset[str]] = CUTS

    @override
    def parts(self, window: windows.Window) -> Iterator[windows.Window]:
        return windows.chunks(window, 1)

    @override
    def question(self, part: windows.Window) -> dict[str, Any]:
        return {
            "date": part[0].isoformat(),
            "limit": self.tap.settings.page_size,
            **self.grouping,
        }

    @override
    def readings(self, asked: Asked) -> Iterator[DayReading]:
        day = asked.part[0]
        batches = (self._of_day(day, self.batch(page)) for page in asked)
        yield DayReading(day, asked.asked_at, batches)

    def _of_day(self, day: pendulum.Date, batch: Batch) -> Batch:
        """Return rows, once it is sure that they are of the day.

        Raises:
            UnexpectedRowError: If a row says, as none does today, that it is of another.
        """
        for row, name in product(
            [] if batch.are_plain else batch.rows, (DATE, STARTING_AT)
        ):
            if name in row and day_in(row, name) not in {day, None}:
                msg = f"was asked for {day} and answered a row whose {name} is another day"
                raise UnexpectedRowError(msg)
        return batch


class UserSummaries(ActivityStream):
    """One user on one day."""

    name = "user_summaries"
    path = "users"
    primary_keys = (DATE, "user_id")
    added_fields = frozenset({"user_id", "email_address"})
    grouped_fields = frozenset({"distinct_user_count", "rbac_group_id", "rbac_group_name"})

    @override
    def add_fields(self, row: Row) -> None:
        user = row.get("user") or {}
        row["user_id"] = user.get("id")
        row["email_address"] = user.get("email_address")


class ChatProjects(ActivityStream):
    """One chat project on one day."""

    name = "chat_projects"
    path = "apps/chat/projects"
    primary_keys = (DATE, "project_id")


class Skills(ActivityStream):
    """One skill on one day."""

    name = "skills"
    path = "skills"
    primary_keys = (DATE, "skill_name")

    amounts = ("attributed_list_price", "estimated_overage_spend")

    @override
    def add_fields(self, row: Row) -> None:
        for name in self.amounts:
            row[name] = exact_amount(name, row.get(name))


class Connectors(ActivityStream):
    """One connector on one day."""

    name = "connectors"
    path = "connectors"
    primary_keys = (DATE, "connector_name")


class Plugins(ActivityStream):
    """One plugin on one day."""

    name = "plugins"
    path = "plugins"
    primary_keys = (DATE, "plugin_key")
    added_fields = frozenset({"plugin_key"})

    @override
    def start_reading(self, day: pendulum.Date) -> None:
        self._unidentified: Counter[tuple[Any, ...]] = Counter()

    @override
    def add_fields(self, row: Row) -> None:
        """Add a key that is the same for the same plugin on every reading.

        Rows without a ``plugin_id`` may share a name; nothing tells these apart but
        their order, so they are numbered: among those of one user, team or product where
        rows are broken down.
        """
        name, identity = row.get("plugin_name"), row.get("plugin_id")
        if identity is not None:
            row["plugin_key"] = f"id:{identity}"
        elif name is not None:
            alike = (name, *(row.get(cut) for cut in sorted(CUTS)))
            self._unidentified[alike] += 1
            row["plugin_key"] = f"name:{name}:{self._unidentified[alike]}"


class Artifacts(ActivityStream):
    """One kind of artifact, shared or not, on one day."""

    name = "artifacts"
    path = "artifacts"
    primary_keys = (DATE, "artifact_type", "is_shared")
