"""Runs of programs against servers: one after the other in turns, or side by side."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, TypeVar

from tests import ROOT
from tests.simulator import FLOOR

from . import needed
from .server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from .server import Served

_T = TypeVar("_T")

TAP = (sys.executable, "-m", "tap_claude_analytics")
NOWHERE = Path(os.devnull)
#: Faster than any server here is asked: as if the organisation had no limit.
UNLIMITED = 10_000
#: A program that takes longer hangs.
MOST_SECONDS = 1200.0
ACTIVITY = (
    *("org_summaries", "adoption", "user_summaries", "chat_projects", "skills"),
    *("connectors", "plugins", "artifacts", "readings"),
)


class ProgramFailedError(Exception):
    """A program that was to be measured did not end well."""


@dataclass(frozen=True)
class Measured:
    """What a process took: seconds, and mebibytes at most at one time."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Run:
    """What a program took, and what its server counted."""

    measured: Measured
    counters: Mapping[str, Any]


@dataclass(frozen=True)
class Bench:
    """What all scenarios share: the tap and its files, the size of the run and its day."""

    folder: Path
    quick: bool
    _numbers: Iterator[int] = field(default_factory=count)

    @cached_property
    def today(self) -> date:
        """The current UTC day, which the tap works from too."""
        return datetime.now(timezone.utc).date()

    def days_back(self, wanted: int) -> date:
        """Give the day so many days before today, or the first that the API has."""
        return max(FLOOR, self.today - timedelta(days=wanted))

    @property
    def first_day_of_yesterday(self) -> date:
        """Where the run of yesterday began: beyond every lookback."""
        return self.days_back(needed.REPORT_LOOKBACK_DAYS + 10)

    def first_load(self, counters: Mapping[str, Any], first: date) -> int:
        """Count the requests that a first load of all default streams needs."""
        return needed.first_load(counters["rows_per_day"], (self.today - first).days)

    def command(
        self,
        url: str,
        first: date,
        *,
        streams: Sequence[str] = (),
        state: Path | None = None,
        **settings: object,
    ) -> list[str]:
        """Read some streams from a day on, without any the default ones; with no limit."""
        config = {
            "api_key": "sk-ant-api01-benchmark",
            "api_url": url,
            "start_date": first.isoformat(),
            "requests_per_minute": UNLIMITED,
            **settings,
        }
        command = [*TAP, "--config", str(self._write(config))]
        if streams:
            catalog = json.loads(self._discovered)
            for entry in catalog["streams"]:
                for metadata in entry["metadata"]:
                    if not metadata["breadcrumb"]:
                        metadata["metadata"]["selected"] = entry["stream"] in streams
            command += ["--catalog", str(self._write(catalog))]
        return [*command, "--state", str(state)] if state else command

    @cached_property
    def _discovered(self) -> str:
        return subprocess.run(
            [*TAP, "--discover"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    def new_file(self) -> Path:
        """Give the path of a new file."""
        return self.folder / f"{next(self._numbers)}.json"

    def _write(self, content: object) -> Path:
        path = self.new_file()
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def load(
        self,
        first: date,
        service: Mapping[str, Any],
        output: Path = NOWHERE,
        **options: Any,
    ) -> Run:
        """Run the tap from a day on against a server of its own."""
        with serving(**service) as served:
            return run(served, self.command(served.url, first, **options), output)

    def last_state(self, output: Path) -> Path:
        """Write the last state of an output to a file of its own."""
        last = b'{"value": {}}'
        with output.open("rb") as lines:
            for line in lines:
                if re.match(rb'{"type":\s*"STATE"', line):
                    last = line
        return self._write(json.loads(last)["value"])

    def state_of_yesterday(self, **organisation: Any) -> Path:
        """Make the state that a run of yesterday would have left.

        The tap's clock cannot be turned back. Engagement can end a day earlier; usage and
        cost are served as they were gathered a day ago, so that yesterday is incomplete.
        """
        youngest = self.today - timedelta(days=1 + needed.DELAY_DAYS)
        output, state = self.new_file(), None
        with serving(stale_days=1, **organisation) as served:
            for streams, settings in (
                (ACTIVITY, {"end_date": youngest.isoformat()}),
                ((*needed.REPORTS, "readings"), {}),
            ):
                command = self.command(
                    served.url,
                    self.first_day_of_yesterday,
                    streams=streams,
                    state=state,
                    **settings,
                )
                run(served, command, output)
                state = self.last_state(output)
        return state or output


def plain_loop(program: str, url: str, first: date, days: int) -> list[str]:
    """Read the users of so many days with `floor` or `official`."""
    module = f"tests.benchmark.{program}"
    return [sys.executable, "-m", module, url, first.isoformat(), str(days)]


def plain_run(program: str, first: date, days: int, service: Mapping[str, Any]) -> Run:
    """Run `floor` or `official` against a server of its own."""
    with serving(**service) as served:
        return run(served, plain_loop(program, served.url, first, days))


def run(served: Served, command: Sequence[str], output: Path = NOWHERE) -> Run:
    """Run a command against a server that nothing else uses."""
    served.counters()
    measured = measure(command, output)
    return Run(measured, served.counters())


def measure(command: Sequence[str], output: Path) -> Measured:
    """Run a command to its end, without a developer's own settings and proxies.

    The peak that the system tells is no less than that of this process at the start of the
    other one, so this one must stay small.

    Raises:
        ProgramFailedError: With the end of what it said, if its exit code is not 0.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TAP_CLAUDE_ANALYTICS_")
        and not name.lower().endswith("_proxy")
    }
    with TemporaryFile() as said, output.open("wb") as sink:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=sink, stderr=said
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
    # The system tells the peak of memory in kibibytes.
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turns(subjects: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, Run]:
    """Run each subject so many times, beginning with another one in every round.

    Returns:
        Medians of what was measured, and the largest of what was counted.
    """
    runs: dict[str, list[Run]] = {name: [] for name in subjects}
    names = deque(subjects)
    for _ in range(rounds):
        for name in names:
            runs[name].append(subjects[name]())
        names.rotate(-1)
    results = {}
    for name, of_one in runs.items():
        figures = zip(*(astuple(run.measured) for run in of_one), strict=True)
        counters = dict(of_one[-1].counters)
        for counter in counters.keys() - {"rows_per_day"}:
            counters[counter] = max(run.counters[counter] for run in of_one)
        results[name] = Run(Measured(*map(statistics.median, figures)), counters)
    return results


def together(subjects: Iterable[Callable[[], _T]]) -> list[_T]:
    """Run all subjects at the same time, where it is waiting that takes the time."""
    with ThreadPoolExecutor(max_workers=32) as pool:
        running = [pool.submit(subject) for subject in subjects]
        return [future.result() for future in running]
