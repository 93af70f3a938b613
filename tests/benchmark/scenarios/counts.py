"""The number of requests of a first load and of the run of the next day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmark import needed
from tests.benchmark.table import Line, Promise, Result
from tests.benchmark.yesterday import first_day_of_yesterday, state_of_yesterday

if TYPE_CHECKING:
    from tests.benchmark.runs import Bench

#: Five pages of users a day.
USERS = 5000
SERVICE = {"users": USERS, "report_users": USERS}


def measure(bench: Bench) -> Result:
    """Load everything, then run again with the state of the day before."""
    first = bench.days_back(10 if bench.quick else 40)
    of_load = bench.load(first, SERVICE)
    state = state_of_yesterday(bench, report_users=USERS)
    of_day, of_full_day = (
        bench.load(
            first_day_of_yesterday(bench), SERVICE, state=state, report_revision_check=check
        )
        for check in ("totals", "full")
    )
    rows = of_load.counters["rows_per_day"]
    lines = [
        Line(
            f"(c) tap, first load of {(bench.today - first).days} days",
            of_load,
            needed=bench.first_load(of_load.counters, first),
        ),
        Line("(c) tap, daily run", of_day, needed=needed.daily_run(rows)),
        Line(
            "(c) tap, daily run, all days of the lookback",
            of_full_day,
            needed=needed.daily_run(rows, totals=False),
        ),
    ]
    repeated = sum(line.run.counters["repeated"] for line in lines)
    return Result(
        f"counts: {USERS:,} users a day, all default streams",
        lines,
        [
            Promise(
                "requests made = the minimum that the contract allows",
                all(line.run.counters["requests"] == line.needed for line in lines),
                ", ".join(
                    f"{line.run.counters['requests']} of {line.needed}" for line in lines
                ),
            ),
            Promise("no question asked twice", not repeated, f"{repeated} repeated"),
        ],
    )
