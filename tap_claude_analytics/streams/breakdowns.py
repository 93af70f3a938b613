"""The streams that say who uses what: daily activity by user, team and product."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from singer_sdk import StreamSchema
from typing_extensions import override

from tap_claude_analytics.errors import UnexpectedRowError
from tap_claude_analytics.filters import TEAM, is_tagged_team
from tap_claude_analytics.storable import ADDITIONAL_FIELDS
from tap_claude_analytics.streams.activity import (
    CUTS,
    ActivityStream,
    Artifacts,
    ChatProjects,
    Connectors,
    Plugins,
    Skills,
    UserSummaries,
)
from tap_claude_analytics.streams.day_reading import DATE
from tap_claude_analytics.streams.grouped_schemas import GroupedSchemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Record

    from tap_claude_analytics import windows
    from tap_claude_analytics.answers import Row

#: The value of a key for rows without one: people in no team, a product that is not known.
NONE = "(none)"


class Dimension(NamedTuple):
    """What rows can be broken down by.

    Attributes:
        name: What the API calls it.
        fields: What it adds to rows.
        of_one: Of what a row is then, in words.
    """

    name: str
    fields: tuple[str, ...]
    of_one: str


#: The dimensions, as names of streams say them.
DIMENSIONS = {
    "user": Dimension("user_id", ("user_id",), "for one user"),
    "team": Dimension(TEAM, (TEAM, "rbac_group_name"), "for one team"),
    "product": Dimension("product", ("product",), "in one product"),
}

#: Which endpoints give which breakdowns; a stream for each.
BREAKDOWNS: dict[type[ActivityStream], tuple[str, ...]] = {
    ChatProjects: ("user", "team"),
    Skills: ("user", "team", "product"),
    Connectors: ("user", "team", "product"),
    Plugins: ("user", "team", "product"),
    Artifacts: ("user", "team", "product"),
}


class Breakdown(ActivityStream):
    """A stream whose endpoint is asked for its rows grouped by one dimension.

    A user counts in every team held that day, so the rows of teams overlap.
    """

    selected_by_default = False

    #: The dimension, which is part of the key.
    dimension: ClassVar[str]

    @property
    @override
    def grouping(self) -> dict[str, Any]:
        return {"group_by[]": [self.dimension]}

    @override
    def filter_mistakes(self) -> Iterator[str]:
        yield from super().filter_mistakes()
        if self._wanted_teams and not all(map(is_tagged_team, self._wanted_teams)):
            yield (
                f"filters names a team by its UUID: stream {self.name}, whose rows are"
                " those of teams, takes ids (rbac_group_…) only."
            )

    @cached_property
    def _wanted_teams(self) -> set[str]:
        """The teams that filters leave, if rows are those of teams; empty for all."""
        entries = (entry.partition(":") for entry in self.tap.settings.filters)
        of_teams = {value for name, _, value in entries if name == TEAM}
        return of_teams if self.dimension == TEAM else set()

    @override
    def to_records(self, row: Row, *, is_plain: bool) -> Iterable[Record]:
        # Filters leave people: of other teams that these are in, rows would hold a part.
        if self._wanted_teams and _team_of(row) not in self._wanted_teams:
            return ()
        return super().to_records(row, is_plain=is_plain)

    @override
    def add_fields(self, row: Row) -> None:
        misfits = row[ADDITIONAL_FIELDS] or {}
        if row.get(self.dimension) is None and self.dimension not in misfits:
            row[self.dimension] = NONE
        super().add_fields(row)


def _breakdown(base: type[ActivityStream], by: str) -> type[Breakdown]:
    """Return the stream that breaks the rows of another one down."""
    dimension = DIMENSIONS[by]
    made = type(
        f"{base.__name__}By{by.title()}",
        (Breakdown, base),
        {
            "__doc__": f"{(base.__doc__ or '').removesuffix('.')}, {dimension.of_one}.",
            "__module__": __name__,
            "name": f"{base.name}_by_{by}",
            "primary_keys": (*cast("tuple[str, ...]", base.primary_keys), dimension.name),
            "dimension": dimension.name,
            "grouped_fields": CUTS.difference(dimension.fields),
            "schema": StreamSchema(GroupedSchemas(base.name, *dimension.fields)),
        },
    )
    return cast("type[Breakdown]", made)


BREAKDOWN_TYPES = tuple(
    _breakdown(base, by) for base, dimensions in BREAKDOWNS.items() for by in dimensions
)


class TeamSummaries(Breakdown):
    """One team on one day, with the metrics of its members together."""

    name = "team_summaries"
    path = UserSummaries.path
    primary_keys = (DATE, TEAM)
    dimension = TEAM
    grouped_fields = frozenset({"user"})
    schema = StreamSchema(
        GroupedSchemas(
            UserSummaries.name,
            *DIMENSIONS["team"].fields,
            "distinct_user_count",
            without={"user", *UserSummaries.added_fields},
        )
    )

    def teams_within(self, window: windows.Window) -> set[str]:
        """Return the teams that anybody was active in on any of some days.

        A rollup over the days says it in one answer, as no filter narrows it.

        Args:
            window: At most 366 days.

        Raises:
            NotAvailableYetError: If the API does not have all of these days yet.
            UnexpectedAnswerError: If a row does not say its team as all others do.
        """
        first, last = window
        question = {
            "starting_date": first.isoformat(),
            "ending_date": last.add(days=1).isoformat(),  # exclusive
            "limit": self.tap.settings.page_size,
            **self.grouping,
        }
        try:
            pages = self.ask_whole(question)
        finally:
            self.requests_session.close()
        with self.explained():
            return {
                team
                for page in pages
                for row in self.batch(page).rows
                if (team := _team_of(row)) is not None
            }


def _team_of(row: Row) -> str | None:
    team = row.get(TEAM)
    if team is None or isinstance(team, str):
        return team
    msg = f"answered a row whose {TEAM} is no text"
    raise UnexpectedRowError(msg)
