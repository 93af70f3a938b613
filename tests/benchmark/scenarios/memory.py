"""Peak memory, which must depend neither on users nor on days, at default settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.benchmark.needed import DELAY_DAYS, DETAIL, pages, report_name
from tests.benchmark.runs import together
from tests.benchmark.table import Line, Promise, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.benchmark.runs import Bench, Run

MOST = 150
MOST_PARALLEL = 32
PARALLEL = {"max_parallel_requests": MOST_PARALLEL}
#: Noise of a heap; a page of a thousand rows takes much more.
SAME = 1.15


@dataclass(frozen=True)
class Load:
    """How much a stream reads: `users` are rows of a day, or accounts behind a report."""

    stream: str
    users: int
    days: int
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Say it in a table."""
        text = f"(c) {self.stream}: {self.users:,} users, {self.days} days"
        return f"{text}, {MOST_PARALLEL} at once" if self.settings else text

    def run(self, bench: Bench) -> Run:
        """Read all of it."""
        engaged = self.stream == "user_summaries"
        size = {"users": self.users} if engaged else {"report_users": self.users}
        first = bench.days_back(self.days - 1 + (DELAY_DAYS if engaged else 0))
        return bench.load(first, size, streams=[self.stream], **self.settings)

    def line(self, of_one: Run) -> Line:
        """Tell what was read."""
        if self.stream == "user_summaries":
            needed = self.days * pages(self.users)
            records = self.days * self.users
            return Line(self.name, of_one, records, needed)
        rows = of_one.counters["rows_per_day"][report_name(self.stream, DETAIL)]
        return Line(self.name, of_one, self.days * rows)


def measure(bench: Bench) -> Result:
    """Read few and many users, for few and many days, two loads at a time."""
    many_days, large_days = (60, 2) if bench.quick else (300, 10)
    loads = [
        Load("user_summaries", 1000, 30),
        Load("user_summaries", 1000, many_days),
        Load("user_summaries", 20_000, large_days),
        # As many rows, or the few would not fill what may wait.
        Load("usage", 1000, 60),
        Load("usage", 20_000, 3),
        Load("user_summaries", 20_000, large_days, PARALLEL),
    ]
    runs: dict[str, Run] = {}
    for start in range(0, len(loads), 2):
        pair = loads[start : start + 2]
        runs |= together({load.name: partial(load.run, bench) for load in pair})
    lines = [load.line(runs[load.name]) for load in loads]
    *peaks, most = [line.run.measured.peak for line in lines]
    return Result(
        "memory: no latency, no limit",
        lines,
        [
            Promise(
                f"peak memory under {MOST} MB", max(peaks) < MOST, f"{max(peaks):.0f} MB"
            ),
            Promise(
                f"and with {MOST_PARALLEL} requests at once", most < MOST, f"{most:.0f} MB"
            ),
            _same("30 days", f"{many_days} days", peaks[0], peaks[1]),
            _same("1,000 users", "20,000 a day", peaks[0], peaks[2]),
            _same("1,000 users", "20,000 behind usage", peaks[3], peaks[4]),
        ],
    )


def _same(few: str, many: str, small: float, large: float) -> Promise:
    return Promise(
        f"the same for {few} as for {many}",
        large <= SAME * small,
        f"{small:.0f} and {large:.0f} MB",
    )
