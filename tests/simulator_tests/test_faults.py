"""Each fault does over the wire what it claims, to the requests it is meant for."""

from __future__ import annotations

import http.client
import json
import socket
import time
from datetime import date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator import (
    BASE_PATH,
    BETA_HEADER,
    ENDPOINTS,
    FAULTS,
    REFUSALS,
    REPORTS,
    Kind,
    Options,
    Simulator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = date(2026, 1, 15)
LATEST = date(2026, 1, 14)
DAY = date(2026, 1, 12)

RATE_LIMITS = {
    "rate_limit_in_seconds": {"retry-after": "2"},
    "rate_limit_in_fractions": {"retry-after": "0.75"},
    "rate_limit_until_a_date": {"retry-after": "Thu, 15 Jan 2026 12:00:02 GMT"},
    "rate_limit_in_milliseconds": {"retry-after-ms": "250"},
    "rate_limit_without_a_wait": {},
    "rate_limit_for_very_long": {"retry-after": "86400"},
}
ENVELOPES: dict[str, Any] = {
    "empty_object": {},
    "null": None,
    "list": [],
    "wrong_envelope": {"rows": [], "next_page": None},
    "null_data": {"data": None, "next_page": None},
}
PATHS = {**{name: end.path for name, end in ENDPOINTS.items()}, **{n: n for n in REPORTS}}
each_path = pytest.mark.parametrize("path", PATHS.values())


class Client:
    """One connection, which is made anew when it is lost."""

    def __init__(self, simulator: Simulator) -> None:
        """Connect with the first question."""
        self._simulator = simulator
        port = int(simulator.url.rpartition(":")[2])
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

    def send(self, path: str, day: date = DAY, page: str | None = None) -> None:
        """Ask for a day, in small pages."""
        following = day + timedelta(days=1)
        if path in REPORTS:
            width = REPORTS[path].width
            ask = f"starting_at={day}T00:00:00Z&ending_at={following}T00:00:00Z&{width}=1d"
        elif path == "summaries":
            ask = f"starting_date={day}&ending_date={following}"
        else:
            ask = f"date={day}"
        ask += "&limit=3" + (f"&page={page}" if page else "")
        headers = {
            "x-api-key": self._simulator.options.api_key,
            "anthropic-beta": BETA_HEADER,
        }
        self.connection.request("GET", f"{BASE_PATH}{path}?{ask}", headers=headers)

    def ask(
        self, path: str, day: date = DAY, page: str | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask, and receive the whole answer."""
        try:
            self.send(path, day, page)
            response = self.connection.getresponse()
            return response, response.read()
        except OSError:
            self.connection.close()
            raise

    def page(self, path: str, page: str | None = None) -> dict[str, Any]:
        """Give the page that is answered."""
        response, body = self.ask(path, page=page)
        assert response.status == 200
        answer: dict[str, Any] = json.loads(body)
        return answer


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A small organisation."""
    with Simulator(Options(today=TODAY, users=40, projects=30)) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    """Somebody who asks it."""
    asking = Client(simulator)
    yield asking
    asking.connection.close()


def message_of(body: bytes) -> str:
    """Return the words of a refusal."""
    refusal = json.loads(body)
    assert refusal["type"] == "error"
    assert refusal["request_id"].startswith("req_")
    return str(refusal["error"]["message"])


# Answers that are made up whole


@pytest.mark.parametrize("name", RATE_LIMITS)
def test_rate_limits(simulator: Simulator, client: Client, name: str) -> None:
    """They say how long to wait in the way they are named after."""
    simulator.fail(FAULTS[name])
    response, body = client.ask("skills")
    assert response.status == 429
    assert message_of(body)
    told = {"retry-after", "retry-after-ms"} & {k.lower() for k, _ in response.getheaders()}
    assert {header: response.headers[header] for header in told} == RATE_LIMITS[name]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529])
def test_server_errors(simulator: Simulator, client: Client, status: int) -> None:
    """They have the API's shape."""
    simulator.fail(FAULTS[f"status_{status}"])
    response, body = client.ask("skills")
    assert response.status == status
    assert message_of(body)


@pytest.mark.parametrize("status", [200, 502])
def test_html(simulator: Simulator, client: Client, status: int) -> None:
    """A page as a proxy shows it."""
    simulator.fail(FAULTS[f"html_with_{status}"])
    response, body = client.ask("skills")
    assert (response.status, response.headers["content-type"]) == (status, "text/html")
    assert body.startswith(b"<html>")


def test_invalid_json(simulator: Simulator, client: Client) -> None:
    """It is sent whole, with a 200."""
    simulator.fail(FAULTS["invalid_json"])
    response, body = client.ask("skills")
    assert response.status == 200
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(body)


@pytest.mark.parametrize("name", ENVELOPES)
def test_envelopes(simulator: Simulator, client: Client, name: str) -> None:
    """JSON that is no page."""
    simulator.fail(FAULTS[name])
    response, body = client.ask("skills")
    assert response.status == 200
    assert json.loads(body) == ENVELOPES[name]


