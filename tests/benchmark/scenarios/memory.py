"""Peak memory, which must depend neither on users nor on days, at default settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.benchmark.needed import DELAY_DAYS, pages
from tests.benchmark.runs import UNLIMITED, run, together
from tests.benchmark.serving import serving
from tests.benchmark.table import Line, Promise, Result

if TYPE_CHECKING:
    from tests.benchmark.runs import Bench, Run

MOST = 150
MOST_PARALLEL = 32
#: Noise of a heap; a page of a thousand rows takes much more.
SAME = 1.15


@dataclass(frozen=True)
class Load:
    """How much a stream reads: `users` are rows of a day, or accounts behind a report.

    `at_once` is how many requests run in parallel; None for the default.
    """

    stream: str
    users: int
    days: int
    at_once: int | None = None

    @property
    def name(self) -> str:
        """Say it in a table."""
        text = f"(c) {self.stream}: {self.users:,} users, {self.days} days"
        return text if self.at_once is None else f"{text}, {self.at_once} at once"

    def run(self, bench: Bench) -> Run:
        """Read all of it."""
        engaged = self.stream == "user_summaries"
        size = {"users": self.users} if engaged else {"report_users": self.users}
        first = bench.days_back(self.days - 1 + (DELAY_DAYS if engaged else 0))
        with serving(**size) as served:
            command = bench.tap.command(
                served.url,
                first,
                streams=[self.stream],
                requests_per_minute=UNLIMITED,
                max_parallel_requests=self.at_once,
            )
            return run(served, command)

    def line(self, of_one: Run) -> Line:
        """Tell what was read."""
        if self.stream == "user_summaries":
            needed = self.days * pages(self.users)
            records = self.days * self.users
            return Line(subject=self.name, run=of_one, records=records, needed=needed)
        rows = of_one.counters["rows_per_day"][f"{self.stream} by actor, product, model"]
        return Line(subject=self.name, run=of_one, records=self.days * rows)


def measure(bench: Bench) -> Result:
    """Read few and many users, for few and many days, two loads at a time."""
    many_days, large_days = (60, 2) if bench.quick else (300, 10)
    missing = bench.missing("max_parallel_requests")
    loads = [
        Load("user_summaries", 1000, 30),
        Load("user_summaries", 1000, many_days),
        Load("user_summaries", 20_000, large_days),
        # As many rows, or the few would not fill what may wait.
        Load("usage", 1000, 60),
        Load("usage", 20_000, 3),
    ]
    if not missing:
        loads.append(Load("user_summaries", 20_000, large_days, at_once=MOST_PARALLEL))
    runs: dict[str, Run] = {}
    for start in range(0, len(loads), 2):
        pair = loads[start : start + 2]
        runs |= together({load.name: partial(load.run, bench) for load in pair})
    lines = [load.line(runs[load.name]) for load in loads]
    *peaks, most = [line.run.measured.peak for line in lines]
    if missing:
        peaks.append(most)
    return Result(
        title="memory: no latency, no limit",
        lines=lines,
        promises=[
            Promise(
                text=f"peak memory under {MOST} MB",
                kept=max(peaks) < MOST,
                figures=f"{max(peaks):.0f} MB",
            ),
            Promise(
                text=f"and with {MOST_PARALLEL} requests at once",
                kept=None if missing else most < MOST,
                figures=missing or f"{most:.0f} MB",
            ),
            _same("30 days", f"{many_days} days", peaks[0], peaks[1]),
            _same("1,000 users", "20,000 a day", peaks[0], peaks[2]),
            _same("1,000 users", "20,000 behind usage", peaks[3], peaks[4]),
        ],
    )


def _same(few: str, many: str, small: float, large: float) -> Promise:
    return Promise(
        text=f"the same for {few} as for {many}",
        kept=large <= SAME * small,
        figures=f"{small:.0f} and {large:.0f} MB",
    )
