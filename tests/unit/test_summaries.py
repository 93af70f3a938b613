"""The answers that streams of summaries share, and how they are cut into days."""

from unittest.mock import Mock, call

import pendulum
import pytest

from tap_claude_analytics.api.errors import BadRequestError, UnexpectedAnswerError
from tap_claude_analytics.api.pages import Page
from tap_claude_analytics.days.availability import NotAvailableYetError
from tap_claude_analytics.days.organization import Organization
from tap_claude_analytics.records.day import Batch
from tap_claude_analytics.streams.day_stream import DayStream
from tap_claude_analytics.streams.sources.source import Endpoint, Plan
from tap_claude_analytics.streams.sources.summaries import SharedSummaries, ask_for, by_day
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.singer import catalog_of, state_at

FIRST, THIRD, FIFTH, LAST = (pendulum.Date(2026, 1, day) for day in (1, 3, 5, 9))
TAP = TapClaudeAnalytics(config={"api_key": "sk-ant-api01-x"}, setup_mapper=False)
REFUSED = BadRequestError("no", "summaries", api_message="no", is_first_page=True)
PAGE = Page(b"", "req_7")


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
    refusals = [NotAvailableYetError(day, REFUSED, is_named=True) for day in available]
    ask = Mock(side_effect=[*refusals, [PAGE]])
    (found,) = ask_for((FIRST, LAST), ask, endpoint_count=endpoint_count)
    assert ask.mock_calls == [call((FIRST, last)) for last in asked]
    assert found.window == (FIRST, asked[-1] if has_pages else LAST)
    assert found.pages == ((PAGE,) if has_pages else None)
    assert isinstance(found.end, NotAvailableYetError)


def test_the_windows_of_all_streams_are_one() -> None:
    """It is fixed when the first stream is read, because bookmarks move after that."""
    wanted = [(THIRD, LAST), (FIRST, FIFTH)]
    shared = SharedSummaries(lambda: wanted)
    assert shared.windows(wanted[0]) == ((FIRST, LAST),)
    wanted.clear()
    assert shared.windows((LAST, LAST)) == ((FIRST, LAST),)


@pytest.mark.parametrize(
    ("streams", "first"),
    [(["org_summaries"], LAST), (["org_summaries", "adoption"], FIRST)],
)
def test_only_selected_streams_share_a_window(
    streams: list[str], first: pendulum.Date
) -> None:
    """Or a stream that nobody reads would have its days asked for."""
    state = state_at("2026-01-10", "org_summaries")
    state["bookmarks"] |= state_at("2026-01-02", "adoption")["bookmarks"]
    config = {"api_key": "sk-ant-api01-x", "lookback_days": 2}
    tap = TapClaudeAnalytics(config=config, catalog=catalog_of(*streams), state=state)
    ((begin, _),) = tap.run.summaries.windows((LAST, LAST.add(days=5)))
    assert begin == first


def test_without_new_days_nothing_is_asked() -> None:
    """Nor are days that other streams need."""
    stream = TAP.streams["org_summaries"]
    assert isinstance(stream, DayStream)
    assert stream.source(Mock()).questions(Plan(None), stream.ledger) == []


@pytest.mark.parametrize("day", ["2025-12-31", "2026-01-10T00:00:00Z", "soon", 7, None])
def test_a_row_of_another_day(day: object) -> None:
    """It is not attributed to any, and the sentence says where it came from."""
    rows = [{"starting_at": at} for at in ("2026-01-01", day)]
    batch = Batch(rows, conforms=True, is_suspect=False, request_id="req_7")
    endpoint = Endpoint(TAP.run.client, "summaries", LAST, Organization(dict), Mock())
    with pytest.raises(UnexpectedAnswerError) as caught:
        by_day(endpoint, (FIRST, LAST), [batch])
    told = ("a row whose", "is not one of 2026-01-01 to 2026-01-09", "/summaries", "req_7")
    assert all(text in str(caught.value) for text in told)
