"""A limit of 600 requests a minute: how near a whole load comes to requests / rate."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.benchmark.commands import plain_loop
from tests.benchmark.runs import run, together
from tests.benchmark.serving import serving
from tests.benchmark.table import Line, Promise, Result
from tests.simulator.limits import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmark.runs import Bench, Run

PER_MINUTE = 600
LATENCY = 2.0
PARALLEL = 32
USERS = 20
#: Days back, for about 1,800 requests, so that the last minute is not all there is.
DAYS = 300
#: The same without latency.
FEWER_DAYS = 150
BOUND = 1.10

#: Requests of the official package, which makes one at a time: fewer where each takes long.
OFFICIAL = {LATENCY: 60, 0.0: 900}


def measure(bench: Bench) -> Result:
    """Load all default streams under each kind of limit, all subjects side by side."""
    if bench.quick:
        return Result(
            title="pace: left out of a quick run, because a limit is one of minutes"
        )
    missing = bench.missing("requests_per_minute", "max_parallel_requests")
    names = {f"(c) tap, {kind}": kind for kind in KINDS}
    subjects: dict[str, Callable[[], Run]] = {
        "(b) official, 2 s": partial(_official, bench, LATENCY),
        "(b) official, 0 s": partial(_official, bench, 0.0),
        "(c) tap, 0 s": partial(_tap, bench, "sliding", 0.0, FEWER_DAYS),
    }
    if not missing:
        for name, kind in names.items():
            subjects[name] = partial(_tap, bench, kind, LATENCY, DAYS)
    runs = together(subjects)
    lines = [
        Line(subject=name, run=of_one, needed=_needed(bench, name, of_one))
        for name, of_one in runs.items()
    ]
    measured = [line for line in lines if line.subject in names]
    return Result(
        title=(
            f"pace: {PER_MINUTE} requests a minute, {LATENCY:g} s latency,"
            f" {PARALLEL} at once"
        ),
        lines=lines,
        promises=_promises(measured, missing),
    )


def _official(bench: Bench, latency: float) -> Run:
    days = OFFICIAL[latency]
    with serving(
        users=USERS, latency=latency, limit="sliding", per_minute=PER_MINUTE
    ) as served:
        first = bench.days_back(DAYS)
        return run(served, plain_loop("official", served.url, first, days))


def _tap(bench: Bench, kind: str, latency: float, days: int) -> Run:
    with serving(users=USERS, latency=latency, limit=kind, per_minute=PER_MINUTE) as served:
        command = bench.tap.command(
            served.url,
            bench.days_back(days),
            requests_per_minute=PER_MINUTE,
            max_parallel_requests=PARALLEL,
        )
        return run(served, command)


def _needed(bench: Bench, name: str, of_one: Run) -> int:
    if "official" in name:
        return OFFICIAL[0.0 if "0 s" in name else LATENCY]
    days = FEWER_DAYS if "0 s" in name else DAYS
    return bench.first_load(of_one.counters, bench.days_back(days))


def _promises(measured: list[Line], missing: str | None) -> list[Promise]:
    ratios = {
        line.subject: line.run.measured.wall * PER_MINUTE / 60 / line.needed
        for line in measured
        if line.needed
    }
    figures = ", ".join(f"{name} {ratio:.3f}" for name, ratio in ratios.items())
    refused = sum(line.run.counters["refused"] for line in measured)
    return [
        Promise(
            text=f"wall time at most {BOUND:.2f} of requests / rate",
            kept=None if missing else max(ratios.values()) <= BOUND,
            figures=missing or figures,
        ),
        Promise(
            text="not one 429 when alone, whatever the kind of limit",
            kept=None if missing else refused == 0,
            figures=missing or f"{refused} refused",
        ),
    ]
