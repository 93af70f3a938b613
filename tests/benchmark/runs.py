"""Runs of programs, each against a server of its own."""

import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar
from uuid import uuid4

from tests import ROOT, fake_clock, singer

from .needed import REPORT_LOOKBACK_DAYS
from .server import Counted, Process

_T = TypeVar("_T")

NOWHERE = Path(os.devnull)
#: Where the run of yesterday began: beyond every lookback.
DAYS_OF_YESTERDAY = REPORT_LOOKBACK_DAYS + 10


@dataclass(frozen=True, kw_only=True)
class Run(Counted):
    """What a program took, and what its server counted."""

    wall: float  # seconds
    cpu: float  # seconds
    peak: float  # mebibytes at most at one time


@dataclass(frozen=True)
class Bench:
    """What all scenarios share: a folder for files, and whether it is a quick run."""

    folder: Path
    quick: bool

    def load(
        self,
        days: int,
        service: Mapping[str, Any],
        *,
        streams: Sequence[str] = (),
        state: Path | None = None,
        output: Path = NOWHERE,
        at: datetime | None = None,
        **settings: object,
    ) -> Run:
        """Run the tap from so many days ago on, for the default streams or others."""
        command = [sys.executable, "-m", "tap_claude_analytics", "--config=ENV"]
        if streams:
            catalog = self._file(json.dumps(singer.catalog_of(*streams)))
            command += ["--catalog", str(catalog)]
        if state:
            command += ["--state", str(state)]
        first = datetime.now(timezone.utc) - timedelta(days=days)
        # Faster than any server here is asked: as if the organisation had no limit.
        own = {"start_date": first.date(), "requests_per_minute": 10_000, **settings}
        environment = {
            f"TAP_CLAUDE_ANALYTICS_{name.upper()}": str(value)
            for name, value in own.items()
        }
        if at:
            environment = fake_clock.at(at, {**os.environ, **environment})
        return run(command, service, environment, output)

    def state_of_yesterday(self, **service: Any) -> Path:
        """Make the state that a run at this time of yesterday would have left.

        Usage and cost were gathered up to its midnight, so that yesterday is incomplete.
        """
        output, yesterday = self._file(""), datetime.now(timezone.utc) - timedelta(days=1)
        service = {"stale_days": 1, **service}
        self.load(DAYS_OF_YESTERDAY, service, output=output, at=yesterday)
        with output.open(encoding="utf-8") as lines:
            [last] = deque(lines, maxlen=1)
        return self._file(json.dumps(json.loads(last)["value"]))

    def _file(self, content: str) -> Path:
        path = self.folder / f"{uuid4()}.json"
        path.write_text(content, encoding="utf-8")
        return path


def loop(program: str, days: int, service: Mapping[str, Any]) -> Run:
    """Read the users of so many days with `floor` or `official`."""
    today = datetime.now(timezone.utc).date()
    dates = (str(today - timedelta(days=number)) for number in range(days))
    return run([sys.executable, "-m", f"tests.benchmark.{program}", *dates], service)


def run(
    command: Sequence[str],
    service: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    output: Path = NOWHERE,
) -> Run:
    """Run a command to its end, without a developer's own settings and proxies.

    The peak that the system tells is no less than that of this process at the start of
    the other one, so this one must stay small.

    Raises:
        RuntimeError: With the end of what it said, if its exit code is not 0.
    """
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("TAP_CLAUDE_")}
    with Process() as process, TemporaryFile() as said, output.open("wb") as sink:
        served = process.serve(**service)
        variables = {
            **inherited,
            **(environment or {}),
            "TAP_CLAUDE_ANALYTICS_API_URL": served.url(),
            "TAP_CLAUDE_ANALYTICS_API_KEY": "sk-ant-api01-benchmark",
            "no_proxy": "127.0.0.1",
        }
        started = time.perf_counter()
        with subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=sink, stderr=said
        ) as measured:
            _, status, usage = os.wait4(measured.pid, 0)
            measured.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        if measured.returncode:
            said.seek(0)
            ending = said.read()[-2000:].decode(errors="replace")
            message = f"{' '.join(command)} ended with {measured.returncode}:\n{ending}"
            raise RuntimeError(message)
        return Run(
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            peak=usage.ru_maxrss / 1024,  # The system tells kibibytes.
            **vars(served.counted()),
        )


def together(subjects: Iterable[Callable[[], _T]], at_once: int = 8) -> list[_T]:
    """Run subjects at the same time, where it is not their speed that counts."""
    with ThreadPoolExecutor(at_once) as pool:
        running = [pool.submit(subject) for subject in subjects]
        return [future.result() for future in running]
