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

    from tests.simulator import Request

FIRST, SECOND, THIRD = (date(2026, 1, day) for day in (1, 2, 3))
DAYS = [day.isoformat() for day in (FIRST, SECOND, THIRD)]
RECORD = {"data": [{"skill_name": "review"}], "next_page": None}


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read the first three days of some streams, or else of skills."""
    chosen = streams or ("skills",)
    return run(simulator, *chosen, "readings", end_date="2026-01-03", **settings)


def asked_for(day: str) -> Callable[[Request], bool]:
    """Tell requests for a day."""
    return lambda request: request.params["date"] == [day]


def is_second_page(request: Request) -> bool:
    """Tell a page that is asked for with a cursor, on the second day."""
    return request.params["date"] == [DAYS[1]] and "page" in request.params


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


def test_headers_and_parameters(simulator: Simulator) -> None:
    """Key, version and who asks; a day, the page size and the cursor, or a range."""
    assert read(simulator, *truth.STREAMS, page_size=5).failures == ()
    version = re.escape(TapClaudeAnalytics.plugin_version)
    assert {request.path for request in simulator.requests} == {
        endpoint.path for endpoint in ENDPOINTS.values()
    }
    for request in simulator.requests:
        assert request.method == "GET"
        assert request.headers["x-api-key"] == simulator.options.api_key
        assert request.headers["anthropic-version"] == "2026-10-21"
        agent = request.headers["user-agent"]
        assert re.fullmatch(rf"tap-claude-analytics/{version} \(\+https://\S+\)", agent)
        assert request.headers.keys().isdisjoint({"authorization", "cookie"})
        if request.path == "summaries":
            assert request.params == {
                "starting_date": ["2026-01-01"],
                "ending_date": ["2026-01-04"],
            }
        else:
            assert request.params["date"][0] in DAYS
            assert request.params["limit"] == ["5"]
            assert request.params.keys() <= {"date", "limit", "page"}
    assert any("page" in request.params for request in simulator.requests)


def test_each_header_is_sent_once(simulator: Simulator) -> None:
    """The SDK authenticates every request twice."""
    heads = []

    def talk(connection: socket.socket, _: threading.Event) -> None:
        heads.append(head_of(connection))
        body = b'{"data": [], "next_page": null}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)

    with server(talk) as url:
        assert read(simulator, api_url=f"{url}/").failures == ()
    assert len(heads) == len(DAYS)
    for head in heads:
        assert head.startswith(b"GET " + BASE_PATH.encode() + b"skills?date=2026-01-0")
        header_names = [line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:-2]]
        assert len(header_names) == len(set(header_names))
        assert b"x-api-key" in header_names


def test_settings_of_requests(simulator: Simulator) -> None:
    """The user agent can be another one; the largest page is the default."""
    agent = "acme-elt/2.0 (+https://acme.example)"
    read(simulator, user_agent=agent)
    assert {request.headers["user-agent"] for request in simulator.requests} == {agent}
    assert [request.params for request in simulator.requests] == [
        {"date": [day], "limit": ["1000"]} for day in DAYS
    ]


# Pages


@pytest.mark.parametrize(
    ("cursors", "found"),
    [
        (["again"] * 9, "a cursor that it has sent before after 2 pages"),
        ([f"page-{number}" for number in range(9)], "no end after 6 pages"),
    ],
)
def test_pages_without_end(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    waits: list[float],
    cursors: list[str],
    found: str,
) -> None:
    """Neither one cursor nor ever new ones lead on for ever, and the day is not read."""
    monkeypatch.setattr(client, "_MAX_ROWS", 5000)
    for cursor in cursors:
        simulator.reply("skills", body={"data": [], "next_page": cursor}, times=1)
    output = read(simulator)
    sentence = the_failure(output)
    assert found in sentence
    assert output.read_days("skills") == []
    assert f"after {len(simulator.requests)} pages" in sentence
    assert waits == []


# Answers


@pytest.mark.usefixtures("standing_clock")
def test_both_generations_of_answers(simulator: Simulator) -> None:
    """They give the same records: the envelopes of summaries differ."""
    streams = ("adoption", "org_summaries", "skills")
    options = Options(
        today=TODAY,
        users=25,
        projects=8,
        generation="2023-06-01",
        force_generation=True,
    )
    with Simulator(options) as older:
        old = read(older, *streams)
    new = read(simulator, *streams)
    assert old.failures == new.failures == ()
    for stream in streams:
        assert new.records(stream)
        assert old.records(stream) == new.records(stream)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"error": {"type": "api_error"}}, "error: dict"),
        ({"data": [], "next_page": 2}, "next_page"),
        ({"data": [1, 2]}, "a row that is not an object"),
    ],
    ids=str,
)
def test_an_answer_that_is_no_page(
    simulator: Simulator, waits: list[float], body: object, found: str
) -> None:
    """It fails its stream: no rows, no reading, no asking again."""
    simulator.reply("skills", body=body, when=asked_for(DAYS[1]))
    output = read(simulator, "skills", "artifacts")
    sentence = the_failure(output)
    assert sentence.startswith("Stream skills failed")
    assert f"GET {BASE_PATH}skills" in sentence
    assert found in sentence
    assert output.read_days("skills") == DAYS[:1]
    assert output.by_day("skills").keys() <= {DAYS[0]}
    assert output.bookmark("skills") == DAYS[0]
    assert output.read_days("artifacts") == DAYS
    asked = [r.params["date"] for r in simulator.requests if r.path == "skills"]
    assert asked == [DAYS[:1], DAYS[1:2]]
    assert waits == []


def test_redirects_are_not_followed(simulator: Simulator, waits: list[float]) -> None:
    """They would carry the key to another address."""
    with Simulator(Options(today=TODAY, users=2)) as other:
        target = f"{other.url}{BASE_PATH}skills?date=2026-01-01"
        simulator.reply("skills", status=307, headers={"location": target})
        sentence = the_failure(read(simulator))
        assert other.requests == []
    assert "status 307" in sentence
    assert "not followed" in sentence
    assert "api_url" in sentence
    assert len(simulator.requests) == 1
    assert waits == []


def test_what_the_api_says_is_told_without_what_is_private() -> None:
    """It may quote an e-mail address or a key: a gateway's look like nothing special."""
    key = "gateway+token/7"
    message = f"jane@acme.example may not use {key} nor sk-ant-api01-AbC_123-x here"
    with Simulator(Options(today=TODAY, users=2, api_key=key)) as simulator:
        simulator.reply("skills", status=403, body={"error": {"message": message}})
        sentence = the_failure(read(simulator))
    assert '"[e-mail] may not use [key] nor [key] here"' in sentence


