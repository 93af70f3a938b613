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

from tests import truth
from tests.sandbox import Sandbox
from tests.simulator import Options
from tests.system.test_end_to_end import assert_current

if TYPE_CHECKING:
    from collections.abc import Callable

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
    # One start of the tap less in each run.
    "_USE_CACHED_CATALOG": "true",
}

#: At which request of users, of those that a run makes: on its second day.
NTH_REQUEST = 4


def is_tap(process: psutil.Process) -> bool:
    """Tell the tap from Meltano and the target."""
    return any(Path(part).name == "tap-claude-analytics" for part in process.cmdline()[:2])


def is_any(_: psutil.Process) -> bool:
    """Tell that all are meant, as when a machine goes down."""
    return True


def killer(
    box: Sandbox, is_victim: Callable[[psutil.Process], bool]
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
                        process.send_signal(signal.SIGKILL)
        return False

    return kill


def test_the_next_run_completes_the_truth(meltano_project: MeltanoProject) -> None:
    """Whatever was killed, and without reading again what the first run had brought in."""
    with Sandbox(Options(users=10, projects=1)) as box:
        for name, value in SETTINGS.items():
            box.environment[f"TAP_CLAUDE_ANALYTICS_{name}"] = value
        options: tuple[str, ...] = ()
        for is_victim in (is_tap, is_any):
            box.simulator.reply("users", times=1, when=killer(box, is_victim))
            assert meltano_project.run(box, *options).returncode != 0
            # Meltano takes a run that was killed for one that still goes on.
            options = ("--force",)
        whole = meltano_project.run(box, *options)
        assert whole.returncode == 0, whole.stderr[-5000:]
        for stream in STREAMS:
            days = [truth.records(box.simulator, stream, day) for day in DAYS]
            assert_current(box, stream, [record for day in days for record in day])
        begun = [
            request
            for request in box.simulator.requests
            if request.params.get("date") == [FIRST.isoformat()]
            and "page" not in request.params
        ]
        assert len(begun) == 1
        assert len(box.simulator.requests) > 2 * NTH_REQUEST
