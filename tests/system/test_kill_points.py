"""Tap and target killed wherever a run can be: nothing lost, nothing doubled, soon over."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from select import select
from typing import Any, NamedTuple

import pytest

from tests import ROOT, truth
from tests.conftest import TODAY
from tests.simulator import Options, Request, Simulator
from tests.singer import Output, catalog_of, config_for
from tests.system import batching_target
from tests.system.test_endings import PATIENCE, started, wait_until

STREAMS = ("adoption", "cost", "org_summaries", "user_summaries")
DAYS = [date(2026, 1, day) for day in (5, 6, 7)]
LAST = DAYS[-1].isoformat()
#: The bookmarks once all is read.
ALL_READ = dict.fromkeys(STREAMS, LAST)
#: Without any lookback, or a gap would be closed by the next run.
SETTINGS: dict[str, Any] = {
    "start_date": DAYS[0].isoformat(),
    "end_date": LAST,
    "lookback_days": 0,
    "report_lookback_days": 0,
    "page_size": 5,
    "max_parallel_requests": 4,
}
#: What to kill the tap with, and how it ends then; None kills the target, so that the pipe
#: of the tap is broken.
EXIT_CODES: dict[signal.Signals | None, int] = {
    signal.SIGTERM: 143,
    signal.SIGINT: 130,
    signal.SIGKILL: -signal.SIGKILL,
    None: 1,
}
#: The smallest pipe there is, so that it is soon full.
PIPE_BYTES = 4096
#: After so many seconds a tap that waits has written all that it will.
QUIET_SECONDS = 0.5


class Place(NamedTuple):
    """Where in a run something is killed: at the nth request to a path.

    The request is not answered (`request`) or told to wait (`wait`), or from then on the
    target reads no more, so that the pipe fills up (`pipe`).
    """

    what: str
    nth: int
    path: str


#: Each run of a chain is killed a bit further than the one before.
PLACES = (
    Place("request", 1, "summaries"),  # before the first record
    Place("wait", 3, "cost"),  # within the first day of a stream
    Place("pipe", 2, "cost"),  # within a line
    Place("request", 1, "users"),  # between two streams
    Place("wait", 3, "users"),  # after a day that is read
    Place("request", 2, "users"),  # within a day of which a page is read
)


class Chain:
    """Runs that go on from the last state that the target emitted, into one table."""

    def __init__(self, simulator: Simulator, folder: Path, batch: int) -> None:
        """Take an empty folder, and after how many records the target commits."""
        self.simulator = simulator
        self.state: dict[str, Any] = {}
        self._files = {name: folder / name for name in ("config", "catalog", "state")}
        self._states, self._table = folder / "states.jsonl", folder / "landed.jsonl"
        run = [sys.executable, "-m"]
        self._target = [*run, batching_target.__name__, str(self._table), str(batch)]
        options = [f"--{name}={file}" for name, file in self._files.items()]
        self._tap = [*run, "tap_claude_analytics", *options]
        self._files["config"].write_text(json.dumps(config_for(simulator, **SETTINGS)))
        self._files["catalog"].write_text(json.dumps(catalog_of(*STREAMS, "readings")))

    @contextmanager
    def _running(self) -> Iterator[tuple[subprocess.Popen[bytes], ...]]:
        """Run tap and target from the last state; keep the last one that the target emits.

        The target ends once its standard input is closed here and by the tap.
        """
        self._files["state"].write_text(json.dumps(self.state))
        to_target = {"stdin": subprocess.PIPE, "pipesize": PIPE_BYTES}
        with (
            self._states.open("w") as states,
            started(self._target, cwd=ROOT, stdout=states, **to_target) as target,
            started(self._tap, cwd=ROOT, stdout=target.stdin) as tap,
        ):
            yield tap, target
        self.simulator.recover()
        if lines := self._states.read_text().split("\n")[:-1]:
            self.state = json.loads(lines[-1])

    def complete(self) -> None:
        """Run to the end."""
        with self._running() as (tap, target):
            target.communicate(timeout=PATIENCE)
            assert (tap.wait(PATIENCE), target.returncode) == (0, 0)

    def kill(self, place: Place, victim: signal.Signals | None) -> None:
        """Kill tap or target at a place, and check that both end soon and as due."""
        passed, reached, over = count(1), threading.Event(), threading.Event()

        def is_there(_: Request) -> bool:
            if next(passed) != place.nth:
                return False
            if place.what == "pipe":
                target.send_signal(signal.SIGSTOP)
            reached.set()
            if place.what == "request":
                over.wait(PATIENCE)
            return place.what == "wait"

        # The tap cannot see that its target died before it writes again.
        wait = {"retry-after": "2" if victim is None else "200"}
        self.simulator.reply(place.path, status=429, headers=wait, when=is_there)
        with self._running() as (tap, target):
            assert target.stdin
            pipe = target.stdin
            try:
                assert reached.wait(PATIENCE), place
                if place.what == "pipe":
                    wait_until(lambda: not select([], [pipe], [], 0)[1])
                time.sleep(QUIET_SECONDS)
                assert tap.poll() is None
                (target if victim is None else tap).send_signal(victim or signal.SIGKILL)
                if victim == signal.SIGKILL:
                    tap.wait(PATIENCE)  # before there is room in the pipe
                target.send_signal(signal.SIGCONT)
            finally:
                over.set()
            pipe.close()
            assert tap.wait(5) == EXIT_CODES[victim]
            code = target.wait(PATIENCE)
        # A tap that can answer leaves no line cut off, whatever it was writing.
        cut = {batching_target.CUT_OFF} | ({0} if place.what != "pipe" else set())
        ends = {None: {-signal.SIGKILL}, signal.SIGKILL: cut}
        assert code in ends.get(victim, {0})

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
        """What the table holds."""
        return Output(self._table.read_text(encoding="utf-8").splitlines())


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
            chain.kill(place, list(EXIT_CODES)[number % len(EXIT_CODES)])
            assert chain.bookmarks != ALL_READ
            take_rows_from_days_to_come(chain)
        # Streams that were read to their end do not begin again.
        assert chain.bookmarks | {"user_summaries": LAST} == ALL_READ
        chain.complete()
        assert chain.bookmarks == ALL_READ
        for stream in STREAMS:
            truth.assert_current_rows(simulator, stream, DAYS, chain.landed)
