"""The answers that streams of summaries share, and how they are cut into days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pendulum
import pytest

from tap_claude_analytics.api.errors import ApiError, BadRequestError, UnexpectedAnswerError
from tap_claude_analytics.api.pages import Page
from tap_claude_analytics.days.availability import NotAvailableYetError
from tap_claude_analytics.days.organization import Organization
from tap_claude_analytics.records.day import Batch
from tap_claude_analytics.streams.day_stream import DayStream
from tap_claude_analytics.streams.sources.source import Endpoint, Plan
from tap_claude_analytics.streams.sources.summaries import (
    MAX_DAYS,
    SharedSummaries,
    ask_for,
    by_day,
)
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.singer import catalog_of

if TYPE_CHECKING:
    from tap_claude_analytics.days.windows import Window

FIRST, THIRD, FIFTH, LAST = (pendulum.Date(2026, 1, day) for day in (1, 3, 5, 9))
TAP = TapClaudeAnalytics(config={"api_key": "sk-ant-api01-x"}, setup_mapper=False)
ENDPOINT = Endpoint(
    TAP.run.client, "summaries", LAST, Organization(dict), lambda _status, _seconds: None
)
REFUSED = BadRequestError("no", "summaries", api_message="no", is_first_page=True)
PAGE = Page(b"", "req_7")


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


@pytest.mark.parametrize(
    ("available", "endpoint_count", "asked", "has_pages"),
    [
        ([FIFTH], 1, [LAST, FIFTH], True),
        # Once for each endpoint on the way, days are asked for again.
        ([FIFTH, THIRD], 1, [LAST, FIFTH], False),
        ([FIFTH, THIRD], 2, [LAST, FIFTH, THIRD], True),
        # One day is left, none, and no fewer than were asked for.
        ([FIRST], 1, [LAST, FIRST], True),
        ([FIRST.subtract(days=1)], 1, [LAST], False),
        ([LAST], 1, [LAST], False),
    ],
)
def test_days_that_are_not_available_yet(
    available: list[pendulum.Date],
    endpoint_count: int,
    asked: list[pendulum.Date],
    *,
    has_pages: bool,
) -> None:
    """They are left out, and the others are asked for again."""
    api = Api(*(NotAvailableYetError(day, REFUSED, is_named=True) for day in available))
    (found,) = ask_for((FIRST, LAST), api.ask, endpoint_count=endpoint_count)
    assert api.asked == [(FIRST, last) for last in asked]
    assert found.window == (FIRST, asked[-1] if has_pages else LAST)
    assert found.pages == ((PAGE,) if has_pages else None)
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
    wanted = [(THIRD, LAST), (FIRST, FIFTH)]
    shared = SharedSummaries(lambda: wanted)
    assert shared.windows(wanted[0]) == ((FIRST, LAST),)
    wanted.clear()
    assert shared.windows((LAST, LAST)) == ((FIRST, LAST),)
    far = FIRST.add(days=MAX_DAYS)
    years = SharedSummaries(lambda: ()).windows((FIRST, far))
    assert years == ((FIRST, far.subtract(days=1)), (far, far))


def test_only_selected_streams_share_a_window() -> None:
    """Or a stream that nobody reads would have its days asked for."""
    old = {"replication_key": "date", "replication_key_value": "2026-01-02"}
    new = {"replication_key": "date", "replication_key_value": "2026-01-10"}
    for streams, first in (
        (["org_summaries"], LAST),
        (["org_summaries", "adoption"], FIRST),
    ):
        tap = TapClaudeAnalytics(
            config={"api_key": "sk-ant-api01-x", "lookback_days": 2},
            catalog=catalog_of(*streams),
            state={"bookmarks": {"org_summaries": new, "adoption": old}},
        )
        ((begin, _),) = tap.run.summaries.windows((LAST, LAST.add(days=5)))
        assert begin == first


def test_without_new_days_nothing_is_asked() -> None:
    """Nor are days that other streams need."""
    stream = TAP.streams["org_summaries"]
    assert isinstance(stream, DayStream)
    source = stream.source(lambda _status, _seconds: None)
    assert source.questions(Plan(None), stream.ledger) == []


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


@pytest.mark.parametrize("day", ["2025-12-31", "2026-01-10T00:00:00Z", "soon", 7, None])
def test_a_row_of_another_day(day: object) -> None:
    """It is not attributed to any, and the sentence says where it came from."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        by_day(ENDPOINT, (FIRST, LAST), [batch("2026-01-01", day)])
    told = ("a row whose", "is not one of 2026-01-01 to 2026-01-09", "/summaries", "req_7")
    assert all(text in str(caught.value) for text in told)
