"""Two ways to start the programs of a pipeline."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self

#: More than anything here takes, on a busy machine too.
PATIENCE = 30.0


#: The programs of a pipeline.
MODULES = {"tap": "tap_claude_analytics", "target": "tests.system.kill_points.target"}


class Launcher(Protocol):
    """Starts programs and waits for their end."""

    def start(self, command: Sequence[str], files: Sequence[int]) -> int:
        """Start a program with its three standard files.

        Args:
            command: "tap" or "target", and its arguments.
            files: Standard input, standard output and standard error.

        Returns:
            The process id.
        """

    def wait(self, pid: int) -> int:
        """Return the exit code of a process, or minus the signal that ended it."""


class PlainLauncher:
    """Starts each program as a process of its own."""

    def __init__(self) -> None:
        """Start without any."""
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, command: Sequence[str], files: Sequence[int]) -> int:
        """Start a program."""
        name, *arguments = command
        stdin, stdout, stderr = files
        process = subprocess.Popen(
            [sys.executable, "-m", MODULES[name], *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=ROOT,
        )
        self._running[process.pid] = process
        return process.pid

    def wait(self, pid: int) -> int:
        """Wait for a process, and kill it if it does not end."""
        process = self._running.pop(pid)
        try:
            return process.wait(PATIENCE)
        finally:
            process.kill()


class ForkLauncher:
    """Has programs forked off a process that has imported them; a context manager."""

    def __init__(self) -> None:
        """Prepare; the process runs inside the `with` block."""
        self._channel, self._other_end = socket.socketpair()
        self._channel.settimeout(PATIENCE)

    def __enter__(self) -> Self:
        """Start the process."""
        number = self._other_end.fileno()
        with self._other_end:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.system.kill_points.fork_server", str(number)],
                pass_fds=[number],
                cwd=ROOT,
                # Nobody reads the logs of hundreds of runs.
                env={**os.environ, "TAP_CLAUDE_ANALYTICS_LOGLEVEL": "WARNING"},
            )
        self._answer()  # it is ready
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self._channel.close()
        with self._server:
            try:
                self._server.wait(PATIENCE)
            finally:
                self._server.kill()

    def start(self, command: Sequence[str], files: Sequence[int]) -> int:
        """Have a program forked."""
        socket.send_fds(self._channel, [json.dumps(command).encode()], files)
        return self._answer()

    def wait(self, pid: int) -> int:
        """Wait for a process, and kill it if it does not end."""
        self._channel.sendall(json.dumps(pid).encode())
        try:
            return self._answer()
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self._answer()
            raise

    def _answer(self) -> int:
        answer = json.loads(self._channel.recv(64))
        assert isinstance(answer, int)
        return answer
