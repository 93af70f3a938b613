"""The stream of the organisation's daily summaries, team by team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import StreamSchema
from typing_extensions import override

from tap_claude_analytics import windows
from tap_claude_analytics.filters import TEAM
from tap_claude_analytics.prefetch import Ahead
from tap_claude_analytics.streams.breakdowns import TeamSummaries
from tap_claude_analytics.streams.day_reading import DATE, Batch, DayReading
from tap_claude_analytics.streams.grouped_schemas import GroupedSchemas
from tap_claude_analytics.streams.summaries import (
    COUNT,
    MAX_DAYS,
    OrgSummaries,
    SummarySeries,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pendulum

    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.pages import Page
    from tap_claude_analytics.streams.base import DayStream
    from tap_claude_analytics.streams.day_reading import Asked
    from tap_claude_analytics.streams.summaries import SummaryAnswer

#: The longest rolling window of a count, in days: somebody who was active on its first
#: day still counts on its last.
LONGEST_WINDOW = 30
#: The most rows that are decoded at a time, of all teams together.
MAX_DECODED_ROWS = 40_000


class OrgSummariesByTeam(SummarySeries):
    """One team on one day, in the counts of the organisation's summaries.

    Every team costs a request per window. Without ``rbac_group_ids``, a team has a row on
    every day on which a rolling window of its counts holds anybody: so the rows of a day
    are the same, whichever days are read together.
    """

    name = "org_summaries_by_team"
    primary_keys = (DATE, TEAM)
    added_fields = frozenset({TEAM})
    selected_by_default = False
    schema = StreamSchema(GroupedSchemas(OrgSummaries.name, TEAM))

    _asks_for_teams = False

    @property
    @override
    def endpoints(self) -> tuple[str, ...]:
        return (self.path,) if self._named_teams else (self.path, self._of_teams.path)

    @property
    @override
    def asked_stream(self) -> DayStream:
        return self._of_teams if self._asks_for_teams else self

    @property
    def _named_teams(self) -> tuple[str, ...]:
        return self.tap.settings.rbac_group_ids

    @property
    def _of_teams(self) -> TeamSummaries:
        """The stream whose endpoint says which teams there are."""
        stream = self.tap.streams[TeamSummaries.name]
        if not isinstance(stream, TeamSummaries):
            raise TypeError(stream.name)
        return stream

    @override
    def row_question(self) -> dict[str, Any]:
        return {"rbac_group_ids": list(self._named_teams)} if self._named_teams else {}

    @property
    @override
    def unlogged_question(self) -> dict[str, Any]:
        return {}  # its only filter is the team's

    @override
    def filter_mistakes(self) -> Iterator[str]:
        if self.tap.settings.filters:
            yield (
                f"filters cannot narrow stream {self.name}, which has a filter of its own"
                " for each team: rbac_group_ids chooses these."
            )

    @override
    def parts(self, window: windows.Window) -> Iterator[windows.Window]:
        self._owners: list[str] = []
        return windows.chunks(window, MAX_DAYS)

    @override
    def ask(self, parts: Iterable[windows.Window]) -> Iterator[SummaryAnswer]:
        return map(self.ask_for, parts)

    @override
    def pages_of(self, part: windows.Window) -> tuple[Page, ...]:
        """Return the pages of all teams, packed, and note whose each is."""
        teams = self._named_teams or self._active_teams(part)
        question = self.question(part)
        # Made once, here, and not by the first threads at the same time.
        _ = (self.requests_session, self.page_reader)
        ahead = Ahead(
            teams,
            lambda team: self.request_pages({**question, "filter[]": f"{TEAM}:{team}"}),
            parallel=self.tap.settings.max_parallel_requests,
        )
        self._exit.callback(ahead.close)
        owned = [(answer.part, page.packed()) for answer in ahead for page in answer]
        self._owners = [team for team, _ in owned]
        return tuple(page for _, page in owned)

    def _active_teams(self, part: windows.Window) -> list[str]:
        """Return the teams that a rolling window of any of these days may count."""
        first, last = part
        earliest = max(windows.FLOOR, first.subtract(days=LONGEST_WINDOW - 1))
        teams: set[str] = set()
        self._asks_for_teams = True
        for span in windows.chunks((earliest, last), MAX_DAYS):
            teams |= self._of_teams.teams_within(span)
        self._asks_for_teams = False
        return sorted(teams)

    @override
    def readings(self, asked: Asked) -> Iterator[DayReading]:
        pages = list(asked)
        block = max(1, MAX_DECODED_ROWS // max(1, len(pages)))
        for first, last in windows.chunks(asked.part, block):
            days: dict[pendulum.Date, list[tuple[str, Batch]]] = {
                day: [] for day in windows.days((first, last))
            }
            for team, page in zip(self._owners, pages, strict=True):
                rows, are_plain = self.batch(page)
                for day, of_day in self.by_day(asked.part, rows).items():
                    if day in days:
                        days[day].append((team, Batch(self._counted(of_day), are_plain)))
            for day, of_teams in days.items():
                yield DayReading(day, asked.asked_at, self._in_turn(of_teams))

    def _counted(self, rows: list[Row]) -> list[Row]:
        """Return the rows in which anybody counts, or all of teams that were named.

        A row stays too where nobody knows whether anybody does.
        """
        if self._named_teams:
            return rows
        return [
            row
            for row in rows
            if row.get("monthly_active_user_count", 0) is None
            or any(row[name] for name in filter(COUNT.match, row))
        ]

    def _in_turn(self, of_teams: list[tuple[str, Batch]]) -> Iterator[Batch]:
        for self._team, batch in of_teams:
            yield batch

    @override
    def add_fields(self, row: Row) -> None:
        row[TEAM] = self._team
