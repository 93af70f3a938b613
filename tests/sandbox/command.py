"""Runs a command in a process group of its own and ends the group with it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.sandbox.processes import list_running

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import FrameType, TracebackType

    from typing_extensions import Self

# How long a group that was asked to end may take before it is made to.
GRACE_SECONDS = 5.0

POLL_SECONDS = 0.1

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class SandboxedCommandError(Exception):
    """A command could not be started or took too long."""


class Interruption:
    """Holds back the signals that end a program, so that it can tidy up first.

    In its `with`, SIGHUP, SIGINT and SIGTERM raise nothing, wherever they arrive:
    they are noted, and the one place that waits for the command looks.
    """

    def __init__(self) -> None:
        """Starts without a signal."""
        self.signals: list[int] = []
        self._handlers = {number: signal.getsignal(number) for number in SIGNALS}

    def __enter__(self) -> Self:
        """Takes the signals over.

        Returns:
            Itself.
        """
        for number in SIGNALS:
            signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Gives the signals back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signals.append(number)


@dataclass(frozen=True)
class Command:
    """A program with its arguments and all of its environment variables."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path | None = None

    def run(
        self,
        *,
        capture: bool = False,
        timeout: float | None = None,
        interruption: Interruption | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs the command to its end, and whatever it started with it.

        Args:
            capture: Whether to keep its output instead of showing it.
            timeout: How many seconds it may take.
            interruption: Whose signals are passed on to the command. The second
                one kills it.

        Returns:
            How it ended, and its output if that was captured.

        Raises:
            SandboxedCommandError: It could not be started or took too long.
        """
        pipe = subprocess.PIPE if capture else None
        try:
            process = subprocess.Popen(
                self.arguments,
                cwd=self.folder,
                env=self.environment,
                stdout=pipe,
                stderr=pipe,
                text=True,
                # The head of a session of its own is the head of a group of its own.
                start_new_session=True,
            )
        except OSError as error:
            message = f"{self.arguments[0]}: {error.strerror}"
            raise SandboxedCommandError(message) from error
        with process:
            try:
                output, errors = _wait(process, timeout, interruption or Interruption())
            finally:
                _end_group(process)
        return subprocess.CompletedProcess(
            self.arguments, process.returncode, output, errors
        )


def _wait(
    process: subprocess.Popen[str], timeout: float | None, interruption: Interruption
) -> tuple[str, str]:
    start = time.monotonic()
    passed_on = 0
    patience = float("inf")
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=POLL_SECONDS)
        now = time.monotonic()
        if process.poll() is not None:
            # Something that it started still holds on to its output.
            _end_group(process)
        elif timeout is not None and now - start > timeout:
            _end_group(process)
            output, errors = process.communicate()
            message = f"{process.args!r} took more than {timeout} s: {output}{errors}"
            raise SandboxedCommandError(message)
        elif now > patience or len(interruption.signals) > max(passed_on, 1):
            _signal_group(process, signal.SIGKILL)
        elif len(interruption.signals) > passed_on:
            _signal_group(process, interruption.signals[passed_on])
            passed_on += 1
            patience = now + GRACE_SECONDS


def _signal_group(process: subprocess.Popen[str], number: int) -> None:
    # macOS answers for a group of dead processes that one may not.
    with suppress(PermissionError, ProcessLookupError):
        os.killpg(process.pid, number)


def _end_group(process: subprocess.Popen[str]) -> None:
    for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 1.0)):
        _signal_group(process, number)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if all(running.group != process.pid for running in list_running()):
                return
            time.sleep(POLL_SECONDS / 2)
