"""Runs of programs against servers: one after the other in turns, or side by side."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.simulator import FLOOR

from . import needed
from .commands import plain_loop
from .processes import Measured, measure, medians
from .serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from .commands import Tap
    from .serving import Served


@dataclass(frozen=True)
class Run:
    """What a program took, and what its server counted."""

    measured: Measured
    counters: Mapping[str, Any]


@dataclass(frozen=True)
class Bench:
    """What all scenarios share: the tap, the size of the run and the day it began on."""

    tap: Tap
    quick: bool

    @cached_property
    def today(self) -> date:
        """The current UTC day, which the tap works from too."""
        return datetime.now(timezone.utc).date()

    def days_back(self, wanted: int) -> date:
        """Give the day so many days before today, or the first that the API has."""
        return max(FLOOR, self.today - timedelta(days=wanted))

    def first_load(self, counters: Mapping[str, Any], first: date) -> int:
        """Count the requests that a first load of all default streams needs."""
        return needed.first_load(counters["rows_per_day"], (self.today - first).days)

    def load(
        self,
        first: date,
        service: Mapping[str, Any],
        output: Path | None = None,
        **options: Any,
    ) -> Run:
        """Run the tap from a day on against a server of its own."""
        with serving(**service) as served:
            return run(served, self.tap.command(served.url, first, **options), output)


def plain_run(program: str, first: date, days: int, service: Mapping[str, Any]) -> Run:
    """Run `floor` or `official` against a server of its own."""
    with serving(**service) as served:
        return run(served, plain_loop(program, served.url, first, days))


def run(served: Served, command: Sequence[str], output: Path | None = None) -> Run:
    """Run a command against a server that nothing else uses."""
    served.counters()
    measured = measure(command, output)
    return Run(measured, served.counters())


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
    return {name: _summary(of_one) for name, of_one in runs.items()}


def _summary(runs: Sequence[Run]) -> Run:
    counters = dict(runs[-1].counters)
    for name in counters.keys() - {"rows_per_day"}:
        counters[name] = max(run.counters[name] for run in runs)
    return Run(medians([run.measured for run in runs]), counters)


def together(subjects: Mapping[str, Callable[[], Run]]) -> dict[str, Run]:
    """Run all subjects at the same time, where it is waiting that takes the time."""
    with ThreadPoolExecutor(len(subjects)) as pool:
        running = {name: pool.submit(subject) for name, subject in subjects.items()}
        return {name: future.result() for name, future in running.items()}
