"""The conversation with the API, over HTTP: what is sent, and what becomes of answers."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import threading
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_claude_analytics.api import client
from tap_claude_analytics.api.session import ApiSession
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import truth
from tests.conftest import TODAY
from tests.simulator import BASE_PATH, ENDPOINTS, Options, Simulator
from tests.singer import Output, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pendulum

    from tests.simulator import Request

FIRST, SECOND, THIRD = (date(2026, 1, day) for day in (1, 2, 3))
DAYS = [day.isoformat() for day in (FIRST, SECOND, THIRD)]
STREAMS = {
    "user_summaries": "users",
    "chat_projects": "chat_projects",
    "skills": "skills",
    "connectors": "connectors",
    "plugins": "plugins",
    "artifacts": "artifacts",
}
RECORD = {"data": [{"skill_name": "review"}], "next_page": None}


@pytest.fixture
def _january(set_today: Callable[[pendulum.Date], None]) -> None:
    """For tests that make their own simulator."""
    set_today(TODAY)


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read the first three days of some streams, or of those of engagement."""
    chosen = (*streams, "readings") if streams else truth.ALL
    return run(simulator, *chosen, end_date="2026-01-03", **settings)


def names(rows: list[dict[str, Any]]) -> list[str]:
    """Return the names of skills, in order."""
    return [row["skill_name"] for row in rows]


def assert_skills_are_complete(output: Output, simulator: Simulator) -> None:
    """Check that all skills of the three days were read, each once."""
    assert output.failures == ()
    assert output.read_days("skills") == DAYS
    days = output.by_day("skills")
    for day in (FIRST, SECOND, THIRD):
        expected = names(simulator.truth("skills", day))
        assert names(days.get(day.isoformat(), [])) == expected
    assert output.records("skills")


def the_failure(output: Output) -> str:
    """Return the only sentence that a run ended with, one line long."""
    (sentence,) = output.failures
    assert "\n" not in sentence
    return sentence


@contextlib.contextmanager
def server(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Hold every conversation in turn as told, until the event says that it is over."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    connection.settimeout(5)
                    with connection:
                        talk(connection, over)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def head_of(connection: socket.socket) -> bytes:
    """Receive a request's head."""
    head = b""
    while b"\r\n\r\n" not in head and (part := connection.recv(65536)):
        head += part
    return head


# What is sent


def test_the_headers(simulator: Simulator) -> None:
    """Key, version and who asks; no other credential."""
    read(simulator)
    assert {request.path for request in simulator.requests} == {
        endpoint.path for endpoint in ENDPOINTS.values()
    }
    for request in simulator.requests:
        assert request.method == "GET"
        assert request.headers["x-api-key"] == simulator.options.api_key
        assert request.headers["anthropic-version"] == "2026-10-21"
        version = TapClaudeAnalytics.plugin_version
        agent = request.headers["user-agent"]
        assert agent.startswith(f"tap-claude-analytics/{version} (+https://")
        assert agent.endswith(")")
        assert "authorization" not in request.headers
        assert "cookie" not in request.headers


def test_each_header_is_sent_once(simulator: Simulator) -> None:
    """The SDK authenticates every request twice."""
    heads = []

    def talk(connection: socket.socket, _: threading.Event) -> None:
        heads.append(head_of(connection))
        body = b'{"data": [], "next_page": null}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)

    with server(talk) as url:
        assert read(simulator, "skills", api_url=f"{url}/").failures == ()
    assert len(heads) == len(DAYS)
    for head in heads:
        assert head.startswith(b"GET " + BASE_PATH.encode() + b"skills?date=2026-01-0")
        header_names = [line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:-2]]
        assert len(header_names) == len(set(header_names))
        assert b"x-api-key" in header_names


def test_a_user_agent_of_ones_own(simulator: Simulator) -> None:
    """It takes the place of the tap's."""
    read(simulator, "skills", user_agent="acme-elt/2.0 (+https://acme.example)")
    assert {request.headers["user-agent"] for request in simulator.requests} == {
        "acme-elt/2.0 (+https://acme.example)"
    }


