"""The source of the organisation's summaries, team by team."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_claude_analytics.api.errors import BadRequestError
from tap_claude_analytics.api.pages import Page
from tap_claude_analytics.common.dates import FLOOR
from tap_claude_analytics.common.names import TEAM
from tap_claude_analytics.days import windows
from tap_claude_analytics.records.activity import team_of
from tap_claude_analytics.records.day import Batch, Day
from tap_claude_analytics.records.shapes import RowDecoder
from tap_claude_analytics.records.summaries import counts_anybody
from tap_claude_analytics.streams.sources.activity import ActivitySource
from tap_claude_analytics.streams.sources.source import Plan, Question, WholeAnswer
from tap_claude_analytics.streams.sources.summaries import (
    FEWER_DAYS,
    MAX_DAYS,
    ask_for,
    by_day,
    parameters_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    import pendulum

    from tap_claude_analytics.days.ledger import Ledger
    from tap_claude_analytics.days.windows import Window
    from tap_claude_analytics.streams.sources.source import Endpoint

#: The longest rolling window of a count, in days: a user who was active on its first day
#: still counts on its last.
LONGEST_WINDOW = 30
#: How many rows are decoded at a time, of all teams together.
_MAX_DECODED_ROWS = 40_000

_ANY_ROWS = RowDecoder(dict)


class TeamSeriesSource(ActivitySource[WholeAnswer[tuple[str, Page]]]):
    """Reads the summaries once per team: every team costs a request per window.

    If no teams are named, a team has a row on every day on which a rolling window of its
    counts contains anybody. So the rows of a day are the same, whichever days are read
    together.
    """

    def __init__(self, users: Endpoint, *args: Any) -> None:
        """Create a source; see `ActivitySource` for the other arguments.

        Args:
            users: The endpoint that says which teams are active.
            *args: What every source of activity has.
        """
        super().__init__(*args)
        self._users = users
        self._named = self.settings.settings.rbac_group_ids
        self.shape = self.settings.shape_of_teams
        self.limited_by = None
        if not self._named:
            self.endpoints = (*self.endpoints, users.path)

    @override
    def questions(self, plan: Plan, ledger: Ledger) -> Sequence[Question]:
        if plan.new is None:
            return []
        return [*map(Question.about, windows.chunks(plan.new, MAX_DAYS))]

    @override
    def ask(
        self, questions: Iterable[Question]
    ) -> Generator[WholeAnswer[tuple[str, Page]], None, None]:
        for question in questions:
            for answer in ask_for(
                question.window, self._ask, endpoint_count=len(self.endpoints)
            ):
                if answer.pages is not None:
                    answered = Question.about(answer.window)
                    yield WholeAnswer(answered, answer.asked_at, answer.pages)
                if answer.end is not None:
                    raise answer.end

    def _ask(self, window: Window) -> list[tuple[str, Page]]:
        """Return the pages of all teams, packed, each with its team."""
        teams = self._named or self._active_teams(window)
        parameters = parameters_of(window)
        with contextlib.closing(
            self.endpoint.read_ahead(
                teams,
                lambda team: self.endpoint.all_pages(
                    {**parameters, "filter[]": f"{TEAM}:{team}"}, window[1]
                ),
            )
        ) as answers:
            return [
                (answer.question, page.packed()) for answer in answers for page in answer
            ]

    def _active_teams(self, window: Window) -> list[str]:
        """Return the teams that a rolling window of any of these days may count.

        A rollup of the users over the days says it in one answer. The days of
        `team_summaries` would not do: they lack teams that were last active before the
        window.
        """
        first, last = window
        earliest = max(FLOOR, first.subtract(days=LONGEST_WINDOW - 1))
        teams: set[str | None] = set()
        for span in windows.chunks((earliest, last), MAX_DAYS):
            for page in self._pages_of_users(span):
                batch = self._users.batch(page, _ANY_ROWS)
                with self._users.explained(batch.request_id):
                    teams |= {*map(team_of, batch.rows)}
        return sorted(team for team in teams if team is not None)

    def _pages_of_users(self, span: Window) -> list[Page]:
        """Return a rollup of the users by team; several if the API refuses so many days."""
        parameters = {
            **parameters_of(span),
            "limit": self.settings.page_size,
            "group_by[]": [TEAM],
        }
        try:
            return self._users.all_pages(parameters, span[1])
        except BadRequestError:
            pieces = [*windows.chunks(span, FEWER_DAYS)]
            if len(pieces) == 1:
                raise
        return [page for piece in pieces for page in self._pages_of_users(piece)]

    @override
    def days(self, answer: WholeAnswer[tuple[str, Page]]) -> Iterator[Day]:
        size = max(1, _MAX_DECODED_ROWS // max(1, len(answer.pages)))
        for block in windows.chunks(answer.question.window, size):
            days: dict[pendulum.Date, list[Batch]] = {
                day: [] for day in windows.days(block)
            }
            for team, page in answer.pages:
                batch = self.endpoint.batch(page, self.decoder)
                of_days = by_day(self.endpoint, answer.question.window, [batch])
                for day, of_day in days.items():
                    of_day += [self._of_team(team, rows) for rows in of_days[day]]
            for day, of_day in days.items():
                yield Day(day, answer.asked_at, of_day)

    def _of_team(self, team: str, batch: Batch) -> Batch:
        """Return the rows of a team in which anybody counts, or all if it was named."""
        rows = batch.rows if self._named else [*filter(counts_anybody, batch.rows)]
        return replace(batch, rows=rows, added={TEAM: team})

    @override
    def sample(self, day: pendulum.Date) -> Mapping[str, Any]:
        return parameters_of((day, day))
