"""The answers that streams of summaries share, and how they are cut into days."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tap_claude_analytics.api.errors import (
    ApiError,
    BadRequestError,
    UnexpectedAnswerError,
)
from tap_claude_analytics.api.pages import Page
from tap_claude_analytics.common.dates import parse_day
from tap_claude_analytics.days.availability import NotAvailableYetError
from tap_claude_analytics.days.ledger import Ledger
from tap_claude_analytics.days.organization import Organization
from tap_claude_analytics.days.windows import days
from tap_claude_analytics.records.day import Batch
from tap_claude_analytics.streams.assembly import row_decoder, row_shape
from tap_claude_analytics.streams.sources.activity_settings import ActivitySettings
from tap_claude_analytics.streams.sources.source import Endpoint, Plan, Question
from tap_claude_analytics.streams.sources.summaries import (
    MAX_DAYS,
    SharedSummaries,
    SummarySource,
    ask_for,
    by_day,
)
from tap_claude_analytics.streams.specs import SPECS
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.singer import catalog_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_claude_analytics.days.windows import Window

FIRST = pendulum.Date(2026, 1, 1)
THIRD = pendulum.Date(2026, 1, 3)
FIFTH = pendulum.Date(2026, 1, 5)
LAST = pendulum.Date(2026, 1, 9)
RUN = TapClaudeAnalytics(config={"api_key": "sk-ant-api01-x"}, setup_mapper=False).run
ENDPOINT = Endpoint(
    RUN.client, "summaries", LAST, Organization(dict), lambda _status, _seconds: None
)
REFUSED = BadRequestError("no", "summaries", api_message="no", is_first_page=True)


class Api:
    """An API that answers with errors until they run out, and notes what it is asked."""

    def __init__(self, *errors: NotAvailableYetError | ApiError) -> None:
        """Start with the errors."""
        self.errors = list(errors)
        self.asked: list[Window] = []

    def ask(self, window: Window) -> list[Page]:
        """Answer, or fail."""
        self.asked.append(window)
        if self.errors:
            raise self.errors.pop(0)
        return [PAGE]


PAGE = Page(b"", "req_7")


def only_up_to(day: pendulum.Date) -> NotAvailableYetError:
    """Return what an API says that has days up to this one."""
    return NotAvailableYetError(day, REFUSED, is_named=True)


def test_days_that_are_not_available_yet_are_left_out() -> None:
    """The others are asked for again."""
    api = Api(only_up_to(FIFTH))
    (found,) = ask_for((FIRST, LAST), api.ask)
    assert api.asked == [(FIRST, LAST), (FIRST, FIFTH)]
    assert (found.window, found.pages) == ((FIRST, FIFTH), (PAGE,))
    assert isinstance(found.end, NotAvailableYetError)


@pytest.mark.parametrize(("endpoint_count", "pages"), [(1, None), (2, (PAGE,))])
def test_each_endpoint_may_have_fewer_days(
    endpoint_count: int, pages: tuple[Page] | None
) -> None:
    """Once for each on the way, days are asked for again."""
    api = Api(only_up_to(FIFTH), only_up_to(THIRD))
    (found,) = ask_for((FIRST, LAST), api.ask, endpoint_count=endpoint_count)
    assert found.pages == pages
    assert found.window == ((FIRST, LAST) if pages is None else (FIRST, THIRD))
    assert len(api.asked) == endpoint_count + 1


@pytest.mark.parametrize(
    "latest", [FIRST.subtract(days=1), LAST], ids=["before-the-first", "the-last"]
)
def test_no_day_to_ask_for_again(latest: pendulum.Date) -> None:
    """A latest day before the first leaves none, nor does one that was asked for."""
    api = Api(only_up_to(latest))
    (found,) = ask_for((FIRST, LAST), api.ask)
    assert api.asked == [(FIRST, LAST)]
    assert found.pages is None
    assert isinstance(found.end, NotAvailableYetError)


def test_an_error_is_kept_for_every_stream() -> None:
    """The endpoint is not asked again."""
    error = ApiError("no", "summaries")
    api = Api(error)
    shared = SharedSummaries(lambda: [(FIRST, LAST)])
    for _ in range(2):
        (found,) = shared.answers((FIRST, LAST), api.ask)
        assert found.end is error
    assert len(api.asked) == 1


def test_the_windows_of_all_streams_are_one() -> None:
    """It is fixed when the first stream is read, because bookmarks move after that."""
    wanted = [(pendulum.Date(2026, 1, 3), LAST), (FIRST, pendulum.Date(2026, 1, 4))]
    shared = SharedSummaries(lambda: wanted)
    assert shared.windows(wanted[0]) == ((FIRST, LAST),)
    wanted.clear()
    assert shared.windows((LAST, LAST)) == ((FIRST, LAST),)
    far = FIRST.add(days=MAX_DAYS)
    assert SharedSummaries(lambda: ()).windows((FIRST, far)) == (
        (FIRST, far.subtract(days=1)),
        (far, far),
    )


@pytest.mark.parametrize(
    ("available", "given"), [(9, [3, 4, 5]), (5, [3, 4, 5]), (4, [3, 4]), (2, [])]
)
def test_a_stream_gets_only_days_that_it_needs(
    available: int, given: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other streams need days before and after them, which are asked for too."""
    asked: list[Mapping[str, Any]] = []

    def all_pages(_path: str, parameters: Mapping[str, Any], *_others: Any) -> list[Page]:
        asked.append(parameters)
        last = parse_day(parameters["ending_date"]).subtract(days=1)
        if last.day > available:
            words = f"there is data up to 2026-01-{available:02}"
            raise BadRequestError(words, "summaries", api_message=words, is_first_page=True)
        rows = [{"starting_at": day.isoformat()} for day in days((FIRST, last))]
        return [Page(json.dumps({"data": rows}).encode(), "req_7")]

    monkeypatch.setattr(RUN.client, "all_pages", all_pages)
    spec = next(spec for spec in SPECS if spec.name == "org_summaries")
    source = SummarySource(
        SharedSummaries(lambda: [(FIRST, LAST)]),
        ENDPOINT,
        ActivitySettings.of(spec, RUN.settings, LAST),
        row_decoder(spec, row_shape(spec, spec.schema.load(), RUN)),
    )
    needed = (THIRD, FIFTH)
    ledger = Ledger("x", {}, replication_key="date", is_incremental=True)
    questions = source.questions(Plan(needed), ledger)
    assert questions == [Question((FIRST, LAST), needed)]

    found: list[int] = []
    with (
        contextlib.suppress(NotAvailableYetError)
        if available == LAST.day
        else pytest.raises(NotAvailableYetError)
    ):
        for answer in source.ask(questions):
            assert [day.date for day in source.days(answer)] == [
                *days(answer.question.needed)
            ]
            found += [day.day for day in days(answer.question.needed)]
    assert found == given
    assert asked[0] == {"starting_date": "2026-01-01", "ending_date": "2026-01-10"}
    assert source.questions(Plan(None), ledger) == []


