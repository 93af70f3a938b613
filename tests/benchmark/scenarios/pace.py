"""A limit of 600 requests a minute: how near a whole load comes to requests / rate."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.benchmark.runs import plain_run, together
from tests.benchmark.table import Line, Promise, Result
from tests.simulator.limits import KINDS

if TYPE_CHECKING:
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
        return Result("pace: left out of a quick run, because a limit is one of minutes")
    names = [f"(c) tap, {kind}" for kind in KINDS]
    # A subject, the days that it reads, and how.
    subjects = {
        "(b) official, 2 s": (OFFICIAL[LATENCY], partial(_official, bench, LATENCY)),
        "(b) official, 0 s": (OFFICIAL[0.0], partial(_official, bench, 0.0)),
        "(c) tap, 0 s": (FEWER_DAYS, partial(_tap, bench, "sliding", 0.0, FEWER_DAYS)),
        **{
            name: (DAYS, partial(_tap, bench, kind, LATENCY, DAYS))
            for name, kind in zip(names, KINDS, strict=True)
        },
    }
    runs = together({name: subject for name, (_, subject) in subjects.items()})
    least = {
        name: days
        if "official" in name
        else bench.first_load(runs[name].counters, bench.days_back(days))
        for name, (days, _) in subjects.items()
    }
    ratios = {
        name: runs[name].measured.wall * PER_MINUTE / 60 / least[name] for name in names
    }
    refused = sum(runs[name].counters["refused"] for name in names)
    return Result(
        f"pace: {PER_MINUTE} requests a minute, {LATENCY:g} s latency, {PARALLEL} at once",
        [Line(name, of_one, needed=least[name]) for name, of_one in runs.items()],
        [
            Promise(
                f"wall time at most {BOUND:.2f} of requests / rate",
                max(ratios.values()) <= BOUND,
                ", ".join(f"{name} {ratio:.3f}" for name, ratio in ratios.items()),
            ),
            Promise(
                "not one 429 when alone, whatever the kind of limit",
                refused == 0,
                f"{refused} refused",
            ),
        ],
    )


def _service(kind: str, latency: float) -> dict[str, object]:
    return {"users": USERS, "latency": latency, "limit": kind, "per_minute": PER_MINUTE}


def _official(bench: Bench, latency: float) -> Run:
    first, days = bench.days_back(DAYS), OFFICIAL[latency]
    return plain_run("official", first, days, _service("sliding", latency))


def _tap(bench: Bench, kind: str, latency: float, days: int) -> Run:
    return bench.load(
        bench.days_back(days),
        _service(kind, latency),
        requests_per_minute=PER_MINUTE,
        max_parallel_requests=PARALLEL,
    )
