"""Other clients use up the limit: every 429 costs its own request and no more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.benchmark import needed
from tests.benchmark.runs import together
from tests.benchmark.table import Line, Promise, Result
from tests.benchmark.yesterday import first_day_of_yesterday, state_of_yesterday

if TYPE_CHECKING:
    from tests.benchmark.runs import Bench

PER_MINUTE = 600
OTHERS = 480
PARALLEL = 8
SERVICE = {
    "users": 20,
    "latency": 0.1,
    "limit": "bucket",
    "per_minute": PER_MINUTE,
    "others_per_minute": OTHERS,
    "others_first": PER_MINUTE,
}


def measure(bench: Bench) -> Result:
    """Load all default streams from a bucket that others have emptied and keep using."""
    load = partial(
        bench.load,
        service=SERVICE,
        requests_per_minute=PER_MINUTE,
        max_parallel_requests=PARALLEL,
    )
    first, yesterday = bench.days_back(8 if bench.quick else 25), state_of_yesterday(bench)
    of_load, of_day = together(
        {
            "first load": partial(load, first),
            "daily run": partial(load, first_day_of_yesterday(bench), state=yesterday),
        }
    ).values()
    lines = [
        Line(
            "(c) tap, first load", of_load, needed=bench.first_load(of_load.counters, first)
        ),
        Line(
            "(c) tap, daily run",
            of_day,
            needed=needed.daily_run(of_day.counters["rows_per_day"]),
        ),
    ]
    return Result(
        f"refusals: {PER_MINUTE} requests a minute, of which others send {OTHERS} and"
        " have sent all at first",
        lines,
        [_exact(line) for line in lines],
    )


def _exact(line: Line) -> Promise:
    made, refused = line.run.counters["requests"], line.run.counters["refused"]
    return Promise(
        "requests made = the minimum + one for every 429 from others",
        # Without a 429 nothing is shown.
        made == (line.needed or 0) + refused if refused else None,
        f"{made} made, {line.needed} needed, {refused} refused",
    )
