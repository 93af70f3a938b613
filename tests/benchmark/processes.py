"""Run a program to its end, and measure what it took."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from tests import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: A program that takes longer hangs.
MOST_SECONDS = 1200.0
#: In which unit the system tells the peak of memory.
_KIBIBYTE = 1024


@dataclass(frozen=True)
class Measured:
    """What a process took: seconds, and megabytes at most at one time."""

    wall: float
    cpu: float
    peak: float


class ProgramFailedError(Exception):
    """A program that was to be measured did not end well."""


def measure(command: Sequence[str], output: Path | None = None) -> Measured:
    """Run a command; its output goes to a file, or nowhere.

    The peak that the system tells is no less than that of this process at the start of the
    other one, so this one must stay small.

    Raises:
        ProgramFailedError: With the end of what it said, if its exit code is not 0.
    """
    with ExitStack() as stack:
        said = stack.enter_context(TemporaryFile())
        sink = stack.enter_context(output.open("wb")) if output else subprocess.DEVNULL
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdout=sink, stderr=said
        )
        guard = threading.Timer(MOST_SECONDS, process.kill)
        guard.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            guard.cancel()
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            ending = said.read()[-2000:].decode(errors="replace")
            message = f"{' '.join(command)} ended with {process.returncode}:\n{ending}"
            raise ProgramFailedError(message)
    return Measured(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=usage.ru_maxrss / _KIBIBYTE,
    )


def _environment() -> dict[str, str]:
    """Keep a developer's own settings and proxies out."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TAP_CLAUDE_ANALYTICS_")
        and not name.lower().endswith("_proxy")
    }


def medians(runs: Sequence[Measured]) -> Measured:
    """Give the median of each figure."""
    figures = zip(*map(astuple, runs), strict=True)
    return Measured(*map(statistics.median, figures))
