"""Each fault does over the wire what it claims, to the requests it is meant for."""

from __future__ import annotations

import http.client
import json
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator import (
    BASE_PATH,
    BETA_HEADER,
    ENDPOINTS,
    FAULTS,
    REPORTS,
    Kind,
    Options,
    Simulator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = date(2026, 1, 15)
DAY = date(2026, 1, 12)

RATE_LIMITS = {
    "rate_limit_in_seconds": {"retry-after": "2"},
    "rate_limit_in_fractions": {"retry-after": "0.75"},
    "rate_limit_until_a_date": {"retry-after": "Thu, 15 Jan 2026 12:00:02 GMT"},
    "rate_limit_in_milliseconds": {"retry-after-ms": "250"},
    "rate_limit_without_a_wait": {},
    "rate_limit_for_very_long": {"retry-after": "86400"},
}
PATHS = {**{name: end.path for name, end in ENDPOINTS.items()}, **{n: n for n in REPORTS}}
each_path = pytest.mark.parametrize("path", PATHS.values())


SLOW = ["late_answer", "dripping_answer"]


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


# Connections


@pytest.mark.parametrize(
    "name",
    [
        fault.name
        for fault in FAULTS.values()
        if fault.kind is Kind.PASSING and fault.name not in SLOW
    ],
)
def test_passing_faults(simulator: Simulator, client: Client, name: str) -> None:
    """The client gets no page, and soon after that the whole page."""
    whole = client.page("skills")
    simulator.fail(FAULTS[name], times=1)
    assert page_or_none(client) is None
    end = time.monotonic() + 5
    while (page := page_or_none(client)) is None and time.monotonic() < end:
        time.sleep(0.005)
    assert page == whole


def page_or_none(client: Client) -> object:
    """Return the page that is answered, if one is."""
    try:
        response, body = client.ask("skills")
        return json.loads(body) if response.status == 200 else None
    except (OSError, ValueError, http.client.HTTPException):
        client.connection.close()
        return None


@pytest.mark.parametrize("name", SLOW)
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


# Pages


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


# Clock


def test_the_date_of_answers(simulator: Simulator, client: Client) -> None:
    """It is the simulator's, not that of this machine, also with a refusal."""
    assert client.ask("skills")[0].headers["date"] == "Thu, 15 Jan 2026 12:00:00 GMT"
    simulator.today = date(2026, 2, 1)
    simulator.fail(FAULTS["status_500"])
    assert client.ask("skills")[0].headers["date"] == "Sun, 01 Feb 2026 12:00:00 GMT"
