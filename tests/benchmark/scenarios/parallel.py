"""Slow answers: what parallel requests are worth when nothing else holds them back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.benchmark.commands import plain_loop
from tests.benchmark.needed import DELAY_DAYS
from tests.benchmark.runs import UNLIMITED, run, together
from tests.benchmark.serving import serving
from tests.benchmark.table import Line, Promise, Result

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.benchmark.runs import Bench, Run
    from tests.benchmark.serving import Served

USERS = 100
LATENCY = 2.0
PARALLEL = 8
TIMES = 6


def _serving() -> AbstractContextManager[Served]:
    return serving(users=USERS, latency=LATENCY)


def measure(bench: Bench) -> Result:
    """Read the users of some days, one page a day, all subjects side by side."""
    days = 16 if bench.quick else 48
    missing = bench.missing("max_parallel_requests")

    def loop(program: str) -> Run:
        with _serving() as served:
            first = bench.days_back(days)
            return run(served, plain_loop(program, served.url, first, days))

    def tap(at_once: int) -> Run:
        with _serving() as served:
            command = bench.tap.command(
                served.url,
                bench.days_back(days + DELAY_DAYS - 1),
                streams=["user_summaries"],
                requests_per_minute=UNLIMITED,
                max_parallel_requests=at_once,
            )
            return run(served, command)

    subjects = {
        "(c) tap, one at a time": partial(tap, 1),
        f"(c) tap, {PARALLEL} at once": partial(tap, PARALLEL),
        "(a) floor": partial(loop, "floor"),
        "(b) official": partial(loop, "official"),
    }
    if missing:
        del subjects[f"(c) tap, {PARALLEL} at once"]
    runs = together(subjects)
    lines = [
        Line(subject=name, run=of_one, records=days * USERS, needed=days)
        for name, of_one in runs.items()
    ]
    times = lines[1].speed / lines[0].speed
    return Result(
        title=f"parallel: {LATENCY:g} s latency, no limit",
        lines=lines,
        promises=[
            Promise(
                text=f"{PARALLEL} at once at least {TIMES} times as fast as one at a time",
                kept=None if missing else times >= TIMES,
                figures=missing or f"{times:.2f}",
            )
        ],
    )