# Passing faults


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "7"}, 7),
        (503, {"retry-after": "5", "retry-after-ms": "4500"}, 4.5),
        (429, {"retry-after": "0"}, 0),
        (503, {"retry-after": "soon"}, 1),
        (429, {}, 1),
        (
            429,
            {
                "date": "Mon, 03 Aug 2026 10:00:00 GMT",
                "retry-after": "Mon, 03 Aug 2026 10:00:10 GMT",
            },
            10,
        ),
    ],
    ids=str,
)
def test_the_wait_that_is_asked_for(
    simulator: Simulator,
    waits: list[float],
    status: int,
    headers: dict[str, str],
    wait: float,
) -> None:
    """It is kept, with up to a second of jitter; then the result is complete."""
    simulator.reply("skills", status=status, headers=headers, times=1)
    output = read(simulator)
    assert [wait <= waited <= wait + 1 for waited in waits] == [True]
    assert_skills_are_complete(output, simulator)
    assert len(simulator.requests) == len(DAYS) + 1


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
        when=asked_for(DAYS[2]),
    )
    read(simulator)
    assert max(sleeps) <= 30
    lines = [r.getMessage() for r in caplog.records if "Waiting" in r.getMessage()]
    assert len(lines) == len(sleeps) == 4
    for line, left in zip(lines, (100, 70, 40, 10), strict=True):
        assert line.startswith((f"Waiting {left}.", f"Waiting {left + 1}."))
        # The wait begins while the day before may still be on its way out.
        assert re.search(r"\(skills \(stream 1 of 1\): [12] of 3 days read; so far ", line)
        assert "Retry 1 of 8" in line
        assert "status 429" in line


