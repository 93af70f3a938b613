"""Runs of programs against servers: one after the other in turns, or side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.simulator import FLOOR

from . import needed
from .processes import Measured, measure, medians

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from .commands import Tap
    from .serving import Served

#: Faster than any server here is asked: as if the organisation had no limit.
UNLIMITED = 10_000


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

    def missing(self, *settings: str) -> str | None:
        """Say which of these settings the tap does not know yet; None if it knows all."""
        unknown = [name for name in settings if name not in self.tap.settings]
        return f"this tap has no {' and no '.join(unknown)} yet" if unknown else None

    def first_load(self, counters: Mapping[str, Any], first: date) -> int:
        """Count the requests that a first load of all default streams needs."""
        return needed.first_load(
            counters["rows_per_day"], (self.today - first).days, totals=self.asks_totals
        )

    def daily_run(self, counters: Mapping[str, Any]) -> int:
        """Count the requests that the run of the next day needs."""
        return needed.daily_run(counters["rows_per_day"], totals=self.asks_totals)

    @property
    def asks_totals(self) -> bool:
        """Whether the tap looks for revisions by totals."""
        return "report_revision_check" in self.tap.settings


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
    names = list(subjects)
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            runs[name].append(subjects[name]())
    return {name: _summary(of_one) for name, of_one in runs.items()}


def _summary(runs: Sequence[Run]) -> Run:
    counters = dict(runs[-1].counters)
    for name, value in counters.items():
        if isinstance(value, (int, float)):
            counters[name] = max(run.counters[name] for run in runs)
    return Run(medians(run.measured for run in runs), counters)


def together(subjects: Mapping[str, Callable[[], Run]]) -> dict[str, Run]:
    """Run all subjects at the same time, where it is waiting that takes the time."""
    with ThreadPoolExecutor(len(subjects)) as pool:
        running = {name: pool.submit(subject) for name, subject in subjects.items()}
        return {name: future.result() for name, future in running.items()}
