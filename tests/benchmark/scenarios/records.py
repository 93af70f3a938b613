"""Records per second with neither a limit nor latency: what a record costs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.benchmark.commands import plain_loop
from tests.benchmark.needed import DELAY_DAYS, pages
from tests.benchmark.runs import in_turns, run
from tests.benchmark.serving import serving
from tests.benchmark.table import Line, Promise, Result

if TYPE_CHECKING:
    from tests.benchmark.runs import Bench
    from tests.benchmark.serving import Served

USERS = 2000
OF_FLOOR = 0.5
TIMES_OFFICIAL = 8
OF_UNMASKED = 0.9
SUBJECTS = (
    "(a) floor",
    "(b) official",
    "(c) tap",
    "(d) tap, personal data hashed",
)
MASKED: dict[str, Any] = {
    "personal_data": "hash",
    "personal_data_salt": "salt of a benchmark",
}


def measure(bench: Bench) -> Result:
    """Read the users of some days; the official package gets fewer days of its own."""
    # A first load, so that what it takes to start does not count for much.
    days, official_days, rounds = (60, 2, 1) if bench.quick else (300, 6, 3)
    with serving(users=USERS) as served:
        _check_output(bench, served)
        commands = _commands(bench, served, days, official_days)
        runs = in_turns(
            {
                name: partial(run, served, command)
                for name, command in zip(SUBJECTS, commands, strict=True)
            },
            rounds,
        )
    lines = []
    for name, of_one in runs.items():
        read = official_days if "official" in name else days
        lines.append(Line(name, of_one, USERS * read, pages(USERS) * read))
    a, b, c, d = lines
    return Result(
        f"records: {USERS:,} users a day, no latency, no limit",
        lines,
        [
            Promise(
                f"at least {OF_FLOOR} of the floor's records a second",
                c.speed >= OF_FLOOR * a.speed,
                _ratios(c, a),
            ),
            Promise(
                f"at least {TIMES_OFFICIAL} times those of the official package",
                c.speed >= TIMES_OFFICIAL * b.speed,
                _ratios(c, b),
            ),
            Promise(
                f"at least {OF_UNMASKED} of them with personal data hashed",
                d.speed >= OF_UNMASKED * c.speed,
                _ratios(d, c),
            ),
        ],
    )


def _ratios(one: Line, other: Line) -> str:
    """Compare speeds; by CPU time too, which other work on the machine disturbs less."""
    effort = [line.run.measured.cpu / (line.records or 1) for line in (one, other)]
    return f"{one.speed / other.speed:.2f}, by CPU time {effort[1] / effort[0]:.2f}"


def _commands(
    bench: Bench, served: Served, days: int, official_days: int
) -> list[list[str]]:
    """Read so many days up to the youngest one the tap reads, as each subject does."""
    first = bench.days_back(days + DELAY_DAYS - 1)
    return [
        plain_loop("floor", served.url, first, days),
        plain_loop("official", served.url, first, official_days),
        bench.tap.command(served.url, first, streams=["user_summaries"]),
        bench.tap.command(served.url, first, streams=["user_summaries"], **MASKED),
    ]


def _check_output(bench: Bench, served: Served) -> None:
    """Let every subject write two days to a file, and count the rows in it.

    Raises:
        ValueError: If one of them does not write what it is measured for.
    """
    for name, command in zip(SUBJECTS, _commands(bench, served, 2, 2), strict=True):
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
