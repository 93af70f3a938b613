"""Each fault does over the wire what it claims, to the requests it is meant for."""

import re
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import pytest
import requests

from tests.simulator import (
    FAULTS,
    FLOOR,
    REFUSALS,
    RESOURCES,
    Kind,
    Options,
    Row,
    Simulator,
)
from tests.simulator_tests.asking import Ask, next_of, path_of, refusal

TODAY = date(2026, 4, 16)
OPTIONS = Options(today=TODAY, users=40, projects=30)

RATE_LIMITS = {
    "rate_limit_in_seconds": {"retry-after": "2"},
    "rate_limit_in_fractions": {"retry-after": "0.75"},
    "rate_limit_until_a_date": {"retry-after": "Thu, 16 Apr 2026 12:00:02 GMT"},
    "rate_limit_in_milliseconds": {"retry-after-ms": "250"},
    "rate_limit_without_a_wait": {},
    "rate_limit_for_very_long": {"retry-after": "86400"},
}
SLOW = ["late_answer", "dripping_answer"]
PASSING = [name for name, fault in FAULTS.items() if fault.kind is Kind.PASSING]
DATED = [name for name, fault in REFUSALS.items() if fault.kind is Kind.DATED]

DAY: Row = {"date": "2026-04-13"}
SPAN: Row = {"starting_at": "2026-04-13T00:00:00Z", "ending_at": "2026-04-14T00:00:00Z"}
# Cut into pages or whole, of a day, a range or now, by id and by cursor, nested.
QUESTIONS: dict[str, Row] = {
    "skills": DAY,
    "artifacts": DAY,
    "summaries": {"starting_date": "2026-04-13", "ending_date": "2026-04-14"},
    "usage": {**SPAN, "time_bucket_width": "1d"},
    "user_cost_report": SPAN,
    "cost_report": {**SPAN, "bucket_width": "1d"},
    "members": {},
    "spend_limits": {},
    "team_members": {},
}


@pytest.fixture(params=QUESTIONS)
def name(request: pytest.FixtureRequest) -> str:
    """Try each of the endpoints."""
    return str(request.param)


@pytest.fixture
def question(
    ask_fresh: Ask, fresh: Simulator, name: str
) -> Callable[..., requests.Response]:
    """Ask an endpoint for small pages."""
    path = path_of(fresh, RESOURCES[name]) if name in RESOURCES else name
    return partial(ask_fresh, path, None, **{**QUESTIONS[name], "limit": 3})


def test_names_are_used_once() -> None:
    """Both tables can be put together."""
    assert not FAULTS.keys() & REFUSALS.keys()


@pytest.mark.parametrize("fault", RATE_LIMITS)
def test_rate_limits(fresh: Simulator, ask_fresh: Ask, fault: str) -> None:
    """They say how long to wait in the way they are named after, by their own clock."""
    fresh.fail(FAULTS[fault])
    answer = ask_fresh("skills", **DAY)
    assert refusal(answer, 429)
    told = {"retry-after", "retry-after-ms"} & set(answer.headers)
    assert {header: answer.headers[header] for header in told} == RATE_LIMITS[fault]
    assert answer.headers["date"] == "Thu, 16 Apr 2026 12:00:00 GMT"


@pytest.mark.parametrize("fault", [name for name in PASSING if name not in SLOW])
def test_passing_faults(fresh: Simulator, ask_fresh: Ask, fault: str) -> None:
    """The client gets no page, and soon after that the whole page."""

    def page_or_none() -> object:
        try:
            response = ask_fresh("skills", **DAY)
            return response.json() if response.status_code == 200 else None
        except (requests.exceptions.RequestException, ValueError):
            return None

    whole = page_or_none()
    fresh.fail(FAULTS[fault], times=1)
    assert page_or_none() is None
    end = time.monotonic() + 5
    while (page := page_or_none()) is None and time.monotonic() < end:
        time.sleep(0.005)
    assert page == whole is not None


@pytest.mark.slow
@pytest.mark.parametrize("fault", SLOW)
def test_slow_answers(fresh: Simulator, ask_fresh: Ask, fault: str) -> None:
    """They take more than a second; only the dripping one begins at once."""
    truth = ask_fresh("artifacts", **DAY).content
    fresh.fail(FAULTS[fault])
    start = time.monotonic()
    answer = ask_fresh("artifacts", **DAY)
    assert answer.content == truth
    assert time.monotonic() - start > 1.2
    assert (answer.elapsed.total_seconds() < 1) is (fault == "dripping_answer")


def test_faults_of_pages(
    fresh: Simulator, question: Callable[..., requests.Response], name: str
) -> None:
    """An empty page comes first, and the last one shows a cursor that leads nowhere."""
    truth = question().json()
    fresh.fail(FAULTS["empty_page_with_a_cursor"], path=name, times=1)
    empty = question().json()
    assert empty["data"] == []
    assert question(**next_of(empty)).json()["data"] == truth["data"]
    fresh.fail(FAULTS["stale_cursor"], path=name)
    answer = question(limit=31).json()
    while answer.get("has_more") is not False:
        answer = question(limit=31, **next_of(answer)).json()
    assert "left-over" in {answer.get("last_id"), answer.get("next_page")}
    left_over: Row = {"after_id" if "last_id" in answer else "page": "left-over"}
    fresh.recover()
    refusal(question(**left_over))


