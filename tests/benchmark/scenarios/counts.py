"""The number of requests of a first load and of the run of the next day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmark import needed
from tests.benchmark.runs import UNLIMITED, run
from tests.benchmark.serving import serving
from tests.benchmark.table import Line, Promise, Result
from tests.benchmark.yesterday import first_day_of_yesterday, state_of_yesterday

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmark.runs import Bench, Run

#: Five pages of users a day.
USERS = 5000


def _daily_run(bench: Bench, state: Path, check: str) -> Run:
    with serving(users=USERS, report_users=USERS) as served:
        command = bench.tap.command(
            served.url,
            first_day_of_yesterday(bench),
            state=state,
            requests_per_minute=UNLIMITED,
            report_revision_check=check,
        )
        return run(served, command)


def measure(bench: Bench) -> Result:
    """Load everything, then run again with the state of the day before."""
    days_back = 10 if bench.quick else 40
    first = bench.days_back(days_back)
    with serving(users=USERS, report_users=USERS) as served:
        of_load = run(
            served, bench.tap.command(served.url, first, requests_per_minute=UNLIMITED)
        )
    state = state_of_yesterday(bench, report_users=USERS)
    of_day, of_full_day = (_daily_run(bench, state, check) for check in ("totals", "full"))
    lines = [
        Line(
            subject=f"(c) tap, first load of {(bench.today - first).days} days",
            run=of_load,
            needed=bench.first_load(of_load.counters, first),
        ),
        Line(
            subject="(c) tap, daily run",
            run=of_day,
            needed=bench.daily_run(of_day.counters),
        ),
        Line(
            subject="(c) tap, daily run, all days of the lookback",
            run=of_full_day,
            needed=needed.daily_run(of_full_day.counters["rows_per_day"], totals=False),
        ),
    ]
    return Result(
        title=f"counts: {USERS:,} users a day, all default streams",
        lines=lines,
        promises=[
            Promise(
                text="requests made = the minimum that the contract allows",
                kept=all(line.run.counters["requests"] == line.needed for line in lines),
                figures=", ".join(
                    f"{line.run.counters['requests']} of {line.needed}" for line in lines
                ),
            ),
            Promise(
                text="no question asked twice",
                kept=not any(line.run.counters["repeated"] for line in lines),
                figures=f"{sum(line.run.counters['repeated'] for line in lines)} repeated",
            ),
        ],
    )
