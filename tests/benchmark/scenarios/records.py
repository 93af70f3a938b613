"""Records per second with neither a limit nor latency: what a record costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmark.commands import plain_loop
from tests.benchmark.needed import DELAY_DAYS, pages
from tests.benchmark.runs import UNLIMITED, in_turns, run
from tests.benchmark.serving import serving
from tests.benchmark.table import Line, Promise, Result

if TYPE_CHECKING:
    from datetime import date

    from tests.benchmark.runs import Bench
    from tests.benchmark.serving import Served

USERS = 2000
OF_FLOOR = 0.5
TIMES_OFFICIAL = 8
OF_UNMASKED = 0.9
MASKED = {"personal_data": "hash", "personal_data_salt": "salt of a benchmark"}


def measure(bench: Bench) -> Result:
    """Read the users of some days; the official package gets fewer days of its own."""
    # A first load, so that what it takes to start does not count for much.
    days, official_days, rounds = (60, 2, 1) if bench.quick else (300, 6, 3)
    with serving(users=USERS) as served:
        _check_output(bench, served)
        first = _first(bench, days)
        floor = plain_loop("floor", served.url, first, days)
        official = plain_loop("official", served.url, first, official_days)
        tap = _tap(bench, served, days)
        masked = _tap(bench, served, days, **MASKED)
        runs = in_turns(
            {
                "(a) floor": lambda: run(served, floor),
                "(b) official": lambda: run(served, official),
                "(c) tap": lambda: run(served, tap),
                "(d) tap, personal data hashed": lambda: run(served, masked),
            },
            rounds,
        )
    lines = [
        Line(
            subject=name,
            run=of_one,
            records=USERS * (official_days if "official" in name else days),
            needed=pages(USERS) * (official_days if "official" in name else days),
        )
        for name, of_one in runs.items()
    ]
    a, b, c, d = lines
    return Result(
        title=f"records: {USERS:,} users a day, no latency, no limit",
        lines=lines,
        promises=[
            Promise(
                text=f"at least {OF_FLOOR} of the floor's records a second",
                kept=c.speed >= OF_FLOOR * a.speed,
                figures=_ratios(c, a),
            ),
            Promise(
                text=f"at least {TIMES_OFFICIAL} times those of the official package",
                kept=c.speed >= TIMES_OFFICIAL * b.speed,
                figures=_ratios(c, b),
            ),
            Promise(
                text=f"at least {OF_UNMASKED} of them with personal data hashed",
                kept=d.speed >= OF_UNMASKED * c.speed,
                figures=_ratios(d, c),
            ),
        ],
    )


def _ratios(one: Line, other: Line) -> str:
    """Compare speeds; by CPU time too, which other work on the machine disturbs less."""
    effort = [line.run.measured.cpu / (line.records or 1) for line in (one, other)]
    return f"{one.speed / other.speed:.2f}, by CPU time {effort[1] / effort[0]:.2f}"


def _first(bench: Bench, days: int) -> date:
    """Give the first of so many days that end with the youngest one the tap reads."""
    return bench.days_back(days + DELAY_DAYS - 1)


def _tap(bench: Bench, served: Served, days: int, **settings: Any) -> list[str]:
    return bench.tap.command(
        served.url,
        _first(bench, days),
        streams=["user_summaries"],
        requests_per_minute=UNLIMITED,
        **settings,
    )


def _check_output(bench: Bench, served: Served) -> None:
    """Let every subject write two days to a file, and count the rows in it.

    Raises:
        ValueError: If one of them does not write what it is measured for.
    """
    first = _first(bench, 2)
    for name, command in (
        ("floor", plain_loop("floor", served.url, first, 2)),
        ("official", plain_loop("official", served.url, first, 2)),
        ("tap", _tap(bench, served, 2)),
        ("masked tap", _tap(bench, served, 2, **MASKED)),
    ):
        output = bench.tap.output_file()
        run(served, command, output)
        with output.open("rb") as lines:
            count = sum(
                b'"chat_metrics"' in line and b'"SCHEMA"' not in line for line in lines
            )
        output.unlink()
        if count != 2 * USERS:
            message = f"{name} wrote {count} rows of {2 * USERS}"
            raise ValueError(message)
