"""Tap and target killed at random moments: nothing lost, nothing doubled, all soon over."""

from __future__ import annotations

import random
import signal
from collections import Counter
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tap_claude_analytics.cli.output import BUFFER_BYTES
from tests import ledger, truth
from tests.conftest import TODAY
from tests.ledger import assert_sums
from tests.simulator import Options, Simulator
from tests.system.kill_points.chain import Chain, bookmarks_of
from tests.system.kill_points.launchers import ForkLauncher, PlainLauncher
from tests.system.kill_points.points import ANSWERED, EXIT_CODES, Extent, choose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.kill_points.launchers import Launcher
    from tests.system.kill_points.pipeline import Ended
    from tests.system.kill_points.points import KillPoint

STREAMS = ("adoption", "org_summaries", "user_summaries", "cost", "readings")
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
    "page_size": 4,
}

#: 200 kill points.
SEEDS, KILLS = range(20), 10
#: Fewer where every process has to import the tap.
PLAIN_KILLS = 3


@contextmanager
def first_chain(launcher: Launcher, folder: Path, dice: random.Random) -> Iterator[Chain]:
    """An organisation whose days have several pages, of which nothing is read yet."""
    folder.mkdir()
    with Simulator(Options(today=TODAY, users=8)) as simulator:
        yield Chain(
            launcher,
            simulator,
            folder,
            STREAMS,
            SETTINGS,
            batch=dice.choice([1, 7, 1000]),
        )


@pytest.fixture(scope="module")
def forks() -> Iterator[ForkLauncher]:
    """What starts hundreds of processes in little time."""
    with ForkLauncher() as launcher:
        yield launcher


@pytest.fixture(scope="module")
def extent(forks: ForkLauncher, tmp_path_factory: pytest.TempPathFactory) -> Extent:
    """How much there is of a run that nobody kills."""
    folder = tmp_path_factory.mktemp("whole") / "chain"
    with first_chain(forks, folder, random.Random(0)) as chain:
        ended = chain.run()
        assert chain.bookmarks == ALL_READ
        requests = Counter(request.path for request in chain.simulator.requests)
    return Extent(len(ended.output), requests, ended.seconds)


def kill_at_random(
    launcher: Launcher, extent: Extent, folder: Path, seed: int, enough: int
) -> None:
    """Kill so often, and compare with the truth whenever all days are read."""
    dice = random.Random(seed)
    kills = 0
    for number in count():
        with first_chain(launcher, folder / str(number), dice) as chain, chain.told():
            while chain.bookmarks != ALL_READ:
                point = choose(dice, extent) if kills < enough else None
                ended = chain.run(point)
                if point is None:
                    assert chain.bookmarks == ALL_READ
                elif chain.bookmarks != ALL_READ:
                    kills += 1
                    assert_ended_well(ended, point)
                    take_rows_from_days_to_come(chain)
            assert_truth(chain)
        if kills == enough:
            return


def assert_ended_well(ended: Ended, point: KillPoint) -> None:
    """Soon, with the right exit code, and with nothing new after the signal."""
    assert ended.seconds < 5
    messages = ended.messages
    written_whole = bool(messages.states) and bookmarks_of(messages.state) == ALL_READ
    # A broken pipe does not matter to a tap that has nothing more to write.
    assert ended.tap == EXIT_CODES[point.number] or (written_whole and ended.tap == 0)
    assert ended.target == (-signal.SIGKILL if point.number is None else 0)
    # What was on its way out, at most.
    assert len(ended.late) <= BUFFER_BYTES + len(ended.late.split(b"\n", 1)[0])
    if point.number in ANSWERED:
        assert ended.output.endswith(b"\n")
    for before, message in pairwise(messages.messages):
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


def assert_truth(chain: Chain) -> None:
    """The current rows of every stream are the truth."""
    landed = chain.landed
    for stream in ("adoption", "org_summaries", "user_summaries"):
        truth.assert_current_rows(chain.simulator, stream, DAYS, landed)
    target = ledger.Target()
    target.load(landed)
    assert_sums(target, chain.simulator, "cost", (FIRST, LAST + timedelta(days=1)))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_next_runs_complete_the_truth(
    forks: ForkLauncher, extent: Extent, tmp_path: Path, seed: int
) -> None:
    """Whatever dies at whatever moment, and however often."""
    kill_at_random(forks, extent, tmp_path, seed, KILLS)


def test_without_forks(extent: Extent, tmp_path: Path) -> None:
    """The same with processes that are started as ever."""
    kill_at_random(PlainLauncher(), extent, tmp_path, len(SEEDS), PLAIN_KILLS)
