"""One run of the tap, piped into one run of a target, and what it takes to kill either."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.singer import Output
from tests.system.kill_points.launchers import PATIENCE
from tests.system.kill_points.points import ANSWERED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from tests.system.kill_points.launchers import Launcher

#: What the target has got at the moment of a kill mostly ends in the middle of a line.
CHUNK = 4000
POLL_SECONDS = 0.001


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        tap: The tap's exit code, or minus the signal that ended it.
        target: The target's.
        output: What the tap wrote until its pipe was broken, if it was.
        late: The part of it that was written after a signal which can be answered.
        seconds: How long the tap went on after the kill, or ran if there was none.
    """

    tap: int
    target: int
    output: bytes
    late: bytes
    seconds: float

    @property
    def messages(self) -> Output:
        """The messages that were written to their end."""
        return Output(line.decode() for line in self.output.split(b"\n")[:-1])


class Pipeline:
    """A tap and a target that run; a context manager that leaves nothing of them.

    What the tap writes passes through this process, as it passes through Meltano.
    """

    def __init__(
        self, launcher: Launcher, tap: Sequence[str], target: Sequence[str], folder: Path
    ) -> None:
        """Take the commands; they run inside the `with` block.

        Args:
            launcher: What starts them.
            tap: The tap's name and arguments.
            target: The target's.
            folder: Where the states that the target emits are written, and both logs.
        """
        self._launcher = launcher
        self._commands = tap, target
        self._folder = folder
        self._output = bytearray()
        self._late_from: int | None = None
        self._running: list[int] = []

    def __enter__(self) -> Self:
        """Start both."""
        tap, target = self._commands
        source, tap_stdout = os.pipe()
        target_stdin, sink = os.pipe()
        self._source = os.fdopen(source, "rb", buffering=0)
        self._sink = os.fdopen(sink, "wb", buffering=0)
        with ExitStack() as given:
            given.callback(os.close, tap_stdout)
            given.callback(os.close, target_stdin)
            nothing, states, tap_log, target_log = (
                given.enter_context(path.open(mode)).fileno()
                for path, mode in (
                    (Path(os.devnull), "r"),
                    (self._folder / "states.jsonl", "w"),
                    (self._folder / "tap.log", "w"),
                    (self._folder / "target.log", "w"),
                )
            )
            self._began = time.monotonic()
            self._tap = self._launcher.start(tap, [nothing, tap_stdout, tap_log])
            self._running.append(self._tap)
            self._target = self._launcher.start(target, [target_stdin, states, target_log])
            self._running.append(self._target)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the pipes, and kill what an error has left running."""
        self._source.close()
        self._sink.close()
        for pid in [*self._running]:
            os.kill(pid, signal.SIGKILL)
            self._wait(pid)

    def forward(self, is_time: Callable[[int], bool]) -> bool:
        """Pass on what the tap writes.

        Args:
            is_time: Tells whether to stop, given how many bytes the tap wrote.

        Returns:
            Whether it was time, before the tap's output ended.
        """
        end = time.monotonic() + PATIENCE
        while not is_time(len(self._output)):
            assert time.monotonic() < end, "the tap neither writes nor ends"
            if self._can_read(POLL_SECONDS):
                chunk = self._source.read(CHUNK)
                if not chunk:
                    return False
                self._output += chunk
                if not self._sink.closed:
                    self._sink.write(chunk)
        return True

    def kill(self, number: signal.Signals | None) -> None:
        """Send the tap a signal; without one, kill the target and break the tap's pipe."""
        if number is None:
            os.kill(self._target, signal.SIGKILL)
            self._sink.close()
            self._stop_tap()
            self._source.close()
            os.kill(self._tap, signal.SIGCONT)
        elif number not in ANSWERED:
            os.kill(self._tap, number)
        else:
            self._stop_tap()
            self._late_from = len(self._output)
            os.kill(self._tap, number)
            os.kill(self._tap, signal.SIGCONT)
        self._began = time.monotonic()

    def end(self) -> Ended:
        """Let both end, and tell how they did."""
        if not self._source.closed:
            self.forward(lambda _: False)
        tap = self._wait(self._tap)
        seconds = time.monotonic() - self._began
        self._sink.close()
        target = self._wait(self._target)
        late_from = len(self._output) if self._late_from is None else self._late_from
        return Ended(
            tap=tap,
            target=target,
            output=bytes(self._output),
            late=bytes(self._output[late_from:]),
            seconds=seconds,
        )

    def _wait(self, pid: int) -> int:
        self._running.remove(pid)
        return self._launcher.wait(pid)

    def _stop_tap(self) -> None:
        """Have the tap stand still, and read all that it has written so far."""
        os.kill(self._tap, signal.SIGSTOP)
        tap = psutil.Process(self._tap)
        while tap.status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}:
            time.sleep(POLL_SECONDS)
        self.forward(lambda _: not self._can_read(0))

    def _can_read(self, seconds: float) -> bool:
        return bool(select.select([self._source], [], [], seconds)[0])
