"""The sources of people, teams and spend limits: what is true now, read whole."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from typing_extensions import override

from tap_claude_analytics.api.client import MAX_RESTARTS
from tap_claude_analytics.api.errors import (
    BadRequestError,
    CursorExpiredError,
    RefusedError,
)
from tap_claude_analytics.api.pages import Page
from tap_claude_analytics.common import clock
from tap_claude_analytics.common.errors import RowError, StreamFailedError
from tap_claude_analytics.days import windows
from tap_claude_analytics.records.day import Day
from tap_claude_analytics.records.organization import ID
from tap_claude_analytics.records.shapes import RowDecoder
from tap_claude_analytics.streams.sources.source import (
    Plan,
    Question,
    Source,
    WholeAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    import pendulum

    from tap_claude_analytics.config.settings import Settings
    from tap_claude_analytics.days.ledger import Ledger
    from tap_claude_analytics.streams.sources.source import Endpoint

#: What is asked for instead if an endpoint refuses a larger limit: no largest one is stated
#: for spend limits. None leaves it to the API.
_SMALLER_LIMITS = (100, None)
_ABOUT_LIMIT = re.compile(r"\blimit\b")

_ANY_ROWS = RowDecoder(dict)


@dataclass(frozen=True)
class Snapshot:
    """All pages of an answer about now, packed.

    Attributes:
        asked_at: An instant before the first request.
        pages: The pages.
    """

    asked_at: pendulum.DateTime
    pages: tuple[Page, ...]


def read_whole(endpoint: Endpoint, page_size: int) -> Snapshot:
    """Return all pages of an endpoint.

    They are read again from the first one if a cursor does not count any more: it has
    expired, or it is the id of a row that is gone.

    Args:
        endpoint: The endpoint.
        page_size: Rows per page, unless the API wants fewer.

    Raises:
        ApiError: If they cannot be read.
    """
    limits = [page_size, *(n for n in _SMALLER_LIMITS if n is None or n < page_size)]
    restarts = 0
    while True:
        asked_at = clock.now()
        parameters = {} if limits[0] is None else {"limit": limits[0]}
        try:
            pages = tuple(page.packed() for page in endpoint.pages(parameters))
        except (BadRequestError, CursorExpiredError) as error:
            if isinstance(error, BadRequestError) and error.is_first_page:
                limits.pop(0)
                if not limits or not _ABOUT_LIMIT.search(error.api_message):
                    raise
                continue
            restarts += 1
            if restarts == MAX_RESTARTS:
                raise
        else:
            return Snapshot(asked_at, pages)


class SharedTeams:
    """The teams of the organisation, asked for once for all streams of a run."""

    def __init__(self) -> None:
        """Start without teams."""
        self._outcome: Snapshot | StreamFailedError | None = None

    def read(self, endpoint: Endpoint, page_size: int) -> Snapshot:
        """Return the teams; they are asked for the first time only.

        Args:
            endpoint: The endpoint of the teams.
            page_size: Rows per page.

        Raises:
            StreamFailedError: If they could not be read.
        """
        if self._outcome is None:
            try:
                self._outcome = read_whole(endpoint, page_size)
            except StreamFailedError as error:
                self._outcome = error
        if isinstance(self._outcome, StreamFailedError):
            raise self._outcome
        return self._outcome


class SnapshotSource(Source[WholeAnswer[Page]]):
    """Reads what is true now, once a run: the only day to read is today.

    Nothing is emitted before everything has been read. The day of a reading is that of its
    first request, even if the run began on the day before.
    """

    shape = shape_if_missing = "{}"
    limited_by = None

    def __init__(
        self,
        endpoint: Endpoint,
        settings: Settings,
        decoder: RowDecoder,
        *,
        read: Callable[[Endpoint, int], Snapshot],
        endpoints: tuple[str, ...],
    ) -> None:
        """Create a source.

        Args:
            endpoint: The endpoint.
            settings: The settings of the tap.
            decoder: Decodes the rows.
            read: Reads the endpoint, with so many rows per page.
            endpoints: See `Source`.
        """
        self.endpoint = endpoint
        self.endpoints = endpoints
        self._settings = settings
        self._decoder = decoder
        self._read = read

    @override
    def plan(self, ledger: Ledger) -> Plan:
        """Return today, unless `start_date` or `end_date` leaves it out."""
        today, settings = self.endpoint.today, self._settings
        wanted = (settings.start_date, settings.end_date or today)
        return Plan(windows.overlap((today, today), wanted))

    @override
    def questions(self, plan: Plan, ledger: Ledger) -> Sequence[Question]:
        return [] if plan.new is None else [Question.about(plan.new)]

    @override
    def ask(
        self, questions: Iterable[Question]
    ) -> Generator[WholeAnswer[Page], None, None]:
        for question in questions:
            snapshot = self._read(self.endpoint, self._settings.page_size)
            yield WholeAnswer(question, snapshot.asked_at, snapshot.pages)

    @override
    def days(self, answer: WholeAnswer[Page]) -> Iterator[Day]:
        batches = (self.endpoint.batch(page, self._decoder) for page in answer.pages)
        yield Day(answer.asked_at.date(), answer.asked_at, batches)

    @override
    def sample(self, day: pendulum.Date) -> Mapping[str, Any]:
        return {"limit": 1}


class TeamMembers:
    """Reads who is in which team: every team costs a request per page."""

    def __init__(self, shared: SharedTeams, teams: Endpoint) -> None:
        """Prepare for reading.

        Args:
            shared: The teams of the run.
            teams: The endpoint that says which teams there are.
        """
        self._shared = shared
        self._teams = teams

    def read(self, endpoint: Endpoint, page_size: int) -> Snapshot:
        """Return the pages of all teams, asked for in parallel.

        Args:
            endpoint: The endpoint, whose path leaves the team open.
            page_size: Rows per page.
        """
        teams = self._shared.read(self._teams, page_size)

        def pages_of(team: str) -> tuple[Page, ...]:
            path = endpoint.path.format(rbac_group_id=quote(team, safe=""))
            try:
                return read_whole(replace(endpoint, path=path), page_size).pages
            except RefusedError:
                # A team that has been deleted meanwhile has no members; nothing else is a
                # reason to leave one out.
                if team in self._ids(read_whole(self._teams, page_size)):
                    raise
                return ()

        with contextlib.closing(endpoint.read_ahead(self._ids(teams), pages_of)) as answers:
            return Snapshot(
                teams.asked_at, tuple(page for answer in answers for page in answer)
            )

    def _ids(self, teams: Snapshot) -> list[str]:
        """Return the ids of teams.

        Raises:
            UnexpectedAnswerError: If one has none.
        """
        ids: dict[str, None] = {}
        for page in teams.pages:
            with self._teams.explained(page.request_id):
                for row in _ANY_ROWS.decode(page.text, page.rows_key).rows:
                    if not isinstance(row.get(ID), str):
                        msg = f"a row without {ID}"
                        raise RowError(msg)
                    ids[row[ID]] = None
        return list(ids)
