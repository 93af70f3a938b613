"""Waits for a command in a process group of its own and ends the group with it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# How long a group that was asked to end may take before it is made to.
GRACE_SECONDS = 5.0

POLL_SECONDS = 0.1

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class SandboxedCommandError(Exception):
    """A command could not be started or took too long."""


@contextmanager
def signals_held_back() -> Iterator[Sequence[int]]:
    """Holds back the signals that end a program, so that it can tidy up first.

    SIGHUP, SIGINT and SIGTERM raise nothing, wherever they arrive: they are noted, and the
    one place that waits for the command looks.
    """
    noted: list[int] = []
    handlers = {
        number: signal.signal(number, lambda arrived, _: noted.append(arrived))
        for number in SIGNALS
    }
    try:
        yield noted
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def wait_for(
    process: subprocess.Popen[str], timeout: float | None, signals: Sequence[int]
) -> tuple[str, str]:
    """Waits for the head of a process group, and passes signals on; the second one kills.

    Returns:
        Its output and its errors, if they were captured.

    Raises:
        SandboxedCommandError: It took too long.
    """
    start = time.monotonic()
    passed_on = 0
    patience = float("inf")
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=POLL_SECONDS)
        now = time.monotonic()
        if process.poll() is not None:
            # Something that it started still holds on to its output.
            end_group(process)
        elif timeout is not None and now - start > timeout:
            end_group(process)
            output, errors = process.communicate()
            message = f"{process.args!r} took more than {timeout} s: {output}{errors}"
            raise SandboxedCommandError(message)
        elif now > patience or len(signals) > max(passed_on, 1):
            _signal_group(process, signal.SIGKILL)
        elif len(signals) > passed_on:
            _signal_group(process, signals[passed_on])
            passed_on += 1
            patience = now + GRACE_SECONDS


def end_group(process: subprocess.Popen[str]) -> None:
    """Ends whatever is left of a process group."""
    for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 1.0)):
        _signal_group(process, number)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if process.pid not in _running_groups():
                return
            time.sleep(POLL_SECONDS / 2)


def _signal_group(process: subprocess.Popen[str], number: int) -> None:
    # macOS answers for a group of dead processes that one may not.
    with suppress(PermissionError, ProcessLookupError):
        os.killpg(process.pid, number)


def _running_groups() -> set[int]:
    """Lists the groups of the processes that run.

    Dead ones that their parent did not ask after yet run no more, although they can
    still be sent a signal. In a container that can be so for a long time.
    """
    groups = set()
    for process in psutil.process_iter(["status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE:
            with suppress(PermissionError, ProcessLookupError):
                groups.add(os.getpgid(process.pid))
    return groups
