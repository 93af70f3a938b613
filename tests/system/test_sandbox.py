"""The sandbox passes commands through, shows what landed and leaves nothing behind.

So does the simulator as a process of its own.
"""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psutil
import pytest

from tests import ROOT
from tests.sandbox import Sandbox
from tests.sandbox.__main__ import NEXT, QUIET, main, shown
from tests.sandbox.sandbox import GRACE_SECONDS, own_environment
from tests.simulator import Options, Simulator
from tests.simulator_tests.asking import kept_session

SIMULATOR = [sys.executable, "-m", "tests.simulator"]
SECONDS = 60


def leftovers(folder: Path) -> list[str]:
    """Return the folders and processes of a sandbox that are still there."""
    # The database's library locks its starts with a file, for all that a user starts.
    known = {f"runtime-{os.getuid()}", "ready"}
    left = [path.name for path in folder.iterdir() if path.name not in known]
    for process in psutil.process_iter(["cmdline", "environ", "status"]):
        mine = "".join(process.info["cmdline"] or []) + str(process.info["environ"])
        if str(folder) in mine and process.info["status"] != psutil.STATUS_ZOMBIE:
            left.append(process.name())
    return left


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary folder, of a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """A sandbox in which each test does something else."""
    with Sandbox(Options(users=2, projects=1)) as sandbox:
        yield sandbox


def start(folder: Path, *command: str) -> subprocess.Popen[str]:
    """Start a command in a sandbox that has its files in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox", "--users=2", *command],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_shows_what_a_command_has_loaded(folder: Path) -> None:
    """The command's exit code counts, and what it leaves running is ended.

    Meltano gets a configuration of its log.
    """
    [variable] = QUIET
    load = f"""
import os, psycopg, subprocess, sys
print(os.environ[{variable!r}], flush=True)
url = os.environ["TARGET_POSTGRES_SQLALCHEMY_URL"].replace("+psycopg", "")
with psycopg.connect(url) as connection:
    connection.execute("create table loaded as select 1 as one, null as two")
subprocess.Popen(["sleep", "600"])
sys.exit(3)
"""
    with start(folder, "--query=select * from loaded", "python", "-c", load) as process:
        output, _ = process.communicate(timeout=SECONDS)
    table = "table          rows  first  last\npublic.loaded  1"
    assert output == f"{QUIET[variable]}\n\n{table}\n\none  two\n1\n"
    assert process.returncode == 3
    assert leftovers(folder) == []


@pytest.mark.parametrize(
    ("number", "script", "appears"),
    [
        (signal.SIGTERM, "sleep 600 & touch $TMPDIR/ready; wait; exit 0", "ready"),
        # Not even a command that ignores signals can stay.
        (signal.SIGINT, "trap '' INT TERM; touch $TMPDIR/ready; sleep 600", "ready"),
        # While the database starts, a signal is not lost and breaks nothing.
        (signal.SIGHUP, "sleep 600", "*/data/PG_VERSION"),
    ],
    ids=["signal", "stubborn", "start"],
)
def test_a_signal_leaves_nothing(
    folder: Path, number: signal.Signals, script: str, appears: str
) -> None:
    """It is no success, and helpers always go."""
    with start(folder, "sh", "-c", script) as process:
        end = time.monotonic() + SECONDS
        while not list(folder.glob(appears)):
            assert time.monotonic() < end, f"{appears} never appeared"
            time.sleep(0.02)
        assert len(leftovers(folder)) > 2
        # As a terminal does: to all of the foreground's processes.
        os.killpg(process.pid, number)
        output, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, output) == (128 + number, "")
    assert leftovers(folder) == []


def test_needs_a_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that can be run."""
    with pytest.raises(SystemExit, match="2"):
        main(["--users", "3"])
    assert "a command is needed" in capsys.readouterr().err
    with start(folder, "no-such-command") as process:
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 127
    # A folder of PATH may be closed to who runs this.
    told = r".* (No such file or directory|Permission denied): 'no-such-command'\n"
    assert re.fullmatch(rf"{told}\nNothing landed in the database\.\n", output)


def test_what_is_shown(box: Sandbox) -> None:
    """One line a table: its rows, and its first and last date if it has dates."""
    with box.connect() as connection:
        connection.execute("""
            create schema loaded;
            create table loaded.dated as
                select date '2026-01-01' + n as date from generate_series(0, 1199) n;
            create table loaded.undated as select 'one' as name;
            create table loaded.empty (date date);
        """)
    assert shown(box, query=None).split("\n", 6) == [
        "",
        "table           rows   first       last",
        "loaded.dated    1,200  2026-01-01  2029-04-14",
        "loaded.empty    0",
        "loaded.undated  1",
        "",
        NEXT,
    ]
    assert len(NEXT.splitlines()) == 3
    assert 'column "nonsense" does not exist' in shown(box, "select nonsense")


def test_own_settings_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller has set for tap, targets and Meltano changes no sandbox."""
    names = {"TAP_CLAUDE_ANALYTICS_END_DATE", "TARGET_JSONL_X", "MELTANO_ENVIRONMENT"}
    for name in (*names, "UNRELATED"):
        monkeypatch.setenv(name, "mine")
    mine = {name for name, value in own_environment().items() if value == "mine"}
    assert mine == {"UNRELATED"}


def test_when_a_command_is_over(box: Sandbox) -> None:
    """When it ends, even if a helper still holds its output, or when it takes too long."""
    started = time.monotonic()
    result = box.run(["sh", "-c", "sleep 600 & echo done"])
    assert (result.returncode, result.stdout) == (0, "done\n")
    assert time.monotonic() - started < GRACE_SECONDS
    with pytest.raises(TimeoutError, match="more than 1 s: still here"):
        box.run(["sh", "-c", "echo still here; sleep 600"], timeout=1)


def test_help_names_every_option() -> None:
    """Each option is a flag with a help text."""
    wide = {**os.environ, "COLUMNS": "200"}
    shown = subprocess.check_output([*SIMULATOR, "--help"], text=True, env=wide)
    for option in dataclasses.fields(Options):
        assert f"--{option.name.replace('_', '-')}" in shown
        assert option.metadata["help"] in " ".join(shown.split())


def test_a_wrong_option_is_one_sentence() -> None:
    """A generation that never was is a usage error."""
    command = [*SIMULATOR, "--generation", "1999-01-01"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "generation" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_as_a_process(end: signal.Signals) -> None:
    """It says where it listens and ends cleanly when told to."""
    options = ["--today", "2026-10-08", "--users", "9", "--api-key", "sk-ant-api01-cli"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*SIMULATOR, *options], stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            assert process.stdout is not None
            base, key = (process.stdout.readline().split()[-1] for _ in range(2))
            assert key == "sk-ant-api01-cli"
            with kept_session() as session:
                session.headers["x-api-key"] = key
                answer = session.get(f"{base}users?date=2026-10-06", timeout=10)
            same = Simulator(Options(users=9))
            assert answer.json()["data"] == same.truth("users", date(2026, 10, 6))
            process.send_signal(end)
            output, errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert (process.returncode, output, errors) == (0, "", "")
