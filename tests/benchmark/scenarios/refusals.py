"""Other clients use up the limit: every 429 costs its own request and no more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.benchmark.runs import run, together
from tests.benchmark.serving import serving
from tests.benchmark.table import Line, Promise, Result
from tests.benchmark.yesterday import first_day_of_yesterday, state_of_yesterday

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from tests.benchmark.runs import Bench, Run

PER_MINUTE = 600
OTHERS = 480
LATENCY = 0.1
PARALLEL = 8


def measure(bench: Bench) -> Result:
    """Load all default streams from a bucket that others have emptied and keep using."""
    first = bench.days_back(8 if bench.quick else 25)
    runs = together(
        {
            "first load": partial(_load, bench, first, None),
            "daily run": partial(
                _load, bench, first_day_of_yesterday(bench), state_of_yesterday(bench)
            ),
        }
    )
    least = {
        "first load": bench.first_load(runs["first load"].counters, first),
        "daily run": bench.daily_run(runs["daily run"].counters),
    }
    lines = [
        Line(subject=f"(c) tap, {name}", run=of_one, needed=least[name])
        for name, of_one in runs.items()
    ]
    return Result(
        title=(
            f"refusals: {PER_MINUTE} requests a minute, of which others send {OTHERS} and"
            " have sent all at first"
        ),
        lines=lines,
        promises=[_exact(line) for line in lines],
    )


def _load(bench: Bench, first: date, state: Path | None) -> Run:
    with serving(
        users=20,
        latency=LATENCY,
        limit="bucket",
        per_minute=PER_MINUTE,
        others_per_minute=OTHERS,
        others_first=PER_MINUTE,
    ) as served:
        command = bench.tap.command(
            served.url,
            first,
            state=state,
            requests_per_minute=PER_MINUTE,
            max_parallel_requests=PARALLEL,
        )
        return run(served, command)


def _exact(line: Line) -> Promise:
    made, refused = line.run.counters["requests"], line.run.counters["refused"]
    return Promise(
        text="requests made = the minimum + one for every 429 from others",
        # Without a 429 nothing is shown.
        kept=made == (line.needed or 0) + refused if refused else None,
        figures=f"{made} made, {line.needed} needed, {refused} refused",
    )
