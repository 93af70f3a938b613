"""The source of daily activity: one question per day."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_claude_analytics.api.read_ahead import Fetched
from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.common.names import DATE, STARTING_AT
from tap_claude_analytics.days import windows
from tap_claude_analytics.records.day import Day
from tap_claude_analytics.records.shapes import day_in
from tap_claude_analytics.streams.sources.activity import ActivitySource
from tap_claude_analytics.streams.sources.source import Plan, Question

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    import pendulum

    from tap_claude_analytics.days.ledger import Ledger
    from tap_claude_analytics.records.day import Batch


class DailySource(ActivitySource[Fetched[Question]]):
    """Reads an endpoint that returns the rows of the day that is asked for.

    Its rows do not say their day. With ``starting_date`` and ``ending_date`` the endpoint
    would return a rollup of the range, so these are never sent.
    """

    @override
    def questions(self, plan: Plan, ledger: Ledger) -> Sequence[Question]:
        return (
            [] if plan.new is None else [*map(Question.about, windows.chunks(plan.new, 1))]
        )

    @override
    def ask(
        self, questions: Iterable[Question]
    ) -> Generator[Fetched[Question], None, None]:
        return self.endpoint.read_ahead(
            questions,
            lambda question: self.endpoint.pages(
                self._parameters(question.window[0]), question.window[1]
            ),
        )

    def _parameters(self, day: pendulum.Date) -> dict[str, Any]:
        """Return the parameters that ask for the rows of a day."""
        return {
            "date": day.isoformat(),
            "limit": self.settings.page_size,
            **self.settings.parameters,
        }

    @override
    def days(self, answer: Fetched[Question]) -> Iterator[Day]:
        day, _ = answer.question.window
        batches = (self.endpoint.batch(page, self.decoder) for page in answer)
        yield Day(day, answer.asked_at, (self._checked(day, batch) for batch in batches))

    def _checked(self, day: pendulum.Date, batch: Batch) -> Batch:
        """Return rows, unless one says, as none does today, that it is of another day."""
        for row, name in product([] if batch.conforms else batch.rows, (DATE, STARTING_AT)):
            if name in row and day_in(row, name) not in {day, None}:
                msg = f"a row for {day} whose {name} is another day"
                with self.endpoint.explained(batch.request_id):
                    raise RowError(msg)
        return batch

    @override
    def sample(self, day: pendulum.Date) -> Mapping[str, Any]:
        return self._parameters(day) | {"limit": 1}
