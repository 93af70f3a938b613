"""Signals, at any moment: the run ends soon and says so, the next one completes it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import date, timedelta
from typing import IO, TYPE_CHECKING, Any

import pytest

from tests import truth
from tests.singer import Output, config_for, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.simulator import Simulator

FIRST, LAST = date(2026, 1, 5), date(2026, 1, 14)
NAMES = ("adoption", "skills", "readings")
SETTINGS: dict[str, Any] = {
    "start_date": FIRST.isoformat(),
    "end_date": LAST.isoformat(),
    "lookback_days": 0,
}

#: The signals that a tap can answer, and with which exit code.
EXIT_CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}
#: More than enough for what is promised in 5 seconds, on a busy machine too.
PATIENCE = 20.0
each_signal = pytest.mark.parametrize("number", EXIT_CODES)


@contextmanager
def process(
    simulator: Simulator, folder: Path, stdout: IO[str] | int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """Run the tap as a process whose output is read as the test likes."""
    config = folder / "config.json"
    config.write_text(json.dumps(config_for(simulator, **SETTINGS)))
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


def test_killed_at_random_the_next_run_completes_the_truth(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Whatever the signal and the moment, with the state that had reached the target."""
    dice = random.Random(7)
    whole = len(run(simulator, *NAMES, **SETTINGS).messages)
    for _ in range(24):
        number = dice.choice([signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
        with process(simulator, tmp_path) as running:
            assert running.stdout is not None
            reads = dice.randrange(1, whole)
            lines = [running.stdout.readline() for _ in range(reads)]
            os.kill(running.pid, number)
            lines.append(running.stdout.read())
            code = running.wait(timeout=PATIENCE)
        # It may have been done already.
        assert code in {0, -number, EXIT_CODES.get(number)}
        before = Output(whole_lines("".join(lines)))
        after = run(simulator, *NAMES, state=before.state, **SETTINGS)
        assert not after.failures
        days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
        for stream in ("adoption", "skills"):
            truth.assert_current_rows(simulator, stream, days, before, after)
