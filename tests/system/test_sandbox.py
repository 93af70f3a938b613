"""The sandbox passes commands through, shows what landed and leaves nothing behind.

So does the simulator as a process of its own.
"""

import dataclasses
import os
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
from tests.sandbox import Sandbox, SandboxedCommandError
from tests.sandbox.__main__ import NEXT, QUIET, answer_to, format_landed, main
from tests.sandbox.database import make_data_folder
from tests.sandbox.sandbox import GRACE_SECONDS, own_environment
from tests.simulator import Options, Simulator
from tests.simulator_tests.asking import kept_session

SIMULATOR = [sys.executable, "-m", "tests.simulator"]
SMALL = ("--users", "2", "--projects", "1")
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


@pytest.mark.parametrize(
    ("number", "script", "appears"),
    [
        (None, "sleep 600 & exit 3", None),
        (signal.SIGTERM, "sleep 600 & touch $TMPDIR/ready; wait; exit 0", "ready"),
        # Not even a command that ignores signals can stay.
        (signal.SIGINT, "trap '' INT TERM; touch $TMPDIR/ready; sleep 600", "ready"),
        # While the database starts, a signal is not lost and breaks nothing.
        (signal.SIGHUP, "sleep 600", "*/PG_VERSION"),
    ],
    ids=["exit", "signal", "stubborn", "start"],
)
def test_leaves_nothing(
    folder: Path, number: signal.Signals | None, script: str, appears: str | None
) -> None:
    """The exit code of a command counts, a signal is no success, helpers always go."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox", *SMALL, "sh", "-c", script],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        end = time.monotonic() + SECONDS
        while appears and not list(folder.glob(appears)):
            assert time.monotonic() < end, f"{appears} never appeared"
            time.sleep(0.02)
        if number:
            assert len(leftovers(folder)) > 2
            # As a terminal does: to all of the foreground's processes.
            os.killpg(process.pid, number)
        output, _ = process.communicate(timeout=SECONDS)
    if number:
        assert (process.returncode, output) == (128 + number, "")
    else:
        assert (process.returncode, output) == (3, "\nNothing landed in the database.\n")
    assert leftovers(folder) == []


def test_needs_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one there is nothing to do."""
    with pytest.raises(SystemExit, match="2"):
        main(["--users", "3"])
    assert "a command is needed" in capsys.readouterr().err


def test_shows_what_landed(box: Sandbox) -> None:
    """One line a table: its rows, and its first and last date if it has dates."""
    with box.connect() as connection:
        connection.execute("""
            create schema loaded;
            create table loaded.dated as
                select date '2026-01-01' + n as date from generate_series(0, 1199) n;
            create table loaded.undated as select 'one' as name;
            create table loaded.empty (date date);
        """)
    assert format_landed(box.landed()).splitlines() == [
        "table            rows  first       last",
        "loaded.dated    1,200  2026-01-01  2029-04-14",
        "loaded.empty        0",
        "loaded.undated      1",
    ]


@pytest.mark.parametrize("verbose", [False, True])
def test_what_is_shown_after_the_command(
    capfd: pytest.CaptureFixture[str], *, verbose: bool
) -> None:
    """The table, then what to do next, or else the answer to a query.

    Meltano gets a configuration of its log, unless all is to be shown.
    """
    [variable] = QUIET
    load = (
        f"import os, psycopg; print(os.environ.get('{variable}'));"
        "url = os.environ['TARGET_POSTGRES_SQLALCHEMY_URL'].replace('+psycopg', '');"
        "connection = psycopg.connect(url, autocommit=True);"
        "connection.execute('create table loaded as select 1 as one, null as two')"
    )
    query = ("--verbose", "--query", "select one, two from loaded") if verbose else ()
    assert main([*SMALL, *query, "python", "-c", load]) == 0
    output = capfd.readouterr().out
    assert output.startswith("None\n" if verbose else f"{QUIET[variable]}\n")
    shown = "one  two\n1\n" if verbose else NEXT
    assert output.endswith(f"\npublic.loaded     1\n\n{shown}")
    assert len(NEXT.splitlines()) == 3


def test_a_query_that_is_none(box: Sandbox) -> None:
    """The database says what is wrong with it."""
    assert 'column "nonsense" does not exist' in answer_to("select nonsense", box)


def test_own_settings_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller has set for tap, targets and Meltano changes no sandbox."""
    names = {"TAP_CLAUDE_ANALYTICS_END_DATE", "TARGET_JSONL_X", "MELTANO_ENVIRONMENT"}
    for name in (*names, "UNRELATED"):
        monkeypatch.setenv(name, "mine")
    mine = {name for name, value in own_environment().items() if value == "mine"}
    assert mine == {"UNRELATED"}


@pytest.mark.parametrize(
    ("command", "told"),
    [
        # A folder of PATH may be closed to who runs this.
        (["no-such-command"], "^no-such-command: (No such file|Permission denied)"),
        (["sh", "-c", "echo still here; sleep 600"], "more than 0.2 s: still here"),
    ],
    ids=["unknown", "slow"],
)
def test_commands_that_fail(box: Sandbox, command: list[str], told: str) -> None:
    """They are ended, and what they said until then is told."""
    with pytest.raises(SandboxedCommandError, match=told):
        box.run(command, timeout=0.2)


def test_helper_with_the_output_does_not_block(box: Sandbox) -> None:
    """A command is over when it ends, even if a helper still holds its output."""
    started = time.monotonic()
    result = box.run(["sh", "-c", "sleep 600 & echo done"])
    assert (result.returncode, result.stdout) == (0, "done\n")
    assert time.monotonic() - started < GRACE_SECONDS


def test_data_never_lies_in_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, the database opens the folders above its data: not those of a home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with pytest.raises(RuntimeError, match="set TMPDIR to one outside"):
        make_data_folder()


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
