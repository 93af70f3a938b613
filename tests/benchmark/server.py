"""The process that answers: ``python -m tests.benchmark.server '{"users": 2000}'``.

It must not be what is measured: one thread, many connections, bodies from memory. Besides
the API it has the path `COUNTERS`, which tells what was counted and starts anew.
"""

import asyncio
import contextlib
import json
import math
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qs, unquote
from urllib.request import ProxyHandler, build_opener

from tests.simulator import BASE_PATH
from tests.simulator.limits import KINDS, SharedLimit

from .answers import Answers, Body

COUNTERS = "/counters"


@dataclass(kw_only=True)
class Counters:
    """What happened since it was last told."""

    requests: int = 0  # refused ones too
    refused: int = 0  # those that were answered with 429
    repeated: int = 0  # answers that had been given before
    most_in_flight: int = 0  # requests without their answer, at most at one time
    server_cpu: float = 0.0  # seconds that the server itself took


@dataclass(kw_only=True)
class Service:
    """How much the answers hold, and how they come; and what all connections share."""

    users: int = 0  # rows of `users` on every day
    report_users: int = 100  # accounts that make the rows of usage and cost
    stale_days: int = 0  # how long before today's midnight usage and cost were gathered
    latency: float = 0.0  # seconds from a request to its answer
    jitter: float = 0.0  # seconds more, at most; a question always has the same share
    limit: str | None = None  # one of `KINDS`
    per_minute: int = 60  # how many requests the limit allows
    others_per_minute: float = 0.0  # how many of these other clients send
    others_first: int = 0  # how many of them other clients have sent just before

    def __post_init__(self) -> None:
        """Encode the answers, and start to count."""
        self._answers = Answers(self.users, self.report_users, self.stale_days)
        self._in_flight = 0
        self._begin()

    def _begin(self) -> None:
        self._counters = Counters()
        self._answered: set[str] = set()
        self._cpu_before = time.process_time()
        self._limit = None
        if self.limit is not None:
            limit = KINDS[self.limit](self.per_minute)
            for _ in range(self.others_first):
                limit.admit()
            self._limit = SharedLimit(limit, self.others_per_minute)

    async def connect(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one request after the other of a connection that the client keeps."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self._in_flight += 1
                seconds, message = self._answer(head.split(b" ", 2)[1].decode())
                if seconds:
                    await asyncio.sleep(seconds)
                self._in_flight -= 1
                writer.writelines(message)
                await writer.drain()
        writer.close()

    def _answer(self, target: str) -> tuple[float, list[bytes]]:
        """Give a message, and how long it takes; what is no answer comes at once."""
        if target == COUNTERS:
            self._counters.server_cpu = time.process_time() - self._cpu_before
            told = {**asdict(self._counters), "rows_per_day": self._answers.rows_per_day}
            self._begin()
            return 0.0, _message(b"200 OK", [json.dumps(told).encode()])
        counters = self._counters
        counters.requests += 1
        counters.most_in_flight = max(counters.most_in_flight, self._in_flight)
        wait = self._limit.admit() if self._limit else 0.0
        if wait:
            counters.refused += 1
            header = b"retry-after: %.3f\r\n" % (math.ceil(wait * 1000) / 1000)
            body = _error("rate_limit_error", "too many requests")
            return 0.0, _message(b"429 Too Many Requests", body, header)
        path, _, query = target.partition("?")
        try:
            body = self._answers.body(
                unquote(path).removeprefix(BASE_PATH), parse_qs(query)
            )
        except (LookupError, ValueError) as error:
            body = _error("invalid_request_error", str(error))
            return 0.0, _message(b"400 Bad Request", body)
        counters.repeated += target in self._answered
        self._answered.add(target)
        share = zlib.crc32(target.encode()) % 1000 / 1000
        return self.latency + self.jitter * share, _message(b"200 OK", body)


def _error(kind: str, message: str) -> Body:
    error = {"type": kind, "message": message}
    return [json.dumps({"type": "error", "error": error}).encode()]


def _message(status: bytes, body: Body, header: bytes = b"") -> list[bytes]:
    head = (
        b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n"
    ) % (status, sum(map(len, body)), header)
    return [head, *body]


async def _serve(service: Service) -> None:
    """Serve until whoever started the server closes its standard input."""
    server = await asyncio.start_server(service.connect, "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


def counters(url: str) -> dict[str, Any]:
    """Fetch what a server has counted since the last time."""
    # Without the environment's proxy: the server is on this machine.
    with build_opener(ProxyHandler({})).open(f"{url}{COUNTERS}") as answer:
        told: dict[str, Any] = json.load(answer)
    return told


@contextlib.contextmanager
def serving(**options: object) -> Iterator[str]:
    """Run a server with the options of `Service` in a process, and give its address."""
    command = [sys.executable, "-m", "tests.benchmark.server", json.dumps(options)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        # Leaving closes standard input, which ends the server.
        assert process.stdout is not None
        yield process.stdout.readline().strip()


if __name__ == "__main__":
    asyncio.run(_serve(Service(**json.loads(sys.argv[1]))))
