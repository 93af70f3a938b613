"""Signals while nothing moves: the run ends soon and says so."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import date
from typing import IO, TYPE_CHECKING

from tests.simulator import Fault, Kind, Options, Simulator
from tests.singer import config_for
from tests.system.kill_points.pipeline import EXIT_CODES, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.simulator.traffic import Answer, Exchange

TODAY = date(2026, 3, 1)


@contextmanager
def process(
    simulator: Simulator, folder: Path, stdout: IO[str] | int, **settings: object
) -> Iterator[subprocess.Popen[str]]:
    """Run the tap as a process whose output is read as the test likes."""
    config = folder / "config.json"
    config.write_text(
        json.dumps(config_for(simulator, start_date="2026-01-05", **settings))
    )
    command = [sys.executable, "-m", "tap_claude_analytics", "--config", str(config)]
    with subprocess.Popen(
        command, stdout=stdout, stderr=subprocess.DEVNULL, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something to happen."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def assert_ends_soon(running: subprocess.Popen[str], number: signal.Signals) -> None:
    """Send a signal, and check that it ends the run within five seconds."""
    assert running.poll() is None
    began = time.monotonic()
    running.send_signal(number)
    assert running.wait(timeout=PATIENCE) == EXIT_CODES[number]
    assert time.monotonic() - began < 5


def test_with_a_target_that_does_not_read(simulator: Simulator, tmp_path: Path) -> None:
    """The pipe is full: the process ends all the same."""
    seen = 0

    def stalled() -> bool:
        nonlocal seen
        before, seen = seen, len(simulator.requests)
        time.sleep(0.3)
        return 0 < before == seen

    with process(simulator, tmp_path, subprocess.PIPE, end_date="2026-01-14") as running:
        wait_until(stalled)
        assert_ends_soon(running, signal.SIGINT)


def test_while_32_slow_answers_are_under_way(tmp_path: Path) -> None:
    """Nobody waits for them, and no STATE is written any more."""
    over, under_way = threading.Event(), list[str]()

    def wait(exchange: Exchange) -> Answer:
        under_way.append(exchange.request.path)
        over.wait(PATIENCE)
        return exchange.truth

    slow = Fault(name="an answer that waits", kind=Kind.PASSING, answer=wait)
    taken = tmp_path / "messages.jsonl"
    settings = {"end_date": "2026-02-20", "max_parallel_requests": 32}
    with (
        Simulator(Options(users=5)) as simulator,
        taken.open("w") as target,
        process(simulator, tmp_path, target, **settings) as running,
    ):
        simulator.fail(slow, path="skills")
        try:
            wait_until(lambda: len(under_way) == 32)
            before = taken.read_text()
            assert_ends_soon(running, signal.SIGTERM)
            assert taken.read_text() == before
        finally:
            over.set()
