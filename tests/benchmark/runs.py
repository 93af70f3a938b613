"""Runs of programs against servers: one after the other in turns, or side by side."""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar
from uuid import uuid4

from tests import ROOT, fake_clock
from tests.simulator import FLOOR

from . import needed
from .server import Counters, counters, serving

_T = TypeVar("_T")

TAP = (sys.executable, "-m", "tap_claude_analytics")
NOWHERE = Path(os.devnull)


@dataclass(kw_only=True)
class Run(Counters):
    """What a program took, and what its server counted."""

    wall: float  # seconds
    cpu: float  # seconds
    peak: float  # mebibytes at most at one time
    rows_per_day: Mapping[str, int]


#: How the figures of runs become those of one: of what is counted, the worst counts.
COMBINED: dict[str, Callable[[Iterable[Any]], Any]] = {
    **dict.fromkeys(("wall", "cpu", "peak"), statistics.median),
    **dict.fromkeys((field.name for field in fields(Counters)), max),
}


@dataclass(frozen=True)
class Bench:
    """What all scenarios share: the tap and its files, the size of the run and its day."""

    folder: Path
    quick: bool

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

    def first_load(self, run: Run, first: date) -> int:
        """Count the requests that a first load of all default streams needs."""
        return needed.first_load(run.rows_per_day, (self.today - first).days)

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
            # Faster than any server here is asked: as if the organisation had no limit.
            "requests_per_minute": 10_000,
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
    def _discovered(self) -> bytes:
        return subprocess.check_output(
            [*TAP, "--discover"], cwd=ROOT, stderr=subprocess.DEVNULL
        )

    def new_file(self) -> Path:
        """Give the path of a new file."""
        return self.folder / f"{uuid4()}.json"

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
        with serving(**service) as url:
            return run(url, self.command(url, first, **options), output)

    def state_of_yesterday(self, **organisation: Any) -> Path:
        """Make the state that a run at this time of yesterday would have left.

        Usage and cost were gathered up to its midnight, so that yesterday is incomplete.
        """
        yesterday, output = datetime.now(timezone.utc) - timedelta(days=1), self.new_file()
        with serving(stale_days=1, **organisation) as url:
            command = self.command(url, self.first_day_of_yesterday)
            run(url, command, output, fake_clock.at(yesterday))
        return self.last_state(output)

    def last_state(self, output: Path) -> Path:
        """Write the last state of an output to a file of its own."""
        with output.open("rb") as lines:
            states = [line for line in lines if re.match(rb'{"type":\s*"STATE"', line)]
        return self._write(json.loads(states[-1])["value"])


def plain_loop(program: str, url: str, first: date, days: int) -> list[str]:
    """Read the users of so many days with `floor` or `official`."""
    dates = (str(first + timedelta(days=number)) for number in range(days))
    return [sys.executable, "-m", f"tests.benchmark.{program}", url, *dates]


def plain_run(program: str, first: date, days: int, service: Mapping[str, Any]) -> Run:
    """Run `floor` or `official` against a server of its own."""
    with serving(**service) as url:
        return run(url, plain_loop(program, url, first, days))


def run(
    url: str,
    command: Sequence[str],
    output: Path = NOWHERE,
    variables: Mapping[str, str] = os.environ,
) -> Run:
    """Run a command to its end against a server that nothing else uses.

    It has none of a developer's own settings and proxies. The peak that the system tells
    is no less than that of this process at the start of the other one, so this one must
    stay small.

    Raises:
        RuntimeError: With the end of what it said, if its exit code is not 0.
    """
    environment = {
        name: value
        for name, value in variables.items()
        if not name.startswith("TAP_CLAUDE_ANALYTICS_")
        and not name.lower().endswith("_proxy")
    }
    counters(url)
    with TemporaryFile() as said, output.open("wb") as sink:
        started = time.perf_counter()
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=sink, stderr=said
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        if process.returncode:
            said.seek(0)
            ending = said.read()[-2000:].decode(errors="replace")
            message = f"{' '.join(command)} ended with {process.returncode}:\n{ending}"
            raise RuntimeError(message)
    # The system tells the peak of memory in kibibytes.
    cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    return Run(wall=wall, cpu=cpu, peak=peak, **counters(url))


def in_turns(subjects: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, Run]:
    """Run each subject so many times, beginning with another one in every round."""
    runs: dict[str, list[Run]] = {name: [] for name in subjects}
    names = deque(subjects)
    for _ in range(rounds):
        for name in names:
            runs[name].append(subjects[name]())
        names.rotate(-1)
    return {
        name: replace(
            of_one[0],
            **{
                figure: combine(getattr(run, figure) for run in of_one)
                for figure, combine in COMBINED.items()
            },
        )
        for name, of_one in runs.items()
    }


def together(subjects: Iterable[Callable[[], _T]]) -> list[_T]:
    """Run all subjects at the same time, where it is waiting that takes the time."""
    with ThreadPoolExecutor(max_workers=32) as pool:
        running = [pool.submit(subject) for subject in subjects]
        return [future.result() for future in running]
