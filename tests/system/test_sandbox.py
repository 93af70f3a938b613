"""The sandbox passes commands through, shows what landed and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import yaml

from tests import ROOT
from tests.sandbox import Landed, Sandbox, SandboxedCommandError
from tests.sandbox.__main__ import NEXT, QUIET, answer_to, format_landed, main
from tests.sandbox.command import GRACE_SECONDS
from tests.sandbox.database import make_data_folder
from tests.sandbox.environment import build_environment
from tests.simulator import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

SANDBOX = (sys.executable, "-m", "tests.sandbox")
SMALL = ("--users", "2", "--projects", "1")
SECONDS = 60

# A command with a helper in the background. It says in a file which processes these are.
SCRIPT = """
sleep 600 &
echo "$! $$" > "$0.part"
mv "$0.part" "$0"
"""
STUBBORN = "trap '' INT TERM HUP\n"


class Run:
    """One `python -m tests.sandbox` with a temporary folder of its own."""

    def __init__(self, folder: Path, script: str) -> None:
        """Starts it, with a command for a shell."""
        self.folder = folder
        self._report = folder / "report"
        self._process = subprocess.Popen(
            [*SANDBOX, *SMALL, "sh", "-c", script, str(self._report)],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_until(self, pattern: str) -> None:
        """Waits for a file in the temporary folder."""
        end = time.monotonic() + SECONDS
        while not list(self.folder.glob(pattern)):
            assert time.monotonic() < end, f"{pattern} never appeared"
            assert self._process.poll() is None, self._process.communicate()
            time.sleep(0.02)

    def interrupt(self, number: int) -> None:
        """Sends a signal as a terminal does: to all of the foreground's processes."""
        os.killpg(self._process.pid, number)

    def finish(self) -> tuple[int, str]:
        """Waits for the end: exit code and output."""
        output, _ = self._process.communicate(timeout=SECONDS)
        return self._process.returncode, output

    def leftovers(self) -> list[str]:
        """Lists the folders and the processes that are still there."""
        # The database's library locks its starts with a file, for all that it starts.
        known = {self._report.name, ".lockfile"}
        left = [path.name for path in self.folder.iterdir() if path.name not in known]
        pids = self._report.read_text().split() if self._report.exists() else []
        for process in psutil.process_iter(["cmdline", "status"]):
            command = " ".join(process.info["cmdline"] or [])
            is_ours = str(process.pid) in pids or str(self.folder) in command
            if is_ours and process.info["status"] != psutil.STATUS_ZOMBIE:
                left.append(command)
        return left


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A temporary folder, of a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """A sandbox in which each test does something else."""
    with Sandbox(Options(users=2, projects=1)) as sandbox:
        yield sandbox


def test_leaves_nothing_after_a_command(temporary: Path) -> None:
    """If it fails too, its exit code counts and its helper goes."""
    run = Run(temporary, f"{SCRIPT}exit 3")
    assert run.finish() == (3, "\nNothing landed in the database.\n")
    assert run.leftovers() == []


def test_leaves_nothing_after_a_signal(temporary: Path) -> None:
    """A signal in the middle of a command ends it, and is no success."""
    run = Run(temporary, f"{SCRIPT}wait; exit 0")
    run.wait_until("report")
    assert len(run.leftovers()) > 2
    run.interrupt(signal.SIGTERM)
    assert run.finish() == (128 + signal.SIGTERM, "")
    assert run.leftovers() == []


def test_second_signal_kills(temporary: Path) -> None:
    """Not even a command that ignores signals can stay."""
    run = Run(temporary, f"{STUBBORN}{SCRIPT}wait")
    run.wait_until("report")
    started = time.monotonic()
    for _ in range(2):
        run.interrupt(signal.SIGINT)
        time.sleep(0.5)
    assert run.finish() == (128 + signal.SIGINT, "")
    assert time.monotonic() - started < GRACE_SECONDS
    assert run.leftovers() == []


def test_leaves_nothing_after_a_signal_at_the_start(temporary: Path) -> None:
    """A signal while the database starts is not lost and breaks nothing."""
    run = Run(temporary, f"{SCRIPT}wait")
    run.wait_until("tap-sandbox-*/PG_VERSION")
    run.interrupt(signal.SIGINT)
    assert run.finish() == (128 + signal.SIGINT, "")
    assert run.leftovers() == []


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    """It gets a shell's exit code and one line."""
    assert main(["no-such-command"]) == 127
    assert capsys.readouterr().err == "no-such-command: No such file or directory\n"


def test_needs_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one there is nothing to do."""
    with pytest.raises(SystemExit, match="2"):
        main(["--users", "3"])
    assert "a command is needed" in capsys.readouterr().err


def test_shows_what_landed(box: Sandbox) -> None:
    """One line a table: its rows, and its first and last date if it has dates."""
    with box.connect() as connection:
        connection.execute("create schema loaded")
        connection.execute("create table loaded.dated (date date)")
        connection.execute("create table loaded.undated (name text)")
        connection.execute("create table loaded.empty (date date)")
        connection.execute(
            "insert into loaded.dated select date '2026-01-01' + n "
            "from generate_series(0, 1199) n"
        )
        connection.execute("insert into loaded.undated values ('one')")
    landed = box.landed()
    assert landed == [
        Landed("loaded", "dated", 1200, "2026-01-01", "2029-04-14"),
        Landed("loaded", "empty", 0, None, None),
        Landed("loaded", "undated", 1, None, None),
    ]
    assert format_landed(landed).splitlines() == [
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


def test_levels_of_the_log() -> None:
    """Loaders are quiet, extractors are not; by the names that Meltano gives them."""
    [path] = QUIET.values()
    levels = yaml.safe_load(Path(path).read_text("utf-8"))["loggers"]
    assert levels["meltano.plugin.stderr.loaders"]["level"] == "WARNING"
    assert not any("extractors" in name for name in levels)


def test_command_finds_its_sandbox(box: Sandbox) -> None:
    """Tap and target are led to the sandbox, with the programs of this Python first."""
    result = box.run(["sh", "-c", 'echo "$TAP_CLAUDE_ANALYTICS_API_URL"; echo "$PATH"'])
    url, path = result.stdout.split()
    assert url == box.simulator.url
    assert path.split(os.pathsep)[0] == sysconfig.get_path("scripts")
    assert box.query("select 1 + 1") == [(2,)]


def test_own_settings_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller has set for tap, targets and Meltano changes no sandbox."""
    names = ("TAP_CLAUDE_ANALYTICS_END_DATE", "TARGET_JSONL_X", "MELTANO_ENVIRONMENT")
    for name in (*names, "TAP_CLAUDE_ANALYTICS_API_KEY", "UNRELATED"):
        monkeypatch.setenv(name, "mine")
    environment = build_environment(
        api_url="url",
        api_key="key",
        database_url="postgresql+psycopg://me@/base?host=here",
        folder=Path("folder"),
    )
    assert environment["TAP_CLAUDE_ANALYTICS_API_KEY"] == "key"
    assert environment["UNRELATED"] == "mine"
    assert not set(names) & set(environment)


def test_command_may_not_take_longer_than_said(box: Sandbox) -> None:
    """It is ended, and what it said until then is told."""
    with pytest.raises(SandboxedCommandError, match=r"more than 0.2 s: still here"):
        box.run(["sh", "-c", "echo still here; sleep 600"], timeout=0.2)


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
