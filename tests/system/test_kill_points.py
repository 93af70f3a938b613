"""Tap and target killed wherever a run can be: nothing lost, nothing doubled, soon over."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tap_claude_analytics.cli.output import BUFFER_BYTES
from tests import ROOT, ledger, truth
from tests.conftest import TODAY
from tests.simulator import Options, Simulator
from tests.singer import Output, catalog_of, config_for
from tests.system.batching_target import landed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.simulator import Request

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
#: What to kill the tap with, and how it ends then; None kills the target, so that the pipe
#: of the tap is broken.
EXIT_CODES: dict[signal.Signals | None, int] = {
    signal.SIGTERM: 143,
    signal.SIGINT: 130,
    signal.SIGKILL: -signal.SIGKILL,
    None: 1,
}
#: More seconds than anything here takes, on a busy machine too.
PATIENCE = 30.0
#: What the target has got at the moment of a kill mostly ends in the middle of a line.
CHUNK = 4000
#: After so many seconds without output a tap that waits has written all that it will.
QUIET_SECONDS = 0.5
#: What a pipe holds at most.
PIPE_BYTES = 2**16


class Place(NamedTuple):
    """Where in a run something is killed: at the nth of what is counted.

    That is bytes of output, or requests to a path, which are then not answered (`request`)
    or told to wait.
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


@contextmanager
def started(*arguments: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module as a process that does not outlive the `with`."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(
        command, **streams, stderr=subprocess.DEVNULL, bufsize=0, cwd=ROOT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@dataclass
class Run:
    """A tap and a target that run; what the one writes for the other passes through here.

    `written` is all output of the tap, `late_from` is where the kill came in it.
    """

    tap: subprocess.Popen[bytes]
    target: subprocess.Popen[bytes]
    written: bytes = b""
    late_from: int = 0

    def __post_init__(self) -> None:
        """Take the ends of the pipe."""
        assert self.tap.stdout
        assert self.target.stdin
        self.source, self.sink = self.tap.stdout, self.target.stdin

    def can_read(self, seconds: float) -> bool:
        """Tell whether the tap has written something, or has ended."""
        return bool(select.select([self.source], [], [], seconds)[0])

    def forward_until(self, is_time: Callable[[], bool]) -> bool:
        """Pass on what the tap writes; tell whether it was time before its output ended."""
        end = time.monotonic() + PATIENCE
        while not is_time():
            assert time.monotonic() < end, "the tap neither writes nor ends"
            if self.can_read(0.01):
                chunk = os.read(self.source.fileno(), CHUNK)
                if not chunk:
                    return False
                self.written += chunk
                self.sink.write(chunk)
        return True

    def kill(self, number: signal.Signals | None) -> None:
        """Send the tap a signal; without one, kill the target and break the tap's pipe."""
        self.late_from = len(self.written)
        if number is None:
            self.target.kill()
            self.sink.close()
            self.source.close()
        else:
            self.tap.send_signal(number)

    def end(self, seconds: float) -> tuple[int, int]:
        """Let both end, the tap within some seconds, and return their exit codes."""
        began = time.monotonic()
        if not self.source.closed:
            self.forward_until(lambda: False)
        tap = self.tap.wait(PATIENCE)
        assert time.monotonic() - began < seconds
        with suppress(BrokenPipeError):
            self.sink.close()
        return tap, self.target.wait(PATIENCE)


class Chain:
    """Runs that go on from the last state that the target emitted, into one database."""

    def __init__(self, simulator: Simulator, folder: Path, batch: int) -> None:
        """Take an empty folder, and after how many records the target commits."""
        self.simulator = simulator
        self.state: dict[str, Any] = {}
        self._files = {name: folder / name for name in ("config", "catalog", "state")}
        self._states = folder / "states.jsonl"
        self._target = [str(folder / "landed.db"), str(batch)]
        self._files["config"].write_text(json.dumps(config_for(simulator, **SETTINGS)))
        self._files["catalog"].write_text(json.dumps(catalog_of(*STREAMS)))

    def run(self, place: Place | None = None, victim: signal.Signals | None = None) -> Run:
        """Run tap and target from the last state, and kill one of them at a place."""
        self._files["state"].write_text(json.dumps(self.state))
        tap = [f"--{name}={file}" for name, file in self._files.items()]
        over = threading.Event()
        with (
            self._states.open("w") as states,
            started("tap_claude_analytics", *tap, stdout=subprocess.PIPE) as running,
            started(
                "tests.system.batching_target",
                *self._target,
                stdin=subprocess.PIPE,
                stdout=states,
            ) as target,
        ):
            run = Run(running, target)
            try:
                if place is not None:
                    is_there = self._comes_to(place, victim, over, run)
                    assert run.forward_until(is_there), place
                    if place.what == "bytes":
                        time.sleep(QUIET_SECONDS)
                    else:
                        run.forward_until(lambda: not run.can_read(QUIET_SECONDS))
                    run.kill(victim)
            finally:
                over.set()
            codes = run.end(5 if place else PATIENCE)
        target_code = -signal.SIGKILL if place and victim is None else 0
        assert codes == (EXIT_CODES[victim] if place else 0, target_code)
        self.simulator.recover()
        lines = self._states.read_text().split("\n")[:-1]
        if lines:
            self.state = json.loads(lines[-1])
        return run

    def _comes_to(
        self, place: Place, victim: signal.Signals | None, over: threading.Event, run: Run
    ) -> Callable[[], bool]:
        """Return what tells that the tap has come to a place, which holds it up there."""
        if place.what == "bytes":
            return lambda: len(run.written) >= place.nth
        passed, reached = count(1), threading.Event()

        def is_there(_: Request) -> bool:
            if next(passed) != place.nth:
                return False
            reached.set()
            if place.what == "request":
                over.wait(PATIENCE)
            return place.what == "wait"

        # The tap cannot see that its target died before it writes again.
        wait = "2" if victim is None else "200"
        self.simulator.reply(
            place.path, status=429, headers={"retry-after": wait}, when=is_there
        )
        return reached.is_set

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


def assert_nothing_new(run: Run, place: Place, victim: signal.Signals | None) -> None:
    """Check that after the kill only what was on its way is written, and no STATE."""
    whole, rest = run.written[run.late_from :].rpartition(b"\n")[::2]
    if victim in {signal.SIGTERM, signal.SIGINT}:
        assert rest == b""
        line = len(whole.split(b"\n", 1)[0])
        assert len(whole) <= BUFFER_BYTES + PIPE_BYTES + line
    if place.what != "bytes":
        late = Output(whole.decode().splitlines())
        assert {message["type"] for message in late.messages} <= {"RECORD"}
    messages = Output(line.decode() for line in run.written.split(b"\n")[:-1]).messages
    for before, message in pairwise(messages):
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
            victim = list(EXIT_CODES)[number % len(EXIT_CODES)]
            run = chain.run(place, victim)
            assert_nothing_new(run, place, victim)
            assert chain.bookmarks != ALL_READ
            take_rows_from_days_to_come(chain)
        # Streams that were read to their end do not begin again.
        assert chain.bookmarks | {"user_summaries": LAST.isoformat()} == ALL_READ
        chain.run()
        assert chain.bookmarks == ALL_READ
        for stream in ("adoption", "org_summaries", "user_summaries"):
            truth.assert_current_rows(simulator, stream, DAYS, chain.landed)
        tables = ledger.Target(chain.landed)
        span = (FIRST, LAST + timedelta(days=1))
        ledger.assert_sums(tables, simulator, "cost", span)