#: What no fault of the simulator is.
FAULTS: dict[str, dict[str, Any]] = {
    "408": {"status": 408},
    "cut body that is JSON": {"body": RECORD, "headers": {"content-length": "1000"}},
    "no body": {"body": b""},
    "not JSON": {"body": b'{"data": [NaN], "next_page": null}'},
    "not text": {"body": b'{"data": [{"skill_name": "\xff"}], "next_page": null}'},
    "not gzip": {"body": RECORD, "headers": {"content-encoding": "gzip"}},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_that_passes(
    simulator: Simulator, waits: list[float], fault: dict[str, Any]
) -> None:
    """The page is asked for again, after growing waits, and nothing is lost."""
    simulator.reply("skills", times=3, when=is_second_page, **fault)
    output = read(simulator, page_size=2)
    assert_skills_are_complete(output, simulator)
    assert [2**i <= waited <= 2**i + 1 for i, waited in enumerate(waits)] == [True] * 3
    assert len([r for r in simulator.requests if is_second_page(r)]) > 3


def test_a_fault_that_does_not_pass(simulator: Simulator, waits: list[float]) -> None:
    """After eight retries the stream fails; the others have their turn."""
    simulator.reply("skills", body=RECORD, headers={"content-encoding": "gzip"})
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
    for day in DAYS[:2]:
        simulator.reply("skills", status=500, times=2, when=asked_for(day))
    assert_skills_are_complete(read(simulator, max_retries=2), simulator)
    simulator.reply("skills", status=500)
    the_failure(read(simulator, max_retries=2))
    assert len(waits) == 2 + 2 + 2


@pytest.mark.parametrize(
    ("longest", "settings"), [(300, {}), (8, {"max_retry_wait": 8})], ids=str
)
def test_the_longest_wait(
    simulator: Simulator, waits: list[float], longest: int, settings: dict[str, int]
) -> None:
    """Beyond ``max_retry_wait`` nobody waits in vain: the stream fails at once."""
    simulator.reply("skills", status=429, headers={"retry-after": f"{longest}"}, times=1)
    assert_skills_are_complete(read(simulator, **settings), simulator)
    simulator.requests.clear()
    simulator.reply("skills", status=429, headers={"retry-after": f"{longest}.5"})
    sentence = the_failure(read(simulator, **settings))
    assert "status 429" in sentence
    assert f"longer than max_retry_wait ({longest}). Run the tap again later." in sentence
    assert len(simulator.requests) == len(waits) == 1


def test_a_cursor_that_keeps_expiring(simulator: Simulator) -> None:
    """Three times in a row are enough; the day before it stays read."""
    simulator.reply("skills", status=410, when=is_second_page)
    output = read(simulator, page_size=2)
    assert "410" in the_failure(output)
    assert len([r for r in simulator.requests if is_second_page(r)]) == 3
    assert output.bookmark("skills") == DAYS[0]


def test_rows_with_one_key(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """They are counted in a warning that does not name them."""
    simulator.edit("skills", date.fromisoformat(DAYS[1]), lambda rows: [*rows, rows[0]])
    output = read(simulator)
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
        output = read(simulator, api_url=url)
    assert "cannot be reached: the connection was cut." in the_failure(output)
    assert len(waits) == 8


@pytest.mark.usefixtures("impatient")
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
        output = read(simulator, api_url=url, max_retries=0)
        took = time.monotonic() - began
    assert ": it timed out after 0.2 seconds." in the_failure(output)
    assert took < 4.5


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
        output = read(simulator)
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
        output = read(simulator, api_url="https://api.example.invalid", max_retries=0)
    (head,) = heads
    assert head.startswith(b"CONNECT api.example.invalid:443 ")
    assert simulator.options.api_key.encode() not in head
    assert "the proxy refuses the connection with status 502" in the_failure(output)
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
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
    output = read(simulator, api_url="https://api.example.invalid")
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
