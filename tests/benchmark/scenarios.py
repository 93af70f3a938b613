"""What is run, by name, and which promise each result keeps or breaks."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.simulator.limits import KINDS

from . import needed
from .needed import DELAY_DAYS, pages
from .runs import in_turns, plain_loop, plain_run, run, together
from .server import serving
from .table import Line, Promise, Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .runs import Bench
    from .server import Served

PER_MINUTE = 600
USER_SUMMARIES = ["user_summaries"]


def records(bench: Bench) -> Result:
    """Records per second with neither a limit nor latency: what a record costs."""
    users, official = 2000, "(b) official"
    # A first load, so that what it takes to start does not count for much.
    days, official_days, rounds = (60, 2, 1) if bench.quick else (300, 6, 3)

    def commands(served: Served, days: int, official_days: int) -> dict[str, list[str]]:
        """Read so many days up to the youngest one the tap reads, as each subject does."""
        first = bench.days_back(days + DELAY_DAYS - 1)
        tap = partial(bench.command, served.url, first, streams=USER_SUMMARIES)
        return {
            "(a) floor": plain_loop("floor", served.url, first, days),
            official: plain_loop("official", served.url, first, official_days),
            "(c) tap": tap(),
            "(d) tap, personal data hashed": tap(
                personal_data="hash", personal_data_salt="salt of a benchmark"
            ),
        }

    with serving(users=users) as served:
        for name, command in commands(served, 2, 2).items():
            _check_output(bench, served, name, command, 2 * users)
        subjects = {
            name: partial(run, served, command)
            for name, command in commands(served, days, official_days).items()
        }
        runs = in_turns(subjects, rounds)
    a, b, c, d = lines = [
        Line(name, of_one, users * read, pages(users) * read)
        for name, of_one in runs.items()
        for read in [official_days if name == official else days]
    ]
    return Result(
        f"records: {users:,} users a day, no latency, no limit",
        lines,
        [
            _ratio(c, a, 0.5, "of the floor's records a second"),
            _ratio(c, b, 8, "times those of the official package"),
            _ratio(d, c, 0.9, "of them with personal data hashed"),
        ],
    )


def _ratio(one: Line, other: Line, least: float, text: str) -> Promise:
    """Compare speeds; by CPU time too, which other work on the machine disturbs less."""
    effort = [line.run.measured.cpu / (line.records or 1) for line in (one, other)]
    speed = one.speed / other.speed
    figures = f"{speed:.2f}, by CPU time {effort[1] / effort[0]:.2f}"
    return Promise(f"at least {least} {text}", speed >= least, figures)


def _check_output(
    bench: Bench, served: Served, name: str, command: list[str], expected: int
) -> None:
    """Let a subject write to a file, and check that it writes what it is measured for."""
    output = bench.new_file()
    run(served, command, output)
    with output.open("rb") as lines:
        count = sum(b'"chat_metrics"' in line and b'"SCHEMA"' not in line for line in lines)
    output.unlink()
    if count != expected:
        message = f"{name} wrote {count} rows of {expected}"
        raise ValueError(message)


def parallel(bench: Bench) -> Result:
    """Slow answers: what parallel requests are worth when nothing else holds them back."""
    at_once, least, users = 8, 6, 100
    days = 16 if bench.quick else 48
    service = {"users": users, "latency": 2.0}
    loop = partial(plain_run, first=bench.days_back(days), days=days, service=service)
    tap = partial(
        bench.load, bench.days_back(days + DELAY_DAYS - 1), service, streams=USER_SUMMARIES
    )
    subjects = {
        "(c) tap, one at a time": partial(tap, max_parallel_requests=1),
        f"(c) tap, {at_once} at once": partial(tap, max_parallel_requests=at_once),
        "(a) floor": partial(loop, "floor"),
        "(b) official": partial(loop, "official"),
    }
    lines = [
        Line(name, of_one, days * users, needed=days)
        for name, of_one in zip(subjects, together(subjects.values()), strict=True)
    ]
    times = lines[1].speed / lines[0].speed
    text = f"{at_once} at once at least {least} times as fast as one at a time"
    return Result(
        f"parallel: {service['latency']:g} s latency, no limit",
        lines,
        [Promise(text, times >= least, f"{times:.2f}")],
    )


def pace(bench: Bench) -> Result:
    """A limit of 600 requests a minute: how near a whole load comes to requests / rate."""
    if bench.quick:
        return Result("pace: left out of a quick run, because a limit is one of minutes")
    # About 1,800 requests, so that the last minute is not all there is.
    latency, at_once, days, bound = 2.0, 32, 300, 1.10

    def service(kind: str, latency: float) -> dict[str, object]:
        return {"users": 20, "latency": latency, "limit": kind, "per_minute": PER_MINUTE}

    def official(latency: float, requests: int) -> Line:
        """Read one page a day, one at a time: fewer days where each takes long."""
        of_one = plain_run(
            "official", bench.days_back(days), requests, service("sliding", latency)
        )
        return Line(f"(b) official, {latency:g} s", of_one, needed=requests)

    def tap(name: str, kind: str, latency: float, days: int) -> Line:
        first = bench.days_back(days)
        of_one = bench.load(
            first,
            service(kind, latency),
            requests_per_minute=PER_MINUTE,
            max_parallel_requests=at_once,
        )
        least = bench.first_load(of_one.counters, first)
        return Line(f"(c) tap, {name}", of_one, needed=least)

    others = [
        partial(official, latency, 60),
        partial(official, 0.0, 900),
        partial(tap, "0 s", "sliding", 0.0, days // 2),
    ]
    limited = [partial(tap, kind, kind, latency, days) for kind in KINDS]
    lines = together([*others, *limited])
    ratios = {
        line.subject: line.run.measured.wall * PER_MINUTE / 60 / (line.needed or 1)
        for line in lines[len(others) :]
    }
    refused = sum(line.run.counters["refused"] for line in lines[len(others) :])
    return Result(
        f"pace: {PER_MINUTE} requests a minute, {latency:g} s latency, {at_once} at once",
        lines,
        [
            Promise(
                f"wall time at most {bound:.2f} of requests / rate",
                max(ratios.values()) <= bound,
                ", ".join(f"{name} {ratio:.3f}" for name, ratio in ratios.items()),
            ),
            Promise(
                "not one 429 when alone, whatever the kind of limit",
                refused == 0,
                f"{refused} refused",
            ),
        ],
    )


def refusals(bench: Bench) -> Result:
    """Other clients use up the limit: every 429 costs its own request and no more."""
    others = 480
    # A bucket that others have emptied and keep using.
    service = {
        "users": 20,
        "latency": 0.1,
        "limit": "bucket",
        "per_minute": PER_MINUTE,
        "others_per_minute": others,
        "others_first": PER_MINUTE,
    }
    load = partial(
        bench.load, service=service, requests_per_minute=PER_MINUTE, max_parallel_requests=8
    )
    first, yesterday = bench.days_back(8 if bench.quick else 25), bench.state_of_yesterday()
    of_load, of_day = together(
        [partial(load, first), partial(load, bench.first_day_of_yesterday, state=yesterday)]
    )
    least = bench.first_load(of_load.counters, first)
    least_of_day = needed.daily_run(of_day.counters["rows_per_day"])
    lines = [
        Line("(c) tap, first load", of_load, needed=least),
        Line("(c) tap, daily run", of_day, needed=least_of_day),
    ]
    return Result(
        f"refusals: {PER_MINUTE} requests a minute, of which others send {others} and"
        " have sent all at first",
        lines,
        [
            Promise(
                "requests made = the minimum + one for every 429 from others",
                # Without a 429 nothing is shown.
                made == (line.needed or 0) + refused if refused else None,
                f"{made} made, {line.needed} needed, {refused} refused",
            )
            for line in lines
            for made in [line.run.counters["requests"]]
            for refused in [line.run.counters["refused"]]
        ],
    )


def counts(bench: Bench) -> Result:
    """The number of requests of a first load and of the run of the next day."""
    users = 5000  # five pages a day
    service = {"users": users, "report_users": users}
    first = bench.days_back(10 if bench.quick else 40)
    of_load = bench.load(first, service)
    state = bench.state_of_yesterday(report_users=users)
    of_day, of_full_day = (
        bench.load(
            bench.first_day_of_yesterday, service, state=state, report_revision_check=check
        )
        for check in ("totals", "full")
    )
    least = bench.first_load(of_load.counters, first)
    daily = partial(needed.daily_run, of_load.counters["rows_per_day"])
    back = (bench.today - first).days
    of_lookback = "(c) tap, daily run, all days of the lookback"
    lines = [
        Line(f"(c) tap, first load of {back} days", of_load, needed=least),
        Line("(c) tap, daily run", of_day, needed=daily()),
        Line(of_lookback, of_full_day, needed=daily(totals=False)),
    ]
    made = [(line.run.counters["requests"], line.needed) for line in lines]
    repeated = sum(line.run.counters["repeated"] for line in lines)
    return Result(
        f"counts: {users:,} users a day, all default streams",
        lines,
        [
            Promise(
                "requests made = the minimum that the contract allows",
                all(requests == least for requests, least in made),
                ", ".join(f"{requests} of {least}" for requests, least in made),
            ),
            Promise("no question asked twice", not repeated, f"{repeated} repeated"),
        ],
    )


def memory(bench: Bench) -> Result:
    """Peak memory, which must depend neither on users nor on days, at default settings."""
    many_days, large_days = (60, 2) if bench.quick else (300, 10)
    megabytes, at_once = 150, 32

    def load(stream: str, users: int, days: int, **settings: Any) -> Line:
        """Read so many rows of users a day, or the usage of so many accounts."""
        of_users = stream == "user_summaries"
        first = bench.days_back(days - 1 + (DELAY_DAYS if of_users else 0))
        size = {"users" if of_users else "report_users": users}
        of_one = bench.load(first, size, streams=[stream], **settings)
        usage = needed.report_name("usage", needed.DETAIL)
        rows = users if of_users else of_one.counters["rows_per_day"][usage]
        parallel = f", {at_once} at once" if settings else ""
        return Line(
            f"(c) {stream}: {users:,} users, {days} days{parallel}",
            of_one,
            days * rows,
            days * pages(users) if of_users else None,
        )

    of_users = partial(load, "user_summaries")
    pairs = [
        (partial(of_users, 1000, 30), partial(of_users, 1000, many_days)),
        # As many rows of usage, or the few would not fill what may wait.
        (partial(of_users, 20_000, large_days), partial(load, "usage", 1000, 60)),
        (
            partial(load, "usage", 20_000, 3),
            partial(of_users, 20_000, large_days, max_parallel_requests=at_once),
        ),
    ]
    lines = [line for pair in pairs for line in together(pair)]
    *peaks, most = [line.run.measured.peak for line in lines]

    def same(few: str, many: str, small: float, large: float) -> Promise:
        """Allow for the noise of a heap; a page of a thousand rows takes much more."""
        text = f"the same for {few} as for {many}"
        return Promise(text, large <= 1.15 * small, f"{small:.0f} and {large:.0f} MB")

    return Result(
        "memory: no latency, no limit",
        lines,
        [
            Promise(
                f"peak memory under {megabytes} MB",
                max(peaks) < megabytes,
                f"{max(peaks):.0f} MB",
            ),
            Promise(
                f"and with {at_once} requests at once", most < megabytes, f"{most:.0f} MB"
            ),
            same("30 days", f"{many_days} days", peaks[0], peaks[1]),
            same("1,000 users", "20,000 a day", peaks[0], peaks[2]),
            same("1,000 users", "20,000 behind usage", peaks[3], peaks[4]),
        ],
    )


def fingerprint(output: Path) -> tuple[int, str]:
    """Count the records of an output, and hash them but for what is of the run."""
    of_the_run = re.compile(rb'"(snapshot_at|time_extracted)":\s*"[^"]*"')
    count, digest = 0, hashlib.sha256()
    with output.open("rb") as lines:
        for line in lines:
            if re.match(rb'{"type":\s*"RECORD"', line):
                count += 1
                digest.update(of_the_run.sub(b"", line))
    return count, digest.hexdigest()


#: A server whose answers overtake each other, and how many requests run at once.
ORDER = {"users": 1500, "latency": 0.05, "jitter": 0.3}
AT_ONCE = (1, 4, 32)


def order(bench: Bench) -> Result:
    """The same records in the same order, however many requests run at once."""
    first = bench.days_back(8 if bench.quick else 20)

    def load(at_once: int) -> tuple[Line, str]:
        output = bench.new_file()
        of_one = bench.load(first, ORDER, output, max_parallel_requests=at_once)
        count, digest = fingerprint(output)
        output.unlink()
        least = bench.first_load(of_one.counters, first)
        return Line(f"(c) tap, {at_once} at once", of_one, count, least), digest

    loads = together(partial(load, at_once) for at_once in AT_ONCE)
    fastest, slowest = ORDER["latency"], ORDER["latency"] + ORDER["jitter"]
    digests = [digest for _, digest in loads]
    return Result(
        f"order: {1000 * fastest:.0f} to {1000 * slowest:.0f} ms latency, no limit",
        [line for line, _ in loads],
        [
            Promise(
                "byte-identical records in the same order, whatever the parallelism",
                len({(line.records, digest) for line, digest in loads}) == 1,
                ", ".join(digest[:12] for digest in digests),
            )
        ],
    )


SCENARIOS: dict[str, Callable[[Bench], Result]] = {
    scenario.__name__: scenario
    for scenario in (records, parallel, pace, refusals, counts, memory, order)
}