def test_faults_of_rows(
    fresh: Simulator, question: Callable[..., requests.Response], name: str
) -> None:
    """Rows come twice, are of another day, or vanish for good once a reading broke off."""
    before = question().json()
    fresh.fail(FAULTS["rows_twice"], path=name, times=1)
    doubled = question().json()["data"]
    assert doubled[::2] == doubled[1::2] == before["data"] != []
    fresh.fail(FAULTS["rows_of_another_day"], times=1)
    # What is true now is of no other day.
    assert (question().json() == before) is (name in RESOURCES)
    fresh.recover()
    fresh.fail(FAULTS["revised_rows"], path=name, times=1)
    if next_of(before):
        assert question(**next_of(before)).status_code == 410
    else:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            question()
    assert question().json()["data"] != before["data"]


def test_what_cannot_befall_a_request(fresh: Simulator, ask_fresh: Ask) -> None:
    """Lists of now have no days, and a report without an end is about the latest day."""
    members = RESOURCES["members"].path
    for fault in (FAULTS["not_yet"], REFUSALS["never_refreshed"]):
        fresh.fail(fault)
        assert ask_fresh(members).status_code == 200
    assert "latest available" in refusal(ask_fresh("usage", starting_at=SPAN["ending_at"]))


@pytest.mark.parametrize("fault", DATED)
def test_a_refusal_that_quotes_a_date(fresh: Simulator, ask_fresh: Ask, fault: str) -> None:
    """Whatever is asked; a day that the tap might take for the latest one is among them."""
    fresh.fail(REFUSALS[fault])
    asked = str(fresh.latest)
    headers = {"anthropic-version": "2026-10-21", "anthropic-beta": "usage-2026-08-24"}
    told = refusal(ask_fresh("skills", headers, date=asked))
    dates = [date.fromisoformat(text) for text in re.findall(r"\d{4}-\d\d-\d\d", told)]
    assert dates
    quoted = any(text in told for text in (asked, *headers.values()))
    assert any(FLOOR <= day < fresh.latest for day in dates) is not quoted
    refusal(ask_fresh(RESOURCES["members"].path))


def test_gateways_are_not_the_api(fresh: Simulator, ask_fresh: Ask) -> None:
    """What they answer has none of its headers."""
    gateways = [fault for fault in REFUSALS.values() if fault.name.startswith("gateway")]
    assert len(gateways) > 4
    for fault in gateways:
        fresh.recover()
        fresh.fail(fault)
        answer = ask_fresh("skills", **DAY)
        assert str(answer.status_code) == fault.name[-3:]
        assert not {"request-id", "anthropic-organization-id"} & answer.headers.keys()


def test_summaries_of_31_days_at_most(fresh: Simulator, ask_fresh: Ask) -> None:
    """A longer range is refused without a date, a shorter one and other paths are not."""
    fresh.fail(REFUSALS["summaries_of_31_days_at_most"])
    ends: list[Row] = [{}, {"ending_date": TODAY}]
    for end in ends:
        long = ask_fresh("summaries", starting_date=TODAY - timedelta(32), **end)
        assert re.findall(r"\d+", refusal(long)) == ["31"]
        assert ask_fresh("summaries", starting_date=TODAY - timedelta(31), **end).ok
    assert ask_fresh("users", starting_date=FLOOR, group_by__="rbac_group_id").ok


@pytest.mark.parametrize(
    ("selection", "failed"),
    [
        ({"times": 3}, [1, 2, 3]),
        ({"nth": 3}, [3]),
        ({"every": 3}, [3, 6]),
        ({"nth": 2, "every": 3}, [2, 5, 8]),
        ({"nth": 2, "every": 1, "times": 2}, [2, 3]),
    ],
)
def test_selections(
    fresh: Simulator, ask_fresh: Ask, selection: dict[str, int], failed: list[int]
) -> None:
    """Requests to the path are counted, no others."""
    fresh.fail(FAULTS["status_500"], path="skills", **selection)
    for path in ["artifacts", "skills"] * 8:
        ask_fresh(path, **DAY)
    faults = [(request.status, request.fault) for request in fresh.requests]
    assert set(faults[::2]) == {(200, None)}
    marked = [n for n, fault in enumerate(faults[1::2], 1) if fault == (500, "status_500")]
    assert marked == failed


def test_a_share_at_random(fresh: Simulator, ask_fresh: Ask) -> None:
    """The seed decides, and all faults have their turn."""

    def hits(seed: int) -> list[int]:
        fresh.recover()
        fresh.fail(FAULTS["status_500"], FAULTS["status_529"], share=0.2, seed=seed)
        return [ask_fresh("artifacts", **DAY).status_code for _ in range(100)]

    first = hits(1)
    assert first == hits(1) != hits(2)
    assert set(first) == {200, 500, 529}
    assert 10 < 100 - first.count(200) < 30
