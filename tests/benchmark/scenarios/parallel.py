"""Slow answers: what parallel requests are worth when nothing else holds them back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.benchmark.needed import DELAY_DAYS
from tests.benchmark.runs import plain_run, together
from tests.benchmark.table import Line, Promise, Result

if TYPE_CHECKING:
    from tests.benchmark.runs import Bench, Run

PARALLEL = 8
TIMES = 6
SERVICE = {"users": 100, "latency": 2.0}


def measure(bench: Bench) -> Result:
    """Read the users of some days, one page a day, all subjects side by side."""
    days = 16 if bench.quick else 48

    def loop(program: str) -> Run:
        return plain_run(program, bench.days_back(days), days, SERVICE)

    def tap(at_once: int) -> Run:
        return bench.load(
            bench.days_back(days + DELAY_DAYS - 1),
            SERVICE,
            streams=["user_summaries"],
            max_parallel_requests=at_once,
        )

    runs = together(
        {
            "(c) tap, one at a time": partial(tap, 1),
            f"(c) tap, {PARALLEL} at once": partial(tap, PARALLEL),
            "(a) floor": partial(loop, "floor"),
            "(b) official": partial(loop, "official"),
        }
    )
    records = int(days * SERVICE["users"])
    lines = [Line(name, of_one, records, needed=days) for name, of_one in runs.items()]
    times = lines[1].speed / lines[0].speed
    return Result(
        f"parallel: {SERVICE['latency']:g} s latency, no limit",
        lines,
        [
            Promise(
                f"{PARALLEL} at once at least {TIMES} times as fast as one at a time",
                times >= TIMES,
                f"{times:.2f}",
            )
        ],
    )
