"""The answers that streams of summaries share, and how they are cut into days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pendulum
import pytest

from tap_claude_analytics.api.errors import (
    ApiError,
    BadRequestError,
    UnexpectedAnswerError,
)
from tap_claude_analytics.days.availability import NotAvailableYetError
from tap_claude_analytics.days.organization import Organization
from tap_claude_analytics.records.day import Batch
from tap_claude_analytics.streams.sources.source import Endpoint
from tap_claude_analytics.streams.sources.summaries import (
    MAX_DAYS,
    SharedSummaries,
    ask_for,
    by_day,
)
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.singer import catalog_of

if TYPE_CHECKING:
    from tap_claude_analytics.api.pages import Page
    from tap_claude_analytics.days.windows import Window

FIRST = pendulum.Date(2026, 1, 1)
LAST = pendulum.Date(2026, 1, 9)
ENDPOINT = Endpoint(
    TapClaudeAnalytics(config={"api_key": "sk-ant-api01-x"}, setup_mapper=False).run.client,
    "summaries",
    LAST,
    Organization(dict),
    lambda _status, _seconds: None,
)
REFUSED = BadRequestError("no", "summaries", api_message="no", is_first_page=True)


class Api:
    """An API that has days up to some day only, and notes what it is asked for."""

    def __init__(self, *latest: pendulum.Date) -> None:
        """Start with what it calls the latest day: another one at each request."""
        self.latest = list(latest)
        self.asked: list[Window] = []

    def ask(self, window: Window) -> list[str]:
        """Answer, or say which day is the latest."""
        self.asked.append(window)
        latest = self.latest.pop(0)
        if latest < window[1]:
            raise NotAvailableYetError(latest, REFUSED, is_named=True)
        return ["page"]


def test_days_that_are_not_available_yet_are_left_out() -> None:
    """The others are asked for again, once per endpoint on the way."""
    fifth, third = pendulum.Date(2026, 1, 5), pendulum.Date(2026, 1, 3)
    api = Api(fifth, fifth)
    (found,) = ask_for((FIRST, LAST), api.ask)
    assert api.asked == [(FIRST, LAST), (FIRST, fifth)]
    assert (found.window, found.pages) == ((FIRST, fifth), ("page",))
    assert isinstance(found.end, NotAvailableYetError)

    api = Api(fifth, third, third)
    (found,) = ask_for((FIRST, LAST), api.ask)
    assert found.pages is None
    assert len(api.asked) == 2
    api = Api(fifth, third, third)
    (found,) = ask_for((FIRST, LAST), api.ask, endpoint_count=2)
    assert (found.window, found.pages) == ((FIRST, third), ("page",))


@pytest.mark.parametrize(
    "latest", [FIRST.subtract(days=1), LAST], ids=["before-the-first", "the-last"]
)
def test_no_day_to_ask_for_again(latest: pendulum.Date) -> None:
    """A latest day before the first leaves none, nor does one that was asked for."""

    def ask(window: Window) -> list[str]:
        asked.append(window)
        raise NotAvailableYetError(latest, REFUSED, is_named=True)

    asked: list[Window] = []
    (found,) = ask_for((FIRST, LAST), ask)
    assert asked == [(FIRST, LAST)]
    assert found.pages is None
    assert isinstance(found.end, NotAvailableYetError)


def test_an_error_is_kept_for_every_stream() -> None:
    """The endpoint is not asked again."""
    error = ApiError("no", "summaries")

    def ask(window: Window) -> list[Page]:
        asked.append(window)
        raise error

    asked: list[Window] = []
    shared = SharedSummaries(lambda: [(FIRST, LAST)])
    for _ in range(2):
        (found,) = shared.answers((FIRST, LAST), ask)
        assert found.end is error
    assert len(asked) == 1


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