def test_only_selected_streams_share_a_window() -> None:
    """Or a stream that nobody reads would have its days asked for."""
    old = {"replication_key": "date", "replication_key_value": "2026-01-02"}
    new = {"replication_key": "date", "replication_key_value": "2026-01-10"}
    for streams, first in ((["org_summaries"], 9), (["org_summaries", "adoption"], 1)):
        tap = TapClaudeAnalytics(
            config={"api_key": "sk-ant-api01-x", "lookback_days": 2},
            catalog=catalog_of(*streams),
            state={"bookmarks": {"org_summaries": new, "adoption": old}},
        )
        own = (pendulum.Date(2026, 1, 9), pendulum.Date(2026, 1, 14))
        ((begin, _),) = tap.run.summaries.windows(own)
        assert begin == pendulum.Date(2026, 1, first)


def batch(*days: object) -> Batch:
    """Return rows of these days."""
    rows = [{"starting_at": day} for day in days]
    return Batch(rows, conforms=True, is_suspect=False, request_id="req_7")


def test_rows_by_day() -> None:
    """Every day that was asked for is there, also one without rows."""
    second = FIRST.add(days=1)
    found = by_day(ENDPOINT, (FIRST, second), [batch("2026-01-01T00:00:00Z")])
    assert list(found) == [FIRST, second]
    assert [len(each.rows) for each in found[FIRST]] == [1]
    assert found[second] == []


@pytest.mark.parametrize(
    "day", ["2025-12-31", "2026-01-10T00:00:00Z", "soon", 7, None], ids=repr
)
def test_a_row_of_another_day(day: object) -> None:
    """It is not attributed to any, and the sentence says where it came from."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        by_day(ENDPOINT, (FIRST, LAST), [batch("2026-01-01", day)])
    assert "is not one of 2026-01-01 to 2026-01-09" in str(caught.value)
    assert "/summaries" in str(caught.value)
    assert "req_7" in str(caught.value)
