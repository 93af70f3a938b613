"""One run of the tap, piped into one run of a target, and what it takes to kill either."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests import ROOT
from tests.singer import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

if sys.platform == "win32":
    pytest.skip("Windows does not have these signals", allow_module_level=True)

#: The signals that the tap can answer.
ANSWERED = (signal.SIGTERM, signal.SIGINT)
#: What to kill the tap with, and how it ends then; None kills the target, so that the pipe
#: of the tap is broken.
EXIT_CODES: dict[signal.Signals | None, int] = {
    signal.SIGTERM: 143,
    signal.SIGINT: 130,
    signal.SIGKILL: -signal.SIGKILL,
    None: 1,
}
#: More seconds than anything here takes, on a busy machine too.
PATIENCE = 30.0
#: What the target has got at the moment of a kill mostly ends in the middle of a line.
CHUNK = 4000
POLL_SECONDS = 0.01
#: After so many seconds without output a tap that waits has written all that it will.
QUIET_SECONDS = 0.5


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        tap: The tap's exit code, or minus the signal that ended it.
        target: The target's.
        output: What the tap wrote until its pipe was broken, if it was.
        late: The part of it that was read after the kill.
        seconds: How long the tap went on after the kill.
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

    def __init__(self, tap: Sequence[str], target: Sequence[str], states: Path) -> None:
        """Start both.

        Args:
            tap: The tap's arguments.
            target: The target's.
            states: Where the states are written that the target emits.
        """
        self._output = bytearray()
        self._killed_at, self._late_from = time.monotonic(), 0
        pipe, module = subprocess.PIPE, [sys.executable, "-m"]
        self._tap = subprocess.Popen(
            [*module, "tap_claude_analytics", *tap],
            stdout=pipe,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        with states.open("w") as emitted:
            self._target = subprocess.Popen(
                [*module, "tests.system.kill_points.target", *target],
                stdin=pipe,
                stdout=emitted,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=ROOT,
            )
        assert self._tap.stdout
        assert self._target.stdin
        self._source, self._sink = self._tap.stdout, self._target.stdin

    def __enter__(self) -> Self:
        """Return the pipeline."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill what an error has left running."""
        for process in (self._tap, self._target):
            process.kill()
            with process:
                pass

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
                chunk = os.read(self._source.fileno(), CHUNK)
                if not chunk:
                    return False
                self._output += chunk
                if not self._sink.closed:
                    self._sink.write(chunk)
        return True

    def forward_until_quiet(self) -> None:
        """Pass on what is on its way while the tap waits for something."""
        self.forward(lambda _: not self._can_read(QUIET_SECONDS))

    def kill(self, number: signal.Signals | None) -> None:
        """Send the tap a signal; without one, kill the target and break the tap's pipe."""
        self._late_from = len(self._output)
        if number is None:
            self._target.kill()
            self._sink.close()
            self._source.close()
        else:
            self._tap.send_signal(number)
        self._killed_at = time.monotonic()

    def end(self) -> Ended:
        """Let both end, and tell how they did."""
        if not self._source.closed:
            self.forward(lambda _: False)
        tap = self._tap.wait(PATIENCE)
        seconds = time.monotonic() - self._killed_at
        with suppress(BrokenPipeError):
            self._sink.close()
        return Ended(
            tap=tap,
            target=self._target.wait(PATIENCE),
            output=bytes(self._output),
            late=bytes(self._output[self._late_from :]),
            seconds=seconds,
        )

    def _can_read(self, seconds: float) -> bool:
        return bool(select.select([self._source], [], [], seconds)[0])
