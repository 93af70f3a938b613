"""Tap and target killed wherever a run can be: nothing lost, nothing doubled, soon over."""

from __future__ import annotations

import json
import signal
import threading
import time
from datetime import date, timedelta
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tap_claude_analytics.cli.output import BUFFER_BYTES
from tests import ledger, truth
from tests.conftest import TODAY
from tests.ledger import assert_sums
from tests.simulator import Options, Simulator
from tests.singer import Output, catalog_of, config_for
from tests.system.kill_points.pipeline import (
    ANSWERED,
    EXIT_CODES,
    PATIENCE,
    QUIET_SECONDS,
    Pipeline,
)
from tests.system.kill_points.target import landed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.simulator import Request
    from tests.system.kill_points.pipeline import Ended

STREAMS = ("adoption", "cost", "org_summaries", "user_summaries", "readings")
FIRST, LAST = date(2026, 1, 5), date(2026, 1, 7)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
#: The bookmarks once all is read.
ALL_READ = {stream: LAST.isoformat() for stream in STREAMS if stream != "readings"}
#: Without any lookback, or a gap would be closed by the next run.
SETTINGS: dict[str, Any] = {
    "start_date": FIRST.isoformat(),
    "end_date": LAST.isoformat(),
    "lookback_days": 0,
    "report_lookback_days": 0,
    "page_size": 5,
    "max_parallel_requests": 4,
}
TOO_MANY_REQUESTS = 429
#: What a pipe holds at most.
PIPE_BYTES = 2**16


class Place(NamedTuple):
    """Where in a run something is killed.

    Attributes:
        what: What is counted: bytes of output, requests that are not answered, or
            requests that are told to wait.
        nth: How many of them.
        path: The endpoint of the requests.
    """

    what: str
    nth: int
    path: str = ""


#: Each run of a chain is killed a bit further than the one before.
PLACES = (
    Place("request", 1, "summaries"),  # before the first record
    Place("wait", 3, "cost"),  # within the first day of a stream
    Place("bytes", 60_000),  # within a line, for the pipe is full
    Place("request", 1, "users"),  # between two streams
    Place("wait", 3, "users"),  # after a day that is read
    Place("request", 2, "users"),  # within a day of which a page is read
)
VICTIMS = tuple(EXIT_CODES)


class Chain:
    """Runs that go on from the last state that the target emitted, into one database."""

    def __init__(self, simulator: Simulator, folder: Path, batch: int) -> None:
        """Write down what is the same for every run.

        Args:
            simulator: What the tap asks.
            folder: An empty folder for all files.
            batch: After how many records the target commits without a STATE.
        """
        self.simulator = simulator
        self.state: dict[str, Any] = {}
        self._folder = folder
        self._target = [str(folder / "landed.db"), str(batch)]
        self._write("config", config_for(simulator, **SETTINGS))
        self._write("catalog", catalog_of(*STREAMS))

    def run(
        self, place: Place | None = None, victim: signal.Signals | None = None
    ) -> Ended:
        """Run tap and target from the last state, and kill one of them at a place."""
        self._write("state", self.state)
        names = ("config", "catalog", "state")
        tap = [f"--{name}={self._folder / name}.json" for name in names]
        states = self._folder / "states.jsonl"
        over = threading.Event()
        with Pipeline(tap, self._target, states) as pipeline:
            try:
                if place is not None:
                    assert pipeline.forward(self._comes_to(place, victim, over)), place
                    if place.what == "bytes":
                        time.sleep(QUIET_SECONDS)
                    else:
                        pipeline.forward_until_quiet()
                    pipeline.kill(victim)
            finally:
                over.set()
            ended = pipeline.end()
        self.simulator.recover()
        lines = states.read_text().split("\n")[:-1]
        if lines:
            self.state = json.loads(lines[-1])
        return ended

    def _comes_to(
        self, place: Place, victim: signal.Signals | None, over: threading.Event
    ) -> Callable[[int], bool]:
        """Return what tells, given the bytes written, that the tap has come to a place.

        A request there is not answered before all is over, or is told to wait.
        """
        if place.what == "bytes":
            return lambda written: written >= place.nth
        passed, reached = count(1), threading.Event()

        def is_there(_: Request) -> bool:
            if next(passed) != place.nth:
                return False
            reached.set()
            if place.what == "request":
                over.wait(PATIENCE)
            return place.what == "wait"

        # The tap cannot see that its target died before it writes again.
        wait = "0.2" if victim is None else "200"
        self.simulator.reply(
            place.path,
            status=TOO_MANY_REQUESTS,
            headers={"retry-after": wait},
            when=is_there,
        )
        return lambda _: reached.is_set()

    @property
    def bookmarks(self) -> dict[str, str]:
        """The day that the state names for each stream, as far as it names any."""
        return {
            stream: bookmark["replication_key_value"][:10]
            for stream, bookmark in self.state.get("bookmarks", {}).items()
            if bookmark.get("replication_key_value")
        }

    @property
    def landed(self) -> Output:
        """What the database holds."""
        return Output(landed(self._target[0]))

    def _write(self, name: str, value: dict[str, Any]) -> None:
        (self._folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")


def assert_ended_well(ended: Ended, place: Place, victim: signal.Signals | None) -> None:
    """Soon, with the right exit code, and with nothing new after the signal."""
    assert ended.seconds < 5
    assert ended.tap == EXIT_CODES[victim]
    assert ended.target == (-signal.SIGKILL if victim is None else 0)
    whole, rest = ended.late.rpartition(b"\n")[::2]
    if victim in ANSWERED:
        assert rest == b""
        # What was on its way out, at most.
        line = len(whole.split(b"\n", 1)[0])
        assert len(whole) <= BUFFER_BYTES + PIPE_BYTES + line
    if place.what != "bytes":
        late = Output(whole.decode().splitlines())
        assert {message["type"] for message in late.messages} <= {"RECORD"}
    for before, message in pairwise(ended.messages.messages):
        if message["type"] == "STATE" and before["type"] == "RECORD":
            assert before["stream"] == "readings"


def take_rows_from_days_to_come(chain: Chain) -> None:
    """Revise the days that are read again, so that rows which landed are true no more."""
    done = chain.bookmarks
    for day in DAYS:
        if day.isoformat() > done.get("user_summaries", ""):
            chain.simulator.edit("users", day, lambda rows: rows[1:])
        if day.isoformat() > done.get("cost", ""):
            chain.simulator.revise(day, lambda facts: facts[1:])


@pytest.mark.parametrize(("first_victim", "batch"), [(0, 1), (2, 1000)])
def test_the_next_runs_complete_the_truth(
    tmp_path: Path, first_victim: int, batch: int
) -> None:
    """At every place dies a tap that can answer, and one that cannot or its target."""
    with Simulator(Options(today=TODAY, users=25)) as simulator:
        chain = Chain(simulator, tmp_path, batch)
        for number, place in enumerate(PLACES, first_victim):
            victim = VICTIMS[number % len(VICTIMS)]
            ended = chain.run(place, victim)
            assert_ended_well(ended, place, victim)
            assert chain.bookmarks != ALL_READ
            take_rows_from_days_to_come(chain)
        chain.run()
        assert chain.bookmarks == ALL_READ
        for stream in ("adoption", "org_summaries", "user_summaries"):
            truth.assert_current_rows(simulator, stream, DAYS, chain.landed)
        target = ledger.Target()
        target.load(chain.landed)
        assert_sums(target, simulator, "cost", (FIRST, LAST + timedelta(days=1)))
