"""What all sources have in common: plans, questions, and the endpoint they ask."""

from __future__ import annotations

import abc
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from tap_claude_analytics.api.client import API_VERSION, url_path
from tap_claude_analytics.api.errors import (
    BadRequestError,
    CursorExpiredError,
    UnexpectedAnswerError,
)
from tap_claude_analytics.api.pages import BY_PAGE
from tap_claude_analytics.api.read_ahead import Fetched, QuestionT, ReadAhead
from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.days.availability import NotAvailableYetError, latest_available
from tap_claude_analytics.records.day import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    import pendulum

    from tap_claude_analytics.api.client import Client
    from tap_claude_analytics.api.pages import Page, Paging
    from tap_claude_analytics.days.ledger import Ledger
    from tap_claude_analytics.days.organization import Organization
    from tap_claude_analytics.days.windows import Window
    from tap_claude_analytics.records.day import Day
    from tap_claude_analytics.records.shapes import RowDecoder


@dataclass(frozen=True)
class Plan:
    """Which days a run reads.

    Attributes:
        new: Days that have never been complete, and those of the lookback.
        revisable: Usage and cost only: earlier days that may have been revised.
    """

    new: Window | None
    revisable: tuple[pendulum.Date, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read."""
        return self.new is None and not self.revisable

    def __str__(self) -> str:
        """Return the days in words, for the log."""
        new = "" if self.new is None else "{} to {}".format(*self.new)
        count = len(self.revisable)
        revisable = f"{count} days that may have been revised" if count else ""
        return " and ".join(filter(None, (new, revisable))) or "no new day"


@dataclass(frozen=True)
class Question:
    """Days that one request asks for.

    Attributes:
        window: The days.
        needed: Those that the stream needs: answers may be shared with other streams.
        digests: Usage and cost only: digests of the totals of the days.
    """

    window: Window
    needed: Window
    digests: Mapping[pendulum.Date, str] = field(default_factory=dict)

    @classmethod
    def about(cls, window: Window) -> Question:
        """Return a question about days that are all needed."""
        return cls(window, window)

    def rest_after(self, day: pendulum.Date) -> Question:
        """Return the question about the days after one of them."""
        rest = (day.add(days=1), self.window[1])
        return Question(rest, rest, self.digests)


class Answer(Protocol):
    """The answer to a question; how its pages are had is between `ask` and `days`."""

    @property
    def question(self) -> Question:
        """What was asked."""

    @property
    def asked_at(self) -> pendulum.DateTime:
        """An instant before the first request."""


PageT = TypeVar("PageT")


@dataclass(frozen=True)
class WholeAnswer(Generic[PageT]):
    """An answer that has been read to its end.

    Attributes:
        question: What was asked.
        asked_at: An instant before the first request.
        pages: The pages.
    """

    question: Question
    asked_at: pendulum.DateTime
    pages: tuple[PageT, ...]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint, as one stream asks it.

    Attributes:
        client: Sends the requests.
        path: The endpoint.
        today: The UTC day on which the run began.
        organization: Checked with every page.
        on_answer: Called with status and seconds after every answered request.
        paging: How the next page is asked for.
    """

    client: Client
    path: str
    today: pendulum.Date
    organization: Organization
    on_answer: Callable[[int, float], None]
    paging: Paging = BY_PAGE

    def pages(
        self, parameters: Mapping[str, Any], last_day: pendulum.Date | None = None
    ) -> Iterator[Page]:
        """Ask, and yield the pages.

        Args:
            parameters: The parameters, without the cursor.
            last_day: The most recent day asked for, if the API may not have it yet.

        Raises:
            NotAvailableYetError: If the API does not have the last day yet.
            RunFailedError: If a page is about another organisation than the state.
            ApiError: If there is no page for another reason.
        """
        try:
            for page in self.client.pages(
                self.path, parameters, self.on_answer, self.paging
            ):
                self.organization.check(page.organization_id)
                yield page
        except BadRequestError as error:
            self._raise_if_not_available(error, last_day)
            raise

    def all_pages(
        self, parameters: Mapping[str, Any], last_day: pendulum.Date | None = None
    ) -> list[Page]:
        """Ask, and return all pages; arguments and errors are those of `pages`."""
        try:
            pages = self.client.all_pages(
                self.path, parameters, self.on_answer, self.paging
            )
        except BadRequestError as error:
            self._raise_if_not_available(error, last_day)
            raise
        for page in pages:
            self.organization.check(page.organization_id)
        return pages

    def _raise_if_not_available(
        self, error: BadRequestError, last_day: pendulum.Date | None
    ) -> None:
        if last_day is None or not error.is_first_page:
            return
        # Usage and cost, which need a header more, are never asked for such a day.
        found = latest_available(error.api_message, last_day, self.today, [API_VERSION])
        if found is not None:
            latest, is_named = found
            raise NotAvailableYetError(latest, error, is_named=is_named) from None

    def read_ahead(
        self,
        questions: Iterable[QuestionT],
        ask: Callable[[QuestionT], Iterable[Page]],
        *,
        recoverable: tuple[type[Exception], ...] = (),
    ) -> Generator[Fetched[QuestionT], None, None]:
        """Ask questions ahead and in parallel, and yield the answers in order.

        Args:
            questions: The questions.
            ask: Asks one of them, and returns the pages.
            recoverable: Errors, besides an expired cursor, after which the reader goes on.
        """
        return ReadAhead[QuestionT](
            ask,
            parallel=self.client.options.max_parallel_requests,
            recoverable=(CursorExpiredError, *recoverable),
        ).read(questions)

    def batch(self, page: Page, decoder: RowDecoder) -> Batch:
        """Decode the rows of a page."""
        with self.explained(page.request_id):
            rows, conforms, is_suspect = decoder.decode(page.text, page.rows_key)
        return Batch(rows, conforms, is_suspect, page.request_id)

    @contextlib.contextmanager
    def explained(self, request_id: str) -> Iterator[None]:
        """Say which request a wrong row came from.

        Raises:
            UnexpectedAnswerError: In place of a `RowError`.
        """
        try:
            yield
        except RowError as error:
            raise wrong_row(self.path, error, request_id) from None


def wrong_row(path: str, error: RowError, request_id: str) -> UnexpectedAnswerError:
    """Return a whole sentence about a row that is not what the API promises."""
    message = f"GET {url_path(path)} returned {error} (request id {request_id})."
    return UnexpectedAnswerError(message, path)


AnswerT = TypeVar("AnswerT", bound=Answer)


class Source(abc.ABC, Generic[AnswerT]):
    """Reads the days of one stream.

    Attributes:
        shape: What makes a row, in one text; see `Ledger.start`.
        shape_if_missing: The shape of the rows that a state without one is about.
        limited_by: The setting that selects only a part of the rows, None if none does.
        endpoints: The endpoints that must be open, and that a test can ask; the first one
            takes the parameters of `sample`.
    """

    shape: str
    shape_if_missing: str | None
    limited_by: str | None
    endpoints: tuple[str, ...]

    def start(self, ledger: Ledger) -> None:
        """Prepare the ledger before the run, after `Ledger.start`."""

    @abc.abstractmethod
    def plan(self, ledger: Ledger) -> Plan:
        """Return the days to read; makes no request."""

    @abc.abstractmethod
    def questions(self, plan: Plan, ledger: Ledger) -> Sequence[Question]:
        """Return the questions that ask for the days of a plan, oldest first."""

    @abc.abstractmethod
    def ask(self, questions: Iterable[Question]) -> Generator[AnswerT, None, None]:
        """Ask questions, and yield the answers in order; close it when done early."""

    @abc.abstractmethod
    def days(self, answer: AnswerT) -> Iterator[Day]:
        """Cut an answer into days, oldest first.

        The rows of each day must be taken before the next day.

        Raises:
            CursorExpiredError: If the rest must be asked for again.
        """

    def note(self, ledger: Ledger, day: Day, row_count: int) -> None:
        """Remember what else is to be known of a day, once it has been emitted."""

    @abc.abstractmethod
    def sample(self, day: pendulum.Date) -> Mapping[str, Any]:
        """Return parameters that ask for one row of a day, to test the connection."""

    def warnings(self) -> Iterator[str]:
        """Yield what is to be said once the stream has been read."""
        return iter(())
