"""The conversation with the API, over HTTP: what is sent, and what becomes of answers."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from urllib3.connection import HTTPConnection

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import truth
from tests.simulator import ENDPOINTS, FAULTS, Request, Simulator
from tests.singer import Output, page_of, run

DATES = [date(2026, 1, day) for day in (1, 2, 3)]
DAYS = [day.isoformat() for day in DATES]


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read the first three days of some streams, or else of skills."""
    chosen = streams or ("skills",)
    return run(simulator, *chosen, "readings", end_date=DAYS[-1], **settings)


def asked_for(day: str) -> Callable[[Request], bool]:
    """Tell requests for a day."""
    return lambda request: request.params["date"] == [day]


def is_second_page(request: Request) -> bool:
    """Tell a page that is asked for with a cursor, on the second day."""
    return asked_for(DAYS[1])(request) and "page" in request.params


# What is sent


@pytest.mark.parametrize("agent", [None, "acme-elt/2.0 (+https://acme.example)"])
def test_headers_and_parameters(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, agent: str | None
) -> None:
    """Key, version and who asks; a day, the page size and the cursor, or a range.

    Each header is sent once, though the SDK authenticates every request twice.
    """
    sent = Counter[str]()
    put = HTTPConnection.putheader

    def count(connection: HTTPConnection, header: str, *values: str) -> None:
        sent[header.lower()] += 1
        put(connection, header, *values)

    monkeypatch.setattr(HTTPConnection, "putheader", count)
    # In JSON, 5.0 is an integer too; and an address may end with a slash.
    settings = {"page_size": 5.0, "api_url": f"{simulator.url}/", "user_agent": agent}
    assert read(simulator, *truth.STREAMS, **settings).failures == ()
    assert set(sent.values()) == {len(simulator.requests)}
    assert {request.path for request in simulator.requests} == {
        endpoint.path for endpoint in ENDPOINTS.values()
    }
    version = re.escape(TapClaudeAnalytics.plugin_version)
    default = rf"tap-claude-analytics/{version} \(\+https://\S+\)"
    for request in simulator.requests:
        assert request.method == "GET"
        assert request.headers["x-api-key"] == simulator.options.api_key
        assert request.headers["anthropic-version"] == "2026-10-21"
        shown = request.headers["user-agent"]
        assert shown == agent if agent else re.fullmatch(default, shown)
        assert request.headers.keys().isdisjoint({"authorization", "cookie"})
        if request.path == "summaries":
            days = {"starting_date": ["2026-01-01"], "ending_date": ["2026-01-04"]}
            assert request.params == days
        else:
            assert request.params["date"][0] in DAYS
            assert request.params["limit"] == ["5"]
            assert request.params.keys() <= {"date", "limit", "page"}
    assert any("page" in request.params for request in simulator.requests)


# Passing faults


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": 429, "headers": {"retry-after": "7"}}, [7]),
        ({"status": 429, "headers": {"retry-after": "0"}}, [0]),
        # Waits grow where none is asked for, and eight retries are made.
        ({"status": 429}, [1, 2, 4, 8, 16, 32, 60, 60]),
        # The body is JSON, but there should be more of it, or it should be compressed.
        ({"body": page_of(), "headers": {"content-length": "1000"}}, [1]),
        ({"body": page_of(), "headers": {"content-encoding": "gzip"}}, [1]),
    ],
    ids=str,
)
def test_a_fault_that_passes(
    simulator: Simulator, waits: list[float], answer: dict[str, Any], expected: list[float]
) -> None:
    """The page is asked for again, with up to a second of jitter, and nothing is lost."""
    simulator.reply("skills", times=len(expected), when=is_second_page, **answer)
    output = read(simulator, page_size=2)
    truth.assert_true(output, simulator, "skills", DATES)
    for wait, waited in zip(expected, waits, strict=True):
        assert wait <= waited <= wait + 1
    # No two are alike, or many clients would come back at the same instant.
    assert len({waited % 1 for waited in waits}) == len(waits)


def test_a_long_wait_is_told(simulator: Simulator, sleeps: list[float]) -> None:
    """Every 30 seconds at most: for what, how long still, and how far the run is."""
    wait: dict[str, Any] = {"status": 429, "headers": {"retry-after": "100"}}
    simulator.reply("skills", **wait, times=1, when=asked_for(DAYS[2]))
    output = read(simulator)
    assert max(sleeps) <= 30
    lines = [line for line in output.logged if "Waiting" in line]
    assert len(lines) == len(sleeps) == 4
    # The wait begins while the day before may still be on its way out.
    progress = r"s \(skills \(stream 1 of 1\): [12] of 3 days read; so far .*"
    for line, left in zip(lines, (100, 70, 40, 10), strict=True):
        waiting = rf"Waiting ({left}|{left + 1})\.\d {progress}Retry 1 of 8 .* status 429"
        assert re.match(waiting, line)


def test_retries_and_waits_as_set(simulator: Simulator, waits: list[float]) -> None:
    """``max_retries`` counts per request; a wait beyond ``max_retry_wait`` is in vain."""
    settings = {"max_retries": 2, "max_retry_wait": 8}
    for day in DAYS[:2]:
        simulator.reply("skills", status=500, times=2, when=asked_for(day))
    wait = {"retry-after": "8"}
    simulator.reply("skills", status=429, headers=wait, times=1, when=asked_for(DAYS[2]))
    truth.assert_true(read(simulator, **settings), simulator, "skills", DATES)
    assert len(waits) == 2 + 2 + 1
    simulator.reply("skills", status=500, times=3)
    assert read(simulator, **settings).failed == ["skills"]
    assert len(waits) == 5 + 2
    simulator.requests.clear()
    simulator.reply("skills", status=429, headers={"retry-after": "8.5"})
    sentence = read(simulator, **settings).failure
    assert "status 429" in sentence
    assert "longer than max_retry_wait (8). Run the tap again later." in sentence
    assert len(simulator.requests) == 1


def test_a_cursor_that_keeps_expiring(simulator: Simulator) -> None:
    """Three times in a row are enough; the day before it stays read."""
    simulator.reply("skills", status=410, when=is_second_page)
    output = read(simulator, page_size=2)
    assert "410" in output.failure
    assert [*map(is_second_page, simulator.requests)].count(True) == 3
    assert output.bookmark("skills") == DAYS[0]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("reset_before_the_answer", "the connection was cut."),
        # The time-out is for the whole body, not from one byte to the next.
        ("late_answer", "it timed out after 0.2 seconds."),
        ("dripping_answer", "it timed out after 0.2 seconds."),
    ],
)
def test_no_answer(simulator: Simulator, fault: str, cause: str) -> None:
    """The sentence says why."""
    simulator.fail(FAULTS[fault], path="skills", times=1, nth=2)
    output = read(simulator, max_retries=0)
    assert output.failure.endswith(f" got no complete answer: {cause}")
