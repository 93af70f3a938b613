"""Faults that a tap overcomes unnoticed, so that its tests cannot tell if they occurred."""

import re
import time
from datetime import date, timedelta

import pytest
from requests import Response
from requests.exceptions import RequestException

from tests.simulator import FAULTS, RESOURCES, Options, Row, Simulator
from tests.simulator.faults import DATED, PASSING
from tests.simulator_tests.asking import Ask, next_of, refusal

TODAY = date(2026, 4, 16)
OPTIONS = Options(today=TODAY, users=40, projects=30)

SLOW = ("late_answer", "dripping_answer")
DAY: Row = {"date": "2026-04-13"}
SPAN: Row = {"starting_at": "2026-04-13T00:00:00Z", "ending_at": "2026-04-14T00:00:00Z"}
# Whole answers: of a day, a range or now, by id and by cursor, nested.
QUESTIONS: dict[str, Row] = {
    "skills": {**DAY, "limit": 1000},
    "summaries": {"starting_date": "2026-04-13", "ending_date": "2026-04-14"},
    "cost": {**SPAN, "time_bucket_width": "1d", "order_by": "time", "order": "asc"},
    "cost_report": {**SPAN, "bucket_width": "1d", "limit": 31},
    RESOURCES["members"].path: {"limit": 1000},
}


def page_of(answer: Response) -> object:
    """Decode a page; what is none raises an exception of requests."""
    answer.raise_for_status()
    return answer.json()


@pytest.mark.parametrize("fault", [name for name in PASSING if name not in SLOW])
def test_passing_faults(simulator: Simulator, ask: Ask, fault: str) -> None:
    """The client gets no page, and after that the whole page."""
    simulator.fail(FAULTS[fault], times=1)
    with pytest.raises(RequestException):
        page_of(ask("skills", **DAY))
    assert page_of(ask("skills", **DAY))


@pytest.mark.slow
@pytest.mark.parametrize("fault", SLOW)
def test_slow_answers(simulator: Simulator, ask: Ask, fault: str) -> None:
    """They take more than a second; only the dripping one begins at once."""
    truth = ask("artifacts", **DAY).content
    simulator.fail(FAULTS[fault])
    start = time.monotonic()
    answer = ask("artifacts", **DAY)
    assert answer.content == truth
    assert time.monotonic() - start > 1.2
    assert (answer.elapsed.total_seconds() < 1) is (fault == "dripping_answer")


@pytest.mark.parametrize("path", QUESTIONS)
def test_faults_of_pages(simulator: Simulator, ask: Ask, path: str) -> None:
    """An empty page comes first, and the last one shows a cursor that leads nowhere."""
    asked = QUESTIONS[path]
    truth = ask(path, **asked).json()
    assert next_of(truth) == {}
    simulator.fail(FAULTS["empty_page_with_a_cursor"], path=path, times=1)
    empty = ask(path, **asked).json()
    assert empty["data"] == []
    assert ask(path, **asked, **next_of(empty)).json() == truth
    simulator.fail(FAULTS["stale_cursor"])
    cursor = "last_id" if "last_id" in truth else "next_page"
    stale = {**truth, "has_more": False, cursor: "left-over"}
    assert ask(path, **asked).json() == stale


@pytest.mark.parametrize("path", ["skills", RESOURCES["members"].path])
def test_revised_rows(simulator: Simulator, ask: Ask, path: str) -> None:
    """A cursor expires, and rows are gone for good."""
    asked: Row = {**QUESTIONS[path], "limit": 3}
    before = ask(path, **asked).json()
    simulator.fail(FAULTS["revised_rows"], path=path, times=1)
    assert ask(path, **asked, **next_of(before)).status_code == 410
    assert ask(path, **asked).json()["data"] != before["data"]


def test_refusals_that_quote_a_date(simulator: Simulator, ask: Ask) -> None:
    """The tap might take it for the latest day; or it is to wait until then."""
    told = {}
    for name, fault in DATED.items():
        simulator.recover()
        simulator.fail(fault)
        answer = ask("skills", {"anthropic-version": "2026-10-21"}, **DAY)
        told[name] = {*re.findall(r"\d{4}-\d\d-\d\d", refusal(answer))}
    assert told == {
        "version_sent_twice": {"2026-10-21"},
        "key_expired": {str(simulator.latest - timedelta(days=5))},
        "latest_day_far_back": {str(simulator.latest - timedelta(days=40))},
    }
    simulator.recover()
    simulator.fail(FAULTS["rate_limit_until_a_date"])
    headers = ask("skills", **DAY).headers
    assert headers["date"] == "Thu, 16 Apr 2026 12:00:00 GMT"
    assert headers["retry-after"] == "Thu, 16 Apr 2026 12:00:02 GMT"
