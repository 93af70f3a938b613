"""The source of the organisation's daily summaries, which several streams share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import override

from tap_claude_analytics.api.errors import BadRequestError
from tap_claude_analytics.api.pages import Page
from tap_claude_analytics.common import clock
from tap_claude_analytics.common.dates import FLOOR
from tap_claude_analytics.common.errors import RowError, StreamFailedError
from tap_claude_analytics.common.names import STARTING_AT
from tap_claude_analytics.days import windows
from tap_claude_analytics.days.availability import NotAvailableYetError
from tap_claude_analytics.records.day import Batch, Day
from tap_claude_analytics.records.shapes import day_in
from tap_claude_analytics.streams.sources.activity import ActivitySource
from tap_claude_analytics.streams.sources.source import PageT, Plan, Question, WholeAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    import pendulum

    from tap_claude_analytics.days.ledger import Ledger
    from tap_claude_analytics.days.windows import Window
    from tap_claude_analytics.streams.sources.source import Endpoint

#: How many days one request may span.
MAX_DAYS = 366
#: How many days one request asks for once the API has refused more.
FEWER_DAYS = 31
#: How many days back the latest summary is looked for when the connection is tested.
_SAMPLE_DAYS = 31


def parameters_of(window: Window) -> dict[str, Any]:
    """Return the parameters that ask for summaries; ``ending_date`` is exclusive."""
    first, last = window
    return {
        "starting_date": first.isoformat(),
        "ending_date": last.add(days=1).isoformat(),
    }


@dataclass(frozen=True)
class Summaries(Generic[PageT]):
    """The answer about some days, read to its end.

    Attributes:
        window: The days that the API has; maybe fewer than were asked for.
        asked_at: An instant before the first request.
        pages: The pages; None if there is no answer.
        end: What ended the answer early: days that are not available yet, or an error.
    """

    window: Window
    asked_at: pendulum.DateTime
    pages: tuple[PageT, ...] | None = None
    end: NotAvailableYetError | StreamFailedError | None = None


def ask_for(
    window: Window, ask: Callable[[Window], Iterable[PageT]], *, endpoint_count: int = 1
) -> tuple[Summaries[PageT], ...]:
    """Ask for some days, in pieces if the API refuses so many at once.

    The help centre names 31 days as the most, the reference 366.

    Args:
        window: The days.
        ask: Asks for days, and returns the pages.
        endpoint_count: How many endpoints are asked on the way: each may have fewer days.

    Returns:
        The answers, oldest first; only the last one may have been ended early.
    """
    answer = _ask_for_all(window, ask, endpoint_count)
    if not isinstance(answer.end, BadRequestError):
        return (answer,)
    answers = []
    for piece in windows.chunks(window, FEWER_DAYS):
        if piece == window:
            return (answer,)
        answers.append(_ask_for_all(piece, ask, endpoint_count))
        if answers[-1].end is not None:
            break
    return tuple(answers)


def _ask_for_all(
    window: Window, ask: Callable[[Window], Iterable[PageT]], endpoint_count: int
) -> Summaries[PageT]:
    """Ask for some days; if the last ones are not available yet, again for the others."""
    first, last = window
    asked_at, end = clock.now(), None
    attempts_left = endpoint_count
    while True:
        try:
            return Summaries((first, last), asked_at, tuple(ask((first, last))), end)
        except NotAvailableYetError as error:
            end = error
            # Where the day is not named, only going back day by day finds it.
            attempts_left -= error.is_named
            if attempts_left < 0 or not first <= error.latest < last:
                return Summaries(window, asked_at, end=end)
            last = error.latest
        except StreamFailedError as error:
            return Summaries(window, asked_at, end=error)


def by_day(
    endpoint: Endpoint, window: Window, batches: Iterable[Batch]
) -> dict[pendulum.Date, list[Batch]]:
    """Return the rows of each day that was asked for.

    Raises:
        UnexpectedAnswerError: If a row is of another day, or does not say of which.
    """
    days: dict[pendulum.Date, list[Batch]] = {day: [] for day in windows.days(window)}
    for batch in batches:
        for row in batch.rows:
            day = day_in(row, STARTING_AT)
            if day is None or day not in days:
                msg = f"a row whose {STARTING_AT} is not one of {window[0]} to {window[1]}"
                with endpoint.explained(batch.request_id):
                    raise RowError(msg)
            days[day].append(replace(batch, rows=[row]))
    return days


class SharedSummaries:
    """The answers of one run, asked for once for all streams of summaries.

    The windows of these streams are combined into one before the first of them is read,
    since bookmarks move while the streams are read one after the other.
    """

    def __init__(self, wanted: Callable[[], Iterable[Window]]) -> None:
        """Start without answers.

        Args:
            wanted: Returns the windows of the selected streams.
        """
        self._wanted = wanted
        self._windows: tuple[Window, ...] = ()
        self._answers: dict[Window, tuple[Summaries[Page], ...]] = {}

    def windows(self, own: Window) -> tuple[Window, ...]:
        """Return the windows to ask for, oldest first.

        Args:
            own: The window of the stream that is read.
        """
        if not self._windows:
            firsts, lasts = zip(own, *self._wanted(), strict=True)
            window = (min(firsts), max(lasts))
            self._windows = tuple(windows.chunks(window, MAX_DAYS))
        return self._windows

    def answers(
        self, window: Window, ask: Callable[[Window], Iterable[Page]]
    ) -> tuple[Summaries[Page], ...]:
        """Return the answers about one of the windows; `ask` is used the first time."""
        if window not in self._answers:
            self._answers[window] = ask_for(window, ask)
        return self._answers[window]


class SummarySource(ActivitySource[WholeAnswer[Page]]):
    """Reads the summaries of the whole organisation, whose rows say their day."""

    def __init__(self, shared: SharedSummaries, *args: Any) -> None:
        """Create a source; see `ActivitySource` for the other arguments.

        Args:
            shared: The answers. Every stream decodes them again, since steps edit rows.
            *args: What every source of activity has.
        """
        super().__init__(*args)
        self._shared = shared

    @override
    def questions(self, plan: Plan, ledger: Ledger) -> Sequence[Question]:
        if plan.new is None:
            return []
        return [
            Question(window, needed)
            for window in self._shared.windows(plan.new)
            if (needed := windows.overlap(window, plan.new)) is not None
        ]

    @override
    def ask(
        self, questions: Iterable[Question]
    ) -> Generator[WholeAnswer[Page], None, None]:
        for question in questions:
            for answer in self._shared.answers(question.window, self._ask):
                needed = windows.overlap(answer.window, question.needed)
                if answer.pages is not None and needed is not None:
                    answered = Question(answer.window, needed)
                    yield WholeAnswer(answered, answer.asked_at, answer.pages)
                if answer.end is not None:
                    raise answer.end

    def _ask(self, window: Window) -> list[Page]:
        """Return all pages about some days."""
        parameters = {**parameters_of(window), **self.settings.parameters}
        return self.endpoint.all_pages(parameters, window[1])

    @override
    def days(self, answer: WholeAnswer[Page]) -> Iterator[Day]:
        batches = [self.endpoint.batch(page, self.decoder) for page in answer.pages]
        first, last = answer.question.needed
        of_days = by_day(self.endpoint, answer.question.window, batches)
        for day, of_day in of_days.items():
            if first <= day <= last:
                yield Day(day, answer.asked_at, of_day)

    @override
    def sample(self, day: pendulum.Date) -> Mapping[str, Any]:
        first = max(FLOOR, day.subtract(days=_SAMPLE_DAYS))
        return {"starting_date": first.isoformat(), **self.settings.parameters}
