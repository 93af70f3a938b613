"""What is run, by name, and which promise each result keeps or breaks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, TypeAlias

from tests.simulator.limits import KINDS

from . import needed
from .needed import DELAY_DAYS, pages
from .runs import DAYS_OF_YESTERDAY, Bench, Run, loop, together

USER_SUMMARIES = ["user_summaries"]
#: Users of a day where requests are counted: five pages.
USERS = 5000
HEADER = (
    f"  {'':<52} records/s  wall s   CPU s  peak MB  requests  needed    429s  repeated"
)


@dataclass(frozen=True)
class Line:
    """One program in one scenario."""

    subject: str
    run: Run
    needed: int  # requests that it had to make at least
    records: int = 0  # that it wrote, if that is what it is about

    @property
    def speed(self) -> float:
        """Records a second."""
        return self.records / self.run.wall

    def __str__(self) -> str:
        """Return the figures below those of `HEADER`."""
        run = self.run
        return (
            f"  {self.subject:<52}{self.speed:>10,.0f}{run.wall:>8.2f}{run.cpu:>8.2f}"
            f"{run.peak:>9.0f}{run.requests:>10}{self.needed or '':>8}{run.refused:>8}"
            f"{run.repeated:>10}"
        )


@dataclass(frozen=True)
class Promise:
    """A promise, and whether the figures keep it."""

    text: str
    kept: bool
    figures: str

    def __str__(self) -> str:
        """Return a sentence."""
        return f"  {'kept' if self.kept else 'BROKEN'}: {self.text} ({self.figures})"


Shown: TypeAlias = "list[Line | Promise]"


def records(bench: Bench) -> Shown:
    """Records per second of 2,000 users a day, with neither a limit nor latency."""
    users = 2000
    # A first load, so that what it takes to start does not count for much.
    days, official_days, rounds = (60, 2, 1) if bench.quick else (300, 6, 3)
    service = {"users": users}

    def fastest(subject: str, measure: Callable[[], Run], days: int = days) -> Line:
        runs = [measure() for _ in range(rounds)]
        best = min(runs, key=attrgetter("wall"))
        return Line(subject, best, days * pages(users), days * users)

    tap = partial(bench.load, days + DELAY_DAYS - 1, service, streams=USER_SUMMARIES)
    hashing = partial(tap, personal_data="hash", personal_data_salt="salt of a benchmark")
    a = fastest("(a) floor", partial(loop, "floor", days, service))
    b = fastest(
        "(b) official", partial(loop, "official", official_days, service), official_days
    )
    c = fastest("(c) tap", tap)
    d = fastest("(d) tap, personal data hashed", hashing)
    return [
        *(a, b, c, d),
        _ratio(c, a, 0.5, "of the floor's records a second"),
        _ratio(c, b, 8, "times those of the official package"),
        _ratio(d, c, 0.9, "of them with personal data hashed"),
    ]


def _ratio(one: Line, other: Line, least: float, text: str) -> Promise:
    """Compare speeds; by CPU time too, which other work on the machine disturbs less."""
    effort = [line.run.cpu / line.records for line in (one, other)]
    speed = one.speed / other.speed
    figures = f"{speed:.2f}, by CPU time {effort[1] / effort[0]:.2f}"
    return Promise(f"at least {least} {text}", speed >= least, figures)


def parallel(bench: Bench) -> Shown:
    """What parallel requests are worth where an answer takes 2 s, without a limit."""
    at_once, least, users = 8, 6, 100
    days = 16 if bench.quick else 48
    service = {"users": users, "latency": 2.0}
    tap = partial(bench.load, days + DELAY_DAYS - 1, service, streams=USER_SUMMARIES)
    subjects = {
        f"(c) tap, {number} at once": partial(tap, max_parallel_requests=number)
        for number in (1, at_once)
    }
    lines = [
        Line(name, run, days, days * users)
        for name, run in zip(subjects, together(subjects.values()), strict=True)
    ]
    times = lines[1].speed / lines[0].speed
    text = f"{at_once} at once at least {least} times as fast as one at a time"
    return [*lines, Promise(text, times >= least, f"{times:.2f}")]


def pace(bench: Bench) -> Shown:
    """How near a whole load comes to a limit of 600 requests a minute; takes minutes."""
    # About 1,800 requests, so that the last minute is not all there is.
    per_minute, days, bound = 600, 150 if bench.quick else 300, 1.10

    def load(kind: str) -> Line:
        run = bench.load(
            days,
            {"users": 20, "latency": 2.0, "limit": (kind, per_minute)},
            requests_per_minute=per_minute,
            max_parallel_requests=32,
        )
        return Line(f"(c) tap, {kind}", run, needed.first_load(run.rows_per_day, days))

    lines = together(partial(load, kind) for kind in KINDS)
    ratios = [line.run.wall * per_minute / 60 / line.needed for line in lines]
    refused = sum(line.run.refused for line in lines)
    return [
        *lines,
        Promise(
            f"wall time at most {bound:.2f} of requests / rate",
            max(ratios) <= bound,
            ", ".join(f"{ratio:.3f}" for ratio in ratios),
        ),
        Promise(
            "not one 429 when alone, whatever the kind of limit",
            refused == 0,
            f"{refused} refused",
        ),
    ]


def counts(bench: Bench) -> Shown:
    """The number of requests of a first load and of the run of the next day."""
    days = 10 if bench.quick else 40
    service = {"users": USERS, "report_users": USERS}
    load = bench.load(days, service)
    state = bench.state_of_yesterday(report_users=USERS)
    next_day = partial(bench.load, DAYS_OF_YESTERDAY, service, state=state)
    rows = load.rows_per_day
    lines = [
        Line(f"(c) tap, first load of {days} days", load, needed.first_load(rows, days)),
        Line("(c) tap, daily run", next_day(), needed.daily_run(rows)),
        Line(
            "(c) tap, daily run, all days of the lookback",
            next_day(report_revision_check="full"),
            needed.daily_run(rows, totals=False),
        ),
    ]
    repeated = sum(line.run.repeated for line in lines)
    return [
        *lines,
        Promise(
            "requests made = the minimum that the contract allows",
            all(line.run.requests == line.needed for line in lines),
            ", ".join(f"{line.run.requests} of {line.needed}" for line in lines),
        ),
        Promise("no question asked twice", not repeated, f"{repeated} repeated"),
    ]


def memory(bench: Bench) -> Shown:
    """Peak memory, which must depend neither on users nor on days."""
    many_days, large_days = (60, 2) if bench.quick else (300, 10)
    megabytes, at_once = 150, 32

    def of_users(users: int, days: int, **settings: Any) -> Line:
        """Read so many rows a day."""
        service = {"users": users}
        first = days - 1 + DELAY_DAYS
        run = bench.load(first, service, streams=USER_SUMMARIES, **settings)
        name = f"(c) user_summaries: {users:,} users, {days} days"
        name += f", {at_once} at once" if settings else ""
        return Line(name, run, days * pages(users), days * users)

    def of_usage(users: int, days: int) -> Line:
        """Read what so many accounts have used, and the totals of that."""
        run = bench.load(days - 1, {"report_users": users}, streams=["usage"])
        rows = run.rows_per_day[("usage", *needed.DETAIL)]
        return Line(f"(c) usage: {users:,} users, {days} days", run, 0, days * rows)

    subjects = [
        partial(of_users, 1000, 30),
        partial(of_users, 1000, many_days),
        # Days of many pages, or these would not fill what may wait.
        partial(of_users, 20_000, large_days),
        partial(of_users, 40_000, large_days),
        # As many rows as of more users, for the same reason.
        partial(of_usage, 1000, 60),
        partial(of_usage, 20_000, 3),
        partial(of_users, 20_000, large_days, max_parallel_requests=at_once),
    ]
    lines = together(subjects, at_once=2)
    *peaks, most = [line.run.peak for line in lines]

    def below(text: str, peak: float) -> Promise:
        return Promise(text, peak < megabytes, f"{peak:.0f} MB")

    def same(few: str, many: str, small: float, large: float) -> Promise:
        """Allow for the noise of a heap; a page of a thousand rows takes much more."""
        text = f"the same for {few} as for {many}"
        return Promise(text, large <= 1.15 * small, f"{small:.0f} and {large:.0f} MB")

    return [
        *lines,
        below(f"peak memory under {megabytes} MB", max(peaks)),
        below(f"and with {at_once} requests at once", most),
        same("30 days", f"{many_days} days", peaks[0], peaks[1]),
        same("20,000 users a day", "40,000", peaks[2], peaks[3]),
        same("1,000 users", "20,000 behind usage", peaks[4], peaks[5]),
    ]


SCENARIOS: dict[str, Callable[[Bench], Shown]] = {
    scenario.__name__: scenario for scenario in (records, parallel, pace, counts, memory)
}
