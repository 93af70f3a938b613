"""The process that answers: ``python -m tests.benchmark.server '{"users": 2000}'``.

It must not be what is measured: one thread, many connections, bodies from memory. Besides
the API it has the path `COUNTERS`, which tells what was counted and starts anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import subprocess
import sys
import time
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote
from urllib.request import ProxyHandler, build_opener

from typing_extensions import override

from tests.simulator import BASE_PATH
from tests.simulator.limits import KINDS, SharedLimit

from .answers import Answers, Organisation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .answers import Body

COUNTERS = "/counters"
_END_OF_HEAD = b"\r\n\r\n"
_REASONS = {200: b"OK", 400: b"Bad Request", 429: b"Too Many Requests"}


@dataclass(frozen=True, kw_only=True)
class Service(Organisation):
    """How much the answers hold, and how they come."""

    latency: float = 0.0  # seconds from a request to its answer
    jitter: float = 0.0  # seconds more, at most; a question always has the same share
    limit: str | None = None  # one of `KINDS`
    per_minute: int = 60  # how many requests the limit allows
    others_per_minute: float = 0.0  # how many of these other clients send
    others_first: int = 0  # how many of them other clients have sent just before


@dataclass
class Counters:
    """What happened since they were last told."""

    requests: int = 0  # refused ones too
    refused: int = 0  # those that were answered with 429
    repeated: int = 0  # answers that had been given before
    wrong: int = 0  # requests that were answered with 400
    most_in_flight: int = 0  # requests without their answer, at most at one time
    cpu_seconds: float = 0.0  # what the server itself took


class Desk:
    """What all connections share: answers, limit and counters."""

    def __init__(self, service: Service) -> None:
        """Start to count."""
        self._answers = Answers(service)
        self.service = service
        self.in_flight = 0
        self._begin()

    def _begin(self) -> None:
        self.counters = Counters()
        self._answered: set[str] = set()
        self._cpu_before = time.process_time()
        self._limit = None
        if self.service.limit is not None:
            limit = KINDS[self.service.limit](self.service.per_minute)
            for _ in range(self.service.others_first):
                limit.admit()
            self._limit = SharedLimit(limit, self.service.others_per_minute)

    def answer(self, target: str) -> tuple[int, bytes, Body]:
        """Decide on status, additional header lines and body."""
        self.counters.requests += 1
        self.counters.most_in_flight = max(self.counters.most_in_flight, self.in_flight)
        wait = self._limit.admit() if self._limit else 0.0
        if wait:
            self.counters.refused += 1
            header = b"retry-after: %.3f\r\n" % (math.ceil(wait * 1000) / 1000)
            return 429, header, [_error("rate_limit_error", "too many requests")]
        path, _, query = target.partition("?")
        try:
            body = self._answers.body(
                unquote(path).removeprefix(BASE_PATH), parse_qs(query)
            )
        except (LookupError, ValueError) as error:
            self.counters.wrong += 1
            return 400, b"", [_error("invalid_request_error", str(error))]
        self.counters.repeated += target in self._answered
        self._answered.add(target)
        return 200, b"", body

    def latency_of(self, target: str) -> float:
        """Give the seconds that an answer takes."""
        share = zlib.crc32(target.encode()) % 1000 / 1000
        return self.service.latency + self.service.jitter * share

    def tell(self) -> bytes:
        """Tell what was counted, and count anew."""
        self.counters.cpu_seconds = time.process_time() - self._cpu_before
        told = {**asdict(self.counters), "rows_per_day": self._answers.rows_per_day()}
        self._begin()
        return json.dumps(told).encode()


def _error(kind: str, message: str) -> bytes:
    error = {"type": kind, "message": message}
    return json.dumps({"type": "error", "error": error}).encode()


class Connection(asyncio.Protocol):
    """One connection that the client keeps alive; one request at a time."""

    def __init__(self, desk: Desk) -> None:
        """Belong to the desk."""
        self._desk = desk
        self._received = b""
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(_END_OF_HEAD)
        if not end:
            return
        self._received = rest
        target = head.split(b" ", 2)[1].decode()
        if target == COUNTERS:
            self._send(200, b"", [self._desk.tell()])
            return
        self._desk.in_flight += 1
        status, header, body = self._desk.answer(target)
        # A refusal comes at once.
        latency = self._desk.latency_of(target) if status == 200 else 0.0
        if latency:
            loop = asyncio.get_running_loop()
            loop.call_later(latency, self._depart, status, header, body)
        else:
            self._depart(status, header, body)

    def _depart(self, status: int, header: bytes, body: Body) -> None:
        self._desk.in_flight -= 1
        self._send(status, header, body)

    def _send(self, status: int, header: bytes, body: Body) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        head = (
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n%b\r\n"
        ) % (status, _REASONS[status], sum(map(len, body)), header)
        self._transport.writelines([head, *body])


async def _serve(service: Service) -> None:
    """Serve until whoever started the server closes its standard input."""
    desk = Desk(service)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(desk), "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


@dataclass(frozen=True)
class Served:
    """A server that runs in a process of its own."""

    url: str

    def counters(self) -> dict[str, Any]:
        """Fetch what the server has counted since the last time."""
        # Without the environment's proxy: the server is on this machine.
        with build_opener(ProxyHandler({})).open(f"{self.url}{COUNTERS}") as answer:
            told: dict[str, Any] = json.load(answer)
        return told


@contextlib.contextmanager
def serving(**options: object) -> Iterator[Served]:
    """Run a server; the options are those of `Service`."""
    command = [sys.executable, "-m", "tests.benchmark.server", json.dumps(options)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        # Leaving closes standard input, which ends the server.
        if process.stdout is None:
            raise TypeError
        url = process.stdout.readline().strip()
        if not url:
            message = "the server of the benchmark did not start"
            raise RuntimeError(message)
        yield Served(url)


if __name__ == "__main__":
    asyncio.run(_serve(Service(**json.loads(sys.argv[1]))))
