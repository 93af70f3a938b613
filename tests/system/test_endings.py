"""Runs that cannot go on: signals while nothing moves, targets that end, full disks."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.simulator import Fault, Simulator
from tests.simulator.traffic import Answer, Exchange
from tests.singer import config_for

#: Makes the command that runs the tap with some options and settings.
Command: TypeAlias = Callable[..., list[str]]

TODAY = date(2026, 3, 1)
COMPANY = {"users": 10, "projects": 4}
#: More seconds than anything here takes, on a busy machine too.
PATIENCE = 30
FULL = Path("/dev/full")
NO_SPACE = "cannot be written: No space left on device."
NEVER_SAID = ("stream_maps", "unhandled", "Unexpected", "Traceback", "Exception ignored")


@pytest.fixture
def tap(simulator: Simulator, tmp_path: Path) -> Command:
    """A small organisation's tap."""

    def command(*options: str, **settings: object) -> list[str]:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config_for(simulator, **settings)))
        program = [sys.executable, "-m", "tap_claude_analytics"]
        return [*program, "--config", str(path), *options]

    return command


@contextmanager
def started(command: Sequence[str], **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process whose log nobody reads, and that does not outlive the `with`."""
    with subprocess.Popen(command, **how, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something to happen."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def assert_ends_soon(running: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal, and check that it ends the run within five seconds."""
    assert running.poll() is None
    running.send_signal(number)
    assert running.wait(timeout=5) == 128 + number


def the_error(stderr: bytes | None) -> str:
    """Return the one error of a log that says nothing beside the point."""
    log = (stderr or b"").decode()
    [error] = [line for line in log.splitlines() if "ERROR" in line]
    assert not any(words in log for words in NEVER_SAID)
    return error


def test_a_signal_while_the_target_does_not_read(
    simulator: Simulator, tap: Command
) -> None:
    """The pipe is full: the process ends all the same."""
    seen = 0

    def is_stalled() -> bool:
        nonlocal seen
        before, seen = seen, len(simulator.requests)
        time.sleep(0.3)
        return 0 < before == seen

    with started(tap(), stdout=subprocess.PIPE) as running:
        wait_until(is_stalled)
        assert_ends_soon(running, signal.SIGINT)


def test_a_signal_while_32_slow_answers_are_under_way(
    simulator: Simulator, tap: Command, tmp_path: Path
) -> None:
    """Nobody waits for them, and no STATE is written any more."""
    over, under_way = threading.Event(), list[str]()

    def wait(exchange: Exchange) -> Answer:
        under_way.append(exchange.request.path)
        over.wait(PATIENCE)
        return exchange.truth

    slow = Fault(name="an answer that waits", answer=wait)
    simulator.fail(slow, path="skills")
    command = tap(start_date="2026-01-05", max_parallel_requests=32)
    taken = tmp_path / "messages.jsonl"
    with taken.open("w") as target, started(command, stdout=target) as running:
        wait_until(lambda: len(under_way) == 32)
        before = taken.read_text()
        assert_ends_soon(running, signal.SIGTERM)
        assert taken.read_text() == before
        over.set()


@pytest.mark.parametrize("bytes_read", [0, 100_000])
def test_a_target_that_ends(tap: Command, bytes_read: int) -> None:
    """At once, or among records."""
    with subprocess.Popen(tap(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        assert len(running.stdout.read(bytes_read)) == bytes_read
        running.stdout.close()
        stderr = running.stderr.read()
        assert running.wait(PATIENCE) == 1
    assert "The target has ended" in the_error(stderr)


@pytest.mark.skipif(not os.access(FULL, os.W_OK), reason="no device that is always full")
@pytest.mark.parametrize(
    ("place", "options", "told"),
    [
        ("&-", [], "Standard output is closed"),
        *((FULL, options, NO_SPACE) for options in ([], ["--discover"], ["--about"])),
    ],
)
def test_nowhere_to_write(tap: Command, place: str, options: list[str], told: str) -> None:
    """In the words of the operating system, whatever the command writes."""
    command = ["/bin/sh", "-c", f'"$@" >{place}', "sh", *tap(*options)]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert told in the_error(done.stderr)