# Connections


def test_reset_before_the_answer(simulator: Simulator, client: Client) -> None:
    """The client gets a reset, not an end."""
    simulator.fail(FAULTS["reset_before_the_answer"], times=1)
    with pytest.raises(ConnectionResetError):
        client.ask("skills")
    assert client.ask("skills")[0].status == 200


def test_reset_in_the_body(simulator: Simulator, client: Client) -> None:
    """The client gets a head, then a reset."""
    simulator.fail(FAULTS["reset_in_the_body"], times=1)
    client.send("skills")
    response = client.connection.getresponse()
    assert response.status == 200
    with pytest.raises(ConnectionResetError):
        response.read()


def test_a_body_cut_short(simulator: Simulator, client: Client) -> None:
    """The connection ends in good order, and too early."""
    simulator.fail(FAULTS["body_cut_short"], times=1)
    client.send("skills")
    response = client.connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as error:
        response.read()
    client.connection.close()
    whole = client.ask("skills")[1]
    assert error.value.partial == whole[: len(whole) // 2]


def test_refused_connections(simulator: Simulator, client: Client) -> None:
    """For a moment nobody listens; then the same port answers again."""
    simulator.fail(FAULTS["connection_refused"], times=1)
    with pytest.raises(ConnectionResetError):
        client.ask("skills")
    with pytest.raises(ConnectionRefusedError):
        client.ask("skills")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            assert client.ask("skills")[0].status == 200
        except ConnectionRefusedError:
            time.sleep(0.005)
        else:
            return
    pytest.fail("nobody listens again")


def test_stopping_while_connections_are_refused() -> None:
    """The simulator does not wait for the moment to pass, and leaves no socket."""
    with Simulator(Options(today=TODAY)) as simulator:
        simulator.fail(FAULTS["connection_refused"])
        asking = Client(simulator)
        with pytest.raises(ConnectionResetError):
            asking.ask("skills")
        address = ("127.0.0.1", int(simulator.url.rpartition(":")[2]))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


@pytest.mark.parametrize("name", ["late_answer", "dripping_answer"])
def test_slow_answers(simulator: Simulator, client: Client, name: str) -> None:
    """They take more than a second; only the dripping one begins at once."""
    truth = client.ask("artifacts")[1]
    simulator.fail(FAULTS[name])
    start = time.monotonic()
    client.send("artifacts")
    response = client.connection.getresponse()
    first = response.read(1)
    began = time.monotonic() - start
    assert first + response.read() == truth
    assert time.monotonic() - start > 1.2
    assert (began < 1) is (name == "dripping_answer")


def test_stopping_during_slow_answers() -> None:
    """Nobody waits for them."""
    start = time.monotonic()
    with Simulator(Options(today=TODAY)) as simulator:
        simulator.fail(FAULTS["late_answer"])
        client = Client(simulator)
        client.send("skills")
        while not simulator.requests:
            time.sleep(0.005)
    client.connection.close()
    assert time.monotonic() - start < 1


# Pages


def test_an_expired_cursor(simulator: Simulator, client: Client) -> None:
    """Only a cursor can expire; the one of the second page that is asked for does."""
    simulator.fail(FAULTS["expired_cursor"], nth=2)
    first = client.page("skills")
    second = client.page("skills", first["next_page"])
    response, body = client.ask("skills", page=second["next_page"])
    assert response.status == 410
    assert message_of(body)
    assert client.page("skills", second["next_page"])["data"]


@each_path
def test_an_empty_page_with_a_cursor(
    simulator: Simulator, client: Client, path: str
) -> None:
    """It stands in front of what was asked for."""
    truth = client.page(path)
    simulator.fail(FAULTS["empty_page_with_a_cursor"], times=1)
    empty = client.page(path)
    assert empty["data"] == []
    assert client.page(path, empty["next_page"])["data"] == truth["data"]


@each_path
def test_pages_without_end(simulator: Simulator, client: Client, path: str) -> None:
    """Each cursor is a new one."""
    simulator.fail(FAULTS["pages_without_end"])
    cursors: list[str | None] = [None]
    for _ in range(10):
        cursors.append(client.page(path, cursors[-1])["next_page"])
    assert len(set(cursors)) == 11


@each_path
def test_a_cursor_that_repeats(simulator: Simulator, client: Client, path: str) -> None:
    """From some page on, the cursor leads to itself."""
    simulator.fail(FAULTS["cursor_that_repeats"])
    cursors: list[str | None] = [None]
    for _ in range(5):
        cursors.append(client.page(path, cursors[-1])["next_page"])
    assert len(set(cursors)) == 2


@each_path
def test_a_stale_cursor(simulator: Simulator, client: Client, path: str) -> None:
    """The last page shows a cursor that leads nowhere."""
    simulator.fail(FAULTS["stale_cursor"])
    cursor, answer = None, client.page(path)
    while answer.get("has_more", answer["next_page"] is not None):
        cursor = answer["next_page"]
        answer = client.page(path, cursor)
    assert answer["has_more"] is False
    assert client.ask(path, page=answer["next_page"])[0].status == 400


@each_path
def test_revised_rows(simulator: Simulator, client: Client, path: str) -> None:
    """The reading breaks off, and the next one finds other rows."""
    before = client.page(path)
    simulator.fail(FAULTS["revised_rows"], times=1)
    if before["next_page"]:
        assert client.ask(path, page=before["next_page"])[0].status == 410
    else:
        with pytest.raises(ConnectionResetError):
            client.ask(path)
    assert client.page(path)["data"] != before["data"]


# Rows


@each_path
def test_rows_twice(simulator: Simulator, client: Client, path: str) -> None:
    """Each row is followed by itself."""
    rows = client.page(path)["data"]
    simulator.fail(FAULTS["rows_twice"])
    doubled = client.page(path)["data"]
    assert rows
    assert doubled[::2] == doubled[1::2] == rows


@each_path
def test_rows_of_another_day(simulator: Simulator, client: Client, path: str) -> None:
    """The row says so, in its own field or else in an additional one."""
    own = client.page(path)["data"][0]
    simulator.fail(FAULTS["rows_of_another_day"])
    other = client.page(path)["data"][0]
    name = "starting_at" if "starting_at" in own else "date"
    assert other[name][:10] == "2025-12-03"
    assert {**other, name: own.get(name)} == {**own, name: own.get(name)}


@each_path
@pytest.mark.parametrize("name", ["not_yet", "not_yet_repeating_the_day"])
def test_a_day_that_is_not_there_yet(
    simulator: Simulator, client: Client, path: str, name: str
) -> None:
    """The youngest day is missing; the message may repeat it."""
    simulator.fail(FAULTS[name])
    assert client.ask(path, DAY)[0].status == 200
    response, body = client.ask(path, LATEST)
    assert response.status == 400
    assert "2026-01-13" in message_of(body)
    assert (str(LATEST) in message_of(body)) is (name == "not_yet_repeating_the_day")


# Which requests


def statuses(client: Client, *paths: str) -> list[int]:
    """Return what requests to these paths are answered with."""
    return [client.ask(path)[0].status for path in paths]


@pytest.mark.parametrize(
    ("selection", "failed"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"times": 3}, [1, 2, 3]),
        ({"nth": 3}, [3]),
        ({"every": 3}, [3, 6]),
        ({"nth": 2, "every": 3}, [2, 5, 8]),
        ({"nth": 5, "every": 1}, [5, 6, 7, 8]),
        ({"every": 2, "times": 2}, [2, 4]),
    ],
)
def test_selections(
    simulator: Simulator, client: Client, selection: dict[str, int], failed: list[int]
) -> None:
    """Requests to the path are counted, no others."""
    simulator.fail(FAULTS["status_500"], path="skills", **selection)
    answered = [statuses(client, "artifacts", "skills") for _ in range(8)]
    assert {first for first, _ in answered} == {200}
    assert [n for n, (_, status) in enumerate(answered, 1) if status == 500] == failed
    marked = [request.fault for request in simulator.requests]
    assert marked.count("status_500") == len(failed)
    assert set(marked) <= {"status_500", None}


