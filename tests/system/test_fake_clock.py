"""Processes on another day, and on that only: waits and time-outs are as they were."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import date, datetime, timezone
from pathlib import Path

import pytest
import time_machine

from tests import __main__ as program
from tests import fake_clock

TODAY = date(2026, 5, 4)
#: Says the day by each clock, before and after a wait, and again in a process of its own.
SCRIPT = """
import subprocess, sys, time
from datetime import date, datetime, timezone
import pendulum
began = time.monotonic()
print(datetime.now(timezone.utc).date(), pendulum.now("UTC").date(), date.today())
time.sleep(0.2)
assert 0.2 <= time.monotonic() - began < 60
print(datetime.fromtimestamp(time.time(), timezone.utc).date(), flush=True)
if sys.argv[1:]:
    subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
"""


def days_of(environment: Mapping[str, str] | None = None) -> set[str]:
    """Return the days that it is for a process and for one that it starts."""
    command = [sys.executable, "-c", SCRIPT, SCRIPT]
    days = subprocess.check_output(
        command, env=environment, stderr=subprocess.STDOUT, text=True
    ).split()
    assert len(days) == 8
    return set(days)


def test_days_of_processes() -> None:
    """By default that of the module; or one in the past, and from there back to it."""
    assert datetime.now(timezone.utc).date() == TODAY
    assert days_of() == {TODAY.isoformat()}
    environment = fake_clock.at(date(2024, 2, 29))
    assert days_of(environment) == {"2024-02-29"}
    assert days_of(fake_clock.at(TODAY, environment)) == {TODAY.isoformat()}


def test_a_program_whose_path_was_taken(tmp_path: Path) -> None:
    """As Meltano does with the programs of plugins; on a day in the future."""
    script = tmp_path / "launcher"
    python = f"{sys.executable} -c 'import datetime; print(datetime.date.today())'"
    script.write_text(fake_clock.launcher(python), encoding="utf-8")
    environment = fake_clock.at(date(2031, 12, 31))
    del environment["PYTHONPATH"]
    command = ["/bin/sh", str(script)]
    assert subprocess.check_output(command, env=environment) == b"2031-12-31\n"


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2027-07-04", datetime(2027, 7, 4, 12, tzinfo=timezone.utc)),
        ("2026-12-31T23:59:50", datetime(2026, 12, 31, 23, 59, 50, tzinfo=timezone.utc)),
    ],
)
def test_all_tests_as_if_on_another_day(
    monkeypatch: pytest.MonkeyPatch, today: str, expected: datetime
) -> None:
    """The command shifts the clock of pytest, and leaves the linters alone."""
    shifts: dict[str, float] = {}

    def run(
        command: list[str], *, env: Mapping[str, str], **_: object
    ) -> subprocess.CompletedProcess[str]:
        shifts[command[2]] = float(env.get("FAKE_CLOCK_SHIFT", 0))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.delenv("FAKE_CLOCK_SHIFT")
    assert program.main(["--today", today, "-x"]) == 0
    began = time_machine.escape_hatch.time.time() + shifts.pop("pytest")
    assert began == pytest.approx(expected.timestamp(), abs=60)
    assert shifts == {"ruff": 0, "mypy": 0}
