"""The server's process, as whoever measures sees it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

from .server import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Nothing of a proxy that the environment names: the server is on this machine.
_DIRECTLY = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    url: str

    def counters(self) -> dict[str, Any]:
        """Fetch what the server has counted since the last time."""
        with _DIRECTLY.open(f"{self.url}{COUNTERS}") as answer:
            told: dict[str, Any] = json.load(answer)
        return told


@contextlib.contextmanager
def serving(**options: object) -> Iterator[Served]:
    """Run a server; the options are those of `Organisation` and `Service`."""
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