def test_a_share_at_random(simulator: Simulator, client: Client) -> None:
    """The seed decides, and all faults have their turn."""

    def hits(seed: int) -> list[int]:
        simulator.recover()
        simulator.fail(FAULTS["status_500"], FAULTS["status_529"], share=0.2, seed=seed)
        return statuses(client, *["artifacts"] * 200)

    first = hits(1)
    assert first == hits(1)
    assert first != hits(2)
    assert set(first) == {200, 500, 529}
    assert 20 < 200 - first.count(200) < 60


def test_recovery(simulator: Simulator, client: Client) -> None:
    """All is well again, for dictated answers too."""
    simulator.fail(FAULTS["status_500"], path="skills")
    simulator.reply("artifacts", status=418)
    assert statuses(client, "skills", "artifacts") == [500, 418]
    simulator.recover()
    assert statuses(client, "skills", "artifacts") == [200, 200]


# Clock


def test_the_date_of_answers(simulator: Simulator, client: Client) -> None:
    """It is the simulator's, not that of this machine, also with a refusal."""
    assert client.ask("skills")[0].headers["date"] == "Thu, 15 Jan 2026 12:00:00 GMT"
    simulator.today = date(2026, 2, 1)
    simulator.fail(FAULTS["status_500"])
    assert client.ask("skills")[0].headers["date"] == "Sun, 01 Feb 2026 12:00:00 GMT"


def test_the_date_of_answers_of_today() -> None:
    """Where no day is set, it is the time of this machine."""
    with Simulator() as simulator:
        client = Client(simulator)
        moment = parsedate_to_datetime(client.ask("skills")[0].headers["date"])
        client.connection.close()
    assert abs(datetime.now(timezone.utc) - moment) < timedelta(minutes=1)


def test_every_kind_is_there() -> None:
    """No kind is without a fault."""
    assert {fault.kind for fault in (FAULTS | REFUSALS).values()} == set(Kind)
