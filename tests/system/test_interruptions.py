"""Signals at the worst moments: the run ends soon and says so."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import date
from typing import IO, TYPE_CHECKING, Any

import pytest

from tests.simulator import Fault, Kind, Options, Simulator
from tests.singer import Output, config_for
from tests.system.kill_points.launchers import PATIENCE
from tests.system.kill_points.points import ANSWERED, EXIT_CODES

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.simulator.script import Exchange
    from tests.simulator.traffic import Answer

TODAY = date(2026, 3, 1)
FIRST, LAST = date(2026, 1, 5), date(2026, 1, 14)
SETTINGS: dict[str, Any] = {
    "start_date": FIRST.isoformat(),
    "end_date": LAST.isoformat(),
    "lookback_days": 0,
}

each_signal = pytest.mark.parametrize("number", ANSWERED)


@contextmanager
def process(
    simulator: Simulator,
    folder: Path,
    stdout: IO[str] | int = subprocess.PIPE,
    **settings: object,
) -> Iterator[subprocess.Popen[str]]:
    """Run the tap as a process whose output is read as the test likes."""
    config = folder / "config.json"
    config.write_text(json.dumps(config_for(simulator, **SETTINGS | settings)))
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


def whole_lines(text: str) -> list[str]:
    """Return the lines that a target could read."""
    return text.split("\n")[:-1]


@each_signal
def test_during_a_wait(
    simulator: Simulator, tmp_path: Path, number: signal.Signals
) -> None:
    """Nobody waits for the API any more, and no STATE is written."""
    simulator.reply("skills", status=429, headers={"retry-after": "200"})
    taken = tmp_path / "messages.jsonl"
    with taken.open("w") as target, process(simulator, tmp_path, target) as running:
        wait_until(lambda: any(r.path == "skills" for r in simulator.requests))
        time.sleep(0.5)
        before = taken.read_text()
        running.send_signal(number)
        assert running.wait(timeout=5) == EXIT_CODES[number]
    assert taken.read_text() == before
    output = Output(whole_lines(before))
    assert before.endswith("\n")
    assert output.bookmark("adoption") == LAST.isoformat()
    assert output.bookmark("skills") is None


@each_signal
def test_during_a_request(
    simulator: Simulator, tmp_path: Path, number: signal.Signals
) -> None:
    """An answer that does not come does not hold the process."""
    over = threading.Event()
    simulator.reply("skills", when=lambda _: over.wait(PATIENCE))
    taken = tmp_path / "messages.jsonl"
    with taken.open("w") as target, process(simulator, tmp_path, target) as running:
        wait_until(lambda: any(r.path == "skills" for r in simulator.requests))
        running.send_signal(number)
        assert running.wait(timeout=5) == EXIT_CODES[number]
        over.set()


@each_signal
def test_with_a_target_that_does_not_read(
    simulator: Simulator, tmp_path: Path, number: signal.Signals
) -> None:
    """The pipe is full: the process ends all the same."""
    with process(simulator, tmp_path) as running:
        seen = 0

        def stalled() -> bool:
            nonlocal seen
            before, seen = seen, len(simulator.requests)
            time.sleep(0.3)
            return 0 < before == seen

        wait_until(stalled)
        assert running.poll() is None
        began = time.monotonic()
        running.send_signal(number)
        assert running.wait(timeout=PATIENCE) == EXIT_CODES[number]
        assert time.monotonic() - began < 5


@each_signal
def test_while_32_slow_answers_are_under_way(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Nobody waits for them: the process ends within five seconds, and says so."""
    over, under_way = threading.Event(), list[str]()

    def wait(exchange: Exchange) -> Answer:
        under_way.append(exchange.request.path)
        over.wait(PATIENCE)
        return exchange.truth

    slow = Fault(name="an answer that waits", kind=Kind.PASSING, answer=wait)
    with (
        Simulator(Options(users=5)) as simulator,
        (tmp_path / "messages.jsonl").open("w") as target,
        process(
            simulator, tmp_path, target, end_date="2026-02-20", max_parallel_requests=32
        ) as running,
    ):
        simulator.fail(slow, path="skills")
        try:
            wait_until(lambda: len(under_way) == 32)
            before = (tmp_path / "messages.jsonl").read_text()
            began = time.monotonic()
            running.send_signal(number)
            assert running.wait(timeout=PATIENCE) == EXIT_CODES[number]
            assert time.monotonic() - began < 5
            assert (tmp_path / "messages.jsonl").read_text() == before
        finally:
            over.set()
