"""What is run, by name, and which promise each result keeps or breaks."""

import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.simulator.limits import KINDS

from . import needed
from .needed import DELAY_DAYS, pages
from .runs import Bench, in_turns, plain_loop, plain_run, run, together
from .server import serving
from .table import Line, Promise, Result

PER_MINUTE = 600
USER_SUMMARIES = ["user_summaries"]


def records(bench: Bench) -> Result:
    """Records per second with neither a limit nor latency: what a record costs."""
    users = 2000
    # A first load, so that what it takes to start does not count for much.
    days, official_days, rounds = (60, 2, 1) if bench.quick else (300, 6, 3)
    first = bench.days_back(days + DELAY_DAYS - 1)
    with serving(users=users) as url:
        tap = partial(bench.command, url, first, streams=USER_SUMMARIES)
        commands = {
            "(a) floor": plain_loop("floor", url, first, days),
            "(b) official": plain_loop("official", url, first, official_days),
            "(c) tap": tap(),
            "(d) tap, personal data hashed": tap(
                personal_data="hash", personal_data_salt="salt of a benchmark"
            ),
        }
        subjects = {name: partial(run, url, command) for name, command in commands.items()}
        runs = in_turns(subjects, rounds)
    read = dict.fromkeys(runs, days) | {"(b) official": official_days}
    lines = [
        Line(name, of_one, users * read[name], pages(users) * read[name])
        for name, of_one in runs.items()
    ]
    a, b, c, d = lines
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
    effort = [line.run.cpu / line.records for line in (one, other)]
    speed = one.speed / other.speed
    figures = f"{speed:.2f}, by CPU time {effort[1] / effort[0]:.2f}"
    return Promise(f"at least {least} {text}", speed >= least, figures)


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
        return Line(f"(c) tap, {name}", of_one, needed=bench.first_load(of_one, first))

    others = [
        partial(official, latency, 60),
        partial(official, 0.0, 900),
        partial(tap, "0 s", "sliding", 0.0, days // 2),
    ]
    limited = [partial(tap, kind, kind, latency, days) for kind in KINDS]
    lines = together([*others, *limited])
    ratios = {
        line.subject: line.run.wall * PER_MINUTE / 60 / line.needed
        for line in lines[len(others) :]
    }
    refused = sum(line.run.refused for line in lines[len(others) :])
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
    lines = [
        Line("(c) tap, first load", of_load, needed=bench.first_load(of_load, first)),
        Line("(c) tap, daily run", of_day, needed=needed.daily_run(of_day.rows_per_day)),
    ]
    return Result(
        f"refusals: {PER_MINUTE} requests a minute, of which others send {others} and"
        " have sent all at first",
        lines,
        [
            Promise(
                "requests made = the minimum + one for every 429 from others",
                # Without a 429 nothing is shown.
                run.requests == line.needed + run.refused if run.refused else None,
                f"{run.requests} made, {line.needed} needed, {run.refused} refused",
            )
            for line in lines
            for run in [line.run]
        ],
    )


def counts(bench: Bench) -> Result:
    """The number of requests of a first load and of the run of the next day."""
    users = 5000  # five pages a day
    service = {"users": users, "report_users": users}
    first = bench.days_back(10 if bench.quick else 40)
    of_load = bench.load(first, service)
    next_day = partial(
        bench.load,
        bench.first_day_of_yesterday,
        service,
        state=bench.state_of_yesterday(report_users=users),
    )
    least = partial(needed.daily_run, of_load.rows_per_day)
    back = (bench.today - first).days
    lines = [
        Line(
            f"(c) tap, first load of {back} days",
            of_load,
            needed=bench.first_load(of_load, first),
        ),
        Line("(c) tap, daily run", next_day(), needed=least()),
        Line(
            "(c) tap, daily run, all days of the lookback",
            next_day(report_revision_check="full"),
            needed=least(totals=False),
        ),
    ]
    repeated = sum(line.run.repeated for line in lines)
    return Result(
        f"counts: {users:,} users a day, all default streams",
        lines,
        [
            Promise(
                "requests made = the minimum that the contract allows",
                all(line.run.requests == line.needed for line in lines),
                ", ".join(f"{line.run.requests} of {line.needed}" for line in lines),
            ),
            Promise("no question asked twice", not repeated, f"{repeated} repeated"),
        ],
    )


def memory(bench: Bench) -> Result:
    """Peak memory, which must depend neither on users nor on days, at default settings."""
    many_days, large_days = (60, 2) if bench.quick else (300, 10)
    megabytes, at_once = 150, 32

    def of_users(users: int, days: int, **settings: Any) -> Line:
        """Read so many rows a day."""
        first = bench.days_back(days - 1 + DELAY_DAYS)
        of_one = bench.load(first, {"users": users}, streams=USER_SUMMARIES, **settings)
        name = f"(c) user_summaries: {users:,} users, {days} days"
        name += f", {at_once} at once" if settings else ""
        return Line(name, of_one, days * users, days * pages(users))

    def of_usage(users: int, days: int) -> Line:
        """Read what so many accounts have used."""
        service = {"report_users": users}
        of_one = bench.load(bench.days_back(days - 1), service, streams=["usage"])
        rows = of_one.rows_per_day[needed.report_name("usage", needed.DETAIL)]
        return Line(f"(c) usage: {users:,} users, {days} days", of_one, days * rows)

    pairs = [
        (partial(of_users, 1000, 30), partial(of_users, 1000, many_days)),
        # As many rows of usage, or the few would not fill what may wait.
        (partial(of_users, 20_000, large_days), partial(of_usage, 1000, 60)),
        (
            partial(of_usage, 20_000, 3),
            partial(of_users, 20_000, large_days, max_parallel_requests=at_once),
        ),
    ]
    lines = [line for pair in pairs for line in together(pair)]
    *peaks, most = [line.run.peak for line in lines]

    def below(text: str, peak: float) -> Promise:
        return Promise(text, peak < megabytes, f"{peak:.0f} MB")

    def same(few: str, many: str, small: float, large: float) -> Promise:
        """Allow for the noise of a heap; a page of a thousand rows takes much more."""
        text = f"the same for {few} as for {many}"
        return Promise(text, large <= 1.15 * small, f"{small:.0f} and {large:.0f} MB")

    return Result(
        "memory: no latency, no limit",
        lines,
        [
            below(f"peak memory under {megabytes} MB", max(peaks)),
            below(f"and with {at_once} requests at once", most),
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
        name, least = f"(c) tap, {at_once} at once", bench.first_load(of_one, first)
        return Line(name, of_one, count, least), digest

    loads = together(partial(load, at_once) for at_once in AT_ONCE)
    fastest, slowest = ORDER["latency"], ORDER["latency"] + ORDER["jitter"]
    return Result(
        f"order: {1000 * fastest:.0f} to {1000 * slowest:.0f} ms latency, no limit",
        [line for line, _ in loads],
        [
            Promise(
                "byte-identical records in the same order, whatever the parallelism",
                len({(line.records, digest) for line, digest in loads}) == 1,
                ", ".join(digest[:12] for _, digest in loads),
            )
        ],
    )


SCENARIOS: dict[str, Callable[[Bench], Result]] = {
    scenario.__name__: scenario
    for scenario in (records, parallel, pace, refusals, counts, memory, order)
}