def test_the_parameters(simulator: Simulator) -> None:
    """One day, the page size and the cursor; the summaries know nothing but their range."""
    assert read(simulator, page_size=5).failures == ()
    paged = 0
    for request in simulator.requests:
        if request.path == "summaries":
            assert request.params == {
                "starting_date": ["2026-01-01"],
                "ending_date": ["2026-01-04"],
            }
            continue
        (day,) = request.params["date"]
        assert day in DAYS
        assert request.params["limit"] == ["5"]
        assert request.params.keys() - {"date", "limit"} <= {"page"}
        paged += "page" in request.params
    assert paged


def test_the_largest_page_is_the_default(simulator: Simulator) -> None:
    """Requests are the currency."""
    read(simulator, "user_summaries")
    assert [request.params for request in simulator.requests] == [
        {"date": [day], "limit": ["1000"]} for day in DAYS
    ]


# Pages


@pytest.mark.parametrize("page_size", [1, 2, 3])
@pytest.mark.usefixtures("_january", "standing_clock")
def test_pages_are_followed_over_empty_ones(page_size: int) -> None:
    """Rows are complete and in order, and no page is asked for twice."""
    with Simulator(
        Options(today=TODAY, users=9, projects=4, empty_page_every=2)
    ) as simulator:
        whole = read(simulator)
        simulator.requests.clear()
        paged = read(simulator, page_size=page_size)
        asked = {
            stream: [r for r in simulator.requests if r.path == ENDPOINTS[endpoint].path]
            for stream, endpoint in STREAMS.items()
        }
        empty = 0
        for stream, endpoint in STREAMS.items():
            assert paged.records(stream) == whole.records(stream)
            assert paged.read_days(stream) == DAYS
            questions = [(r.params["date"], r.params.get("page")) for r in asked[stream]]
            assert all(questions.count(question) == 1 for question in questions)
            if ENDPOINTS[endpoint].paginated:
                rows = [
                    len(simulator.truth(endpoint, day)) for day in (FIRST, SECOND, THIRD)
                ]
                empty += len(questions) - sum(max(1, -(-n // page_size)) for n in rows)
    assert paged.failures == ()
    assert empty > 0, "no empty page was sent"


def test_a_cursor_that_repeats(simulator: Simulator, waits: list[float]) -> None:
    """Pages that never end are a failure, and the day is not read."""
    simulator.reply("skills", body={"data": [], "next_page": "again"})
    output = read(simulator, "skills")
    assert "Stream skills failed" in the_failure(output)
    assert "cursor" in the_failure(output)
    assert output.read_days("skills") == []
    assert len(simulator.requests) == 2
    assert waits == []


# Answers


def test_pages_without_end(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cursors that are new each time do not lead on for ever."""
    monkeypatch.setattr(client, "_MAX_ROWS", 5000)
    for number in range(20):
        body = {"data": [], "next_page": f"page-{number}"}
        simulator.reply("skills", body=body, times=1)
    output = read(simulator, "skills", page_size=1000)
    assert "no end after 6 pages" in the_failure(output)
    assert output.records("skills") == []
    assert len(simulator.requests) == 6


@pytest.mark.usefixtures("standing_clock")
def test_both_generations_of_answers(simulator: Simulator) -> None:
    """They give the same records."""
    options = Options(
        today=TODAY,
        users=25,
        projects=8,
        generation="2023-06-01",
        force_generation=True,
    )
    with Simulator(options) as older:
        old = read(older)
    new = read(simulator)
    assert old.failures == new.failures == ()
    for stream in ("org_summaries", "adoption", *STREAMS):
        # On some days nobody uses a plugin.
        assert new.records(stream) or stream == "plugins"
        assert old.records(stream) == new.records(stream)


NO_PAGES: list[object] = [
    {},
    [],
    None,
    '"rows"',
    {"data": None},
    {"data": {}},
    {"error": {"type": "api_error", "message": "no"}},
    {"summaries": None},
    {"rows": []},
    {"data": [1, 2]},
    {"data": [None]},
    {"data": [[]]},
    {"data": [], "next_page": 2},
]


@pytest.mark.parametrize("body", NO_PAGES, ids=str)
def test_an_answer_that_is_no_page(
    simulator: Simulator, waits: list[float], body: object
) -> None:
    """It fails its stream: no rows, no reading, no asking again."""
    simulator.reply("skills", body=body, when=lambda r: r.params["date"] == ["2026-01-02"])
    output = read(simulator, "skills", "artifacts")
    sentence = the_failure(output)
    assert sentence.startswith("Stream skills failed")
    assert f"GET {BASE_PATH}skills" in sentence
    if isinstance(body, dict) and not body.get("data"):
        assert all(key in sentence for key in body)
    assert output.read_days("skills") == ["2026-01-01"]
    assert output.by_day("skills").keys() <= {"2026-01-01"}
    assert output.bookmark("skills") == "2026-01-01"
    assert output.read_days("artifacts") == DAYS
    assert [r.params["date"] for r in simulator.requests if r.path == "skills"] == [
        ["2026-01-01"],
        ["2026-01-02"],
    ]
    assert waits == []


@pytest.mark.parametrize("body", NO_PAGES, ids=str)
def test_summaries_that_are_no_page(
    simulator: Simulator, waits: list[float], body: object
) -> None:
    """They fail both of their streams."""
    simulator.reply("summaries", body=body)
    output = read(simulator, "org_summaries", "adoption")
    assert sorted(sentence.split()[1] for sentence in output.failures) == [
        "adoption",
        "org_summaries",
    ]
    assert output.records("readings") == []
    assert len(simulator.requests) == 1
    assert waits == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(
    simulator: Simulator, waits: list[float], status: int
) -> None:
    """They would carry the key to another address."""
    with Simulator(Options(today=TODAY, users=2)) as other:
        target = f"{other.url}{BASE_PATH}skills?date=2026-01-01"
        simulator.reply("skills", status=status, headers={"location": target})
        output = read(simulator, "skills")
        assert other.requests == []
    sentence = the_failure(output)
    assert str(status) in sentence
    assert "not followed" in sentence
    assert "api_url" in sentence
    assert len(simulator.requests) == 1
    assert waits == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_the_api_says_is_told_without_what_is_private(
    simulator: Simulator, status: int
) -> None:
    """Its words may quote an e-mail address or a key."""
    message = "jane@acme.example may not use sk-ant-api01-AbC_123-x here"
    simulator.reply("skills", status=status, body={"error": {"message": message}})
    sentence = the_failure(read(simulator, "skills"))
    assert '"[e-mail] may not use [key] here"' in sentence
    assert "jane" not in sentence
    assert "AbC_123" not in sentence


@pytest.mark.usefixtures("_january")
def test_a_key_of_another_form_is_not_quoted_either() -> None:
    """A gateway may hand out keys that look like nothing in particular."""
    key = "gateway+token/7"
    with Simulator(Options(today=TODAY, users=2, api_key=key)) as simulator:
        simulator.reply(
            "skills", status=403, body={"error": {"message": f"{key} is not allowed"}}
        )
        sentence = the_failure(read(simulator, "skills"))
    assert "is not allowed" in sentence
    assert key not in sentence


# Passing faults


WAITS = {
    "seconds": ({"retry-after": "7"}, 7),
    "none at all": ({"retry-after": "0"}, 0),
    "a fraction": ({"retry-after": "0.25"}, 0.25),
    "milliseconds": ({"retry-after-ms": "4500"}, 4.5),
    "milliseconds first": ({"retry-after": "5", "retry-after-ms": "4500"}, 4.5),
    "the longest": ({"retry-after": "300"}, 300),
    "a past date": ({"retry-after": "Thu, 01 Jan 2026 00:00:00 GMT"}, 0),
    "nothing said": ({}, 1),
    "rubbish": ({"retry-after": "soon"}, 1),
    "negative": ({"retry-after": "-5"}, 1),
    "endless": ({"retry-after": "inf"}, 1),
    "not a number": ({"retry-after-ms": "nan"}, 1),
}


@pytest.mark.parametrize(("headers", "wait"), WAITS.values(), ids=WAITS)
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_is_asked_for(
    simulator: Simulator,
    waits: list[float],
    headers: dict[str, str],
    wait: float,
    status: int,
) -> None:
    """It is kept, with up to a second of jitter; then the result is complete."""
    simulator.reply("skills", status=status, headers=headers, times=1)
    output = read(simulator, "skills")
    assert wait <= sum(waits) <= wait + 1
    assert_skills_are_complete(output, simulator)
    assert len(simulator.requests) == len(DAYS) + 1


def test_the_wait_until_a_date(simulator: Simulator, waits: list[float]) -> None:
    """An HTTP date has whole seconds; it counts from the date of the answer itself."""
    headers = {
        "date": "Mon, 03 Aug 2026 10:00:00 GMT",
        "retry-after": "Mon, 03 Aug 2026 10:00:10 GMT",
    }
    simulator.reply("skills", status=429, headers=headers, times=1)
    assert_skills_are_complete(read(simulator, "skills"), simulator)
    assert [10 <= waited <= 11 for waited in waits] == [True]


def test_a_long_wait_is_told(
    simulator: Simulator, sleeps: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """Every 30 seconds at most: for what, how long still, and how far the run is."""
    caplog.set_level(logging.INFO)
    simulator.reply(
        "skills",
        status=429,
        headers={"retry-after": "100"},
        times=1,
        when=lambda request: request.params["date"] == ["2026-01-03"],
    )
    read(simulator, "skills")
    assert max(sleeps) <= 30
    lines = [r.getMessage() for r in caplog.records if "Waiting" in r.getMessage()]
    assert len(lines) == len(sleeps) == 4
    for line, left in zip(lines, (100, 70, 40, 10), strict=True):
        assert line.startswith((f"Waiting {left}.", f"Waiting {left + 1}."))
        # The wait begins while the day before may still be on its way out.
        assert re.search(r"\(skills \(stream 1 of 1\): [12] of 3 days read; so far ", line)
        assert "Retry 1 of 8" in line
        assert "status 429" in line


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "301"},
        {"retry-after": "300.5"},
        {"retry-after-ms": "300001"},
        {"retry-after": "Fri, 31 Dec 2100 00:00:00 GMT"},
    ],
    ids=str,
)
def test_a_wait_that_is_too_long(
    simulator: Simulator, waits: list[float], headers: dict[str, str]
) -> None:
    """Nobody waits in vain: the stream fails at once and says why."""
    simulator.reply("skills", status=429, headers=headers)
    output = read(simulator, "skills")
    sentence = the_failure(output)
    assert "429" in sentence
    assert "wait" in sentence
    assert "300" in sentence
    assert "again later" in sentence
    assert waits == []
    assert len(simulator.requests) == 1


FAULTS: dict[str, dict[str, Any]] = {
    "408": {"status": 408},
    "409": {"status": 409},
    "429": {"status": 429},
    "500": {"status": 500},
    "502 from a gateway": {"status": 502, "body": "<html>Bad gateway</html>"},
    "504": {"status": 504},
    "529": {"status": 529, "body": {"type": "error", "error": {"message": "busy"}}},
    "cut body": {"body": b'{"data": [', "headers": {"content-length": "1000"}},
    "cut body that is JSON": {"body": RECORD, "headers": {"content-length": "1000"}},
    "no body": {"body": b""},
    "half a body": {"body": b'{"data": [{"skill_name": "rev'},
    "not JSON": {"body": b'{"data": [NaN], "next_page": null}'},
    "not text": {"body": b'{"data": [{"skill_name": "\xff"}], "next_page": null}'},
    "HTML": {
        "body": "<html>Please log in</html>",
        "headers": {"content-type": "text/html"},
    },
    "not gzip": {"body": RECORD, "headers": {"content-encoding": "gzip"}},
}
each_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


@each_fault
def test_a_fault_that_passes(
    simulator: Simulator, waits: list[float], fault: dict[str, Any]
) -> None:
    """The page is asked for again, after growing waits, and nothing is lost."""

    def is_second_page_of_second_day(request: Request) -> bool:
        return request.params["date"] == ["2026-01-02"] and "page" in request.params

    simulator.reply("skills", times=3, when=is_second_page_of_second_day, **fault)
    output = read(simulator, "skills", page_size=2)
    assert_skills_are_complete(output, simulator)
    assert [2**i <= waited <= 2**i + 1 for i, waited in enumerate(waits)] == [True] * 3
    assert len([r for r in simulator.requests if is_second_page_of_second_day(r)]) > 3


@each_fault
def test_a_fault_that_does_not_pass(
    simulator: Simulator, waits: list[float], fault: dict[str, Any]
) -> None:
    """After eight retries the stream fails; the others have their turn."""
    simulator.reply("skills", **fault)
    output = read(simulator, "artifacts", "skills", "user_summaries")
    assert the_failure(output).startswith("Stream skills failed")
    assert len([r for r in simulator.requests if r.path == "skills"]) == 9
    assert [int(waited) for waited in waits] == pytest.approx(
        [1, 2, 4, 8, 16, 32, 60, 60], abs=1
    )
    assert output.records("skills") == []
    assert output.read_days("skills") == []
    assert output.read_days("artifacts") == output.read_days("user_summaries") == DAYS


def test_as_many_retries_as_set(simulator: Simulator, waits: list[float]) -> None:
    """``max_retries`` counts per request, and starts anew after every success."""
    simulator.reply(
        "skills", status=500, times=2, when=lambda r: r.params["date"] == DAYS[:1]
    )
    simulator.reply(
        "skills", status=500, times=2, when=lambda r: r.params["date"] == DAYS[1:2]
    )
    assert_skills_are_complete(read(simulator, "skills", max_retries=2), simulator)
    simulator.reply("skills", status=500)
    the_failure(read(simulator, "skills", max_retries=2))
    assert len(waits) == 2 + 2 + 2


def test_the_longest_wait(simulator: Simulator, waits: list[float]) -> None:
    """``max_retry_wait`` says how long an asked wait may be."""
    simulator.reply("skills", status=429, headers={"retry-after": "9"}, times=1)
    assert_skills_are_complete(read(simulator, "skills", max_retry_wait=9), simulator)
    simulator.reply("skills", status=429, headers={"retry-after": "9"}, times=1)
    output = read(simulator, "skills", max_retry_wait=8)
    assert "longer than max_retry_wait (8)" in the_failure(output)
    assert len(waits) == 1


def is_second_page(request: Request) -> bool:
    """Tell a page that is asked for with a cursor, on the second day."""
    return request.params["date"] == [DAYS[1]] and "page" in request.params


def test_an_expired_cursor(simulator: Simulator) -> None:
    """The day is read again from its first page, in a reading of its own."""
    simulator.reply("skills", status=410, times=2, when=is_second_page)
    output = read(simulator, "skills", page_size=2)
    assert output.failures == ()
    assert output.read_days("skills") == DAYS
    readings = {r["date"]: r for r in output.records("readings")}
    current = [
        record
        for record in output.records("skills")
        if record["snapshot_at"] >= readings[record["date"]]["snapshot_at"]
    ]
    days = [date.fromisoformat(day) for day in DAYS]
    assert names(current) == [
        row["skill_name"] for day in days for row in simulator.truth("skills", day)
    ]
    assert len(output.records("skills")) == len(current) + 2 * 2  # first pages, twice


def test_a_cursor_that_keeps_expiring(simulator: Simulator) -> None:
    """Three times in a row are enough; the day before it stays read."""
    simulator.reply("skills", status=410, when=is_second_page)
    output = read(simulator, "skills", page_size=2)
    assert "410" in the_failure(output)
    assert len([r for r in simulator.requests if is_second_page(r)]) == 3
    assert output.bookmark("skills") == DAYS[0]


def test_rows_with_one_key(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """They are counted in a warning that does not name them."""
    simulator.edit("skills", date.fromisoformat(DAYS[1]), lambda rows: [*rows, rows[0]])
    output = read(simulator, "skills")
    assert output.failures == ()
    [warning] = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert warning.startswith("1 of the ")
    assert DAYS[1] in warning
    assert output.records("skills")[0]["skill_name"] not in warning


def test_a_cut_connection(simulator: Simulator, waits: list[float]) -> None:
    """A server that hangs up without an answer is asked again, and then it fails."""

    def hang_up(connection: socket.socket, _: threading.Event) -> None:
        head_of(connection)

    with server(hang_up) as url:
        output = read(simulator, "skills", api_url=url)
    assert "cannot be reached: the connection was cut." in the_failure(output)
    assert len(waits) == 8


def test_nobody_there(simulator: Simulator, waits: list[float]) -> None:
    """A refused connection is a passing fault too, and no sentence shows its internals."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    output = read(simulator, "skills", api_url=f"http://127.0.0.1:{free}")
    assert "object at 0x" not in the_failure(output)
    assert len(waits) == 8


def test_a_body_that_drips(simulator: Simulator) -> None:
    """The time-out is for the whole body, not from one byte to the next."""

    def drip(connection: socket.socket, over: threading.Event) -> None:
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        # Long enough to tell, and yet a tap that waits on does not hang the tests.
        for _ in range(100):
            if over.wait(0.05):
                break
            connection.sendall(b" ")

    began = time.monotonic()
    with server(drip) as url:
        output = read(simulator, "skills", api_url=url, request_timeout=1, max_retries=0)
        took = time.monotonic() - began
    assert ": it timed out after 1 seconds." in the_failure(output)
    assert 1 <= took < 4.5


# The environment


@pytest.mark.usefixtures("_bare_environment")
def test_no_proxy_for_loopback_hosts(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says, plain http stays on this machine."""
    with Simulator(Options(today=TODAY, users=2)) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        output = read(simulator, "skills")
        assert proxy.requests == []
    assert_skills_are_complete(output, simulator)


@pytest.mark.usefixtures("_bare_environment")
def test_the_proxy_of_the_environment(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other hosts are reached through it, and it does not get to see the key."""
    heads = []

    def refuse(connection: socket.socket, _: threading.Event) -> None:
        heads.append(head_of(connection))
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n")

    with server(refuse) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        output = read(
            simulator, "skills", api_url="https://api.example.invalid", max_retries=0
        )
    (head,) = heads
    assert head.startswith(b"CONNECT api.example.invalid:443 ")
    assert simulator.options.api_key.encode() not in head
    assert "the proxy refuses the connection with status 502" in the_failure(output)
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REQUESTS_CA_BUNDLE", "no-such-folder/ca.pem"),
        ("SSL_CERT_FILE", "no-such-folder/ca.pem"),
        ("HTTPS_PROXY", "http://:port"),
        ("HTTPS_PROXY", "gopher://127.0.0.1:1"),
    ],
)
@pytest.mark.usefixtures("_bare_environment", "waits")
def test_an_environment_that_leads_nowhere(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """A mistake there ends in a sentence too."""
    monkeypatch.setenv(variable, value)
    output = read(simulator, "skills", api_url="https://api.example.invalid")
    assert "cannot be reached" in the_failure(output)
    assert variable in the_failure(output)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://api.example.invalid"])
def test_netrc_is_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    """A password kept for the API's host is not sent."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login jane password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    session = ApiSession(
        base_url=url, api_key="sk-ant-api01-x", request_timeout=1, connections=1
    )
    request = session.prepare_request(requests.Request("GET", f"{url}/v1/x"))
    assert request.headers["x-api-key"] == "sk-ant-api01-x"
    assert "Authorization" not in request.headers
