"""``meltano run`` into PostgreSQL, killed in the middle, and run again."""

from __future__ import annotations

import json
import signal
import time
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests import truth
from tests.sandbox import Sandbox
from tests.simulator import Options
from tests.system.test_end_to_end import current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulator import Request
    from tests.system.meltano_fixture import MeltanoProject

STREAMS = ("adoption", "user_summaries")
TODAY = date(2026, 2, 9)
FIRST, LAST = date(2026, 2, 1), date(2026, 2, 6)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
SETTINGS = {
    "START_DATE": FIRST.isoformat(),
    "MAX_PARALLEL_REQUESTS": "1",
    "END_DATE": LAST.isoformat(),
    # A gap would be closed by the next run.
    "LOOKBACK_DAYS": "0",
    # Several pages a day.
    "PAGE_SIZE": "4",
    "_SELECT": json.dumps([f"{stream}.*" for stream in (*STREAMS, "readings")]),
}

#: At which request of users, of those that a run makes: on its second day.
NTH_REQUEST = 4


def is_tap(process: psutil.Process) -> bool:
    """Tell the tap from Meltano and the target."""
    return any(Path(part).name == "tap-claude-analytics" for part in process.cmdline()[:2])


def is_any(_: psutil.Process) -> bool:
    """Tell that all are meant, as when a machine goes down."""
    return True


#: What is killed, and with what, run by run.
KILLS = ((is_tap, signal.SIGKILL), (is_any, signal.SIGTERM), (is_any, signal.SIGKILL))


def killer(
    box: Sandbox, is_victim: Callable[[psutil.Process], bool], number: signal.Signals
) -> Callable[[Request], bool]:
    """Return what kills while a request waits for its answer, if it is the nth."""
    passed = count(1)

    def kill(_: Request) -> bool:
        if next(passed) == NTH_REQUEST:
            # What was fetched before is emitted meanwhile.
            time.sleep(1)
            for process in psutil.process_iter(["environ"]):
                environment = process.info["environ"] or {}
                url = environment.get("TAP_CLAUDE_ANALYTICS_API_URL")
                # One of them may end because another has.
                with suppress(psutil.NoSuchProcess):
                    if url == box.simulator.url and is_victim(process):
                        process.send_signal(number)
        return False

    return kill


@pytest.fixture(scope="module")
def box(meltano_project: MeltanoProject) -> Iterator[Sandbox]:
    """A sandbox in which the pipeline was killed three times, and then ran to its end."""
    with Sandbox(Options(users=10, projects=1)) as sandbox:
        for name, value in SETTINGS.items():
            sandbox.environment[f"TAP_CLAUDE_ANALYTICS_{name}"] = value
        options: tuple[str, ...] = ()
        for is_victim, number in KILLS:
            sandbox.simulator.reply(
                "users", times=1, when=killer(sandbox, is_victim, number)
            )
            assert meltano_project.run(sandbox, *options).returncode != 0
            # Meltano takes a run that was killed for one that still goes on.
            options = ("--force",)
        whole = meltano_project.run(sandbox, *options)
        assert whole.returncode == 0, whole.stderr[-5000:]
        yield sandbox


@pytest.mark.parametrize("stream", STREAMS)
def test_current_rows_are_the_truth(box: Sandbox, stream: str) -> None:
    """Exactly: every row that is true is current, and none besides."""
    keys = truth.KEYS[stream]
    expected = [
        tuple(record[key] if key != "date" else day for key in keys)
        for day in DAYS
        for record in truth.records(box.simulator, stream, day)
    ]
    assert sorted(current(box, stream, *keys), key=str) == sorted(expected, key=str)


def test_no_run_began_anew(box: Sandbox) -> None:
    """What the first run had brought in, no other one read again."""
    begun = [
        request
        for request in box.simulator.requests
        if request.params.get("date") == [FIRST.isoformat()]
        and "page" not in request.params
    ]
    assert len(begun) == 1
    assert len(box.simulator.requests) > len(KILLS) * NTH_REQUEST
