"""The README's way to a first table, as a newcomer pastes it into an empty folder."""

import json
import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests import ROOT, docs
from tests.simulator import Options, Simulator
from tests.system.targets.environment import variables
from tests.system.targets.table import TARGETS

TODAY = date(2026, 11, 9)
[DUCKDB] = [target for target in TARGETS if target.destination == "DuckDB"]


def run_bash(folder: Path, script: str, **environment: str) -> str:
    """Run a script as if it were pasted, up to its first error; return what it says."""
    done = subprocess.run(
        ["/usr/bin/env", "bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=variables() | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.skipif(
    not DUCKDB.knows_python, reason="DuckDB's target does not install on this Python"
)
def test_the_first_table(tmp_path: Path) -> None:
    """Only the address of the package, the key and the first day are others."""
    script = docs.block("first table")
    for requirement in DUCKDB.requirements:
        assert f"'{requirement}'" in script
    states = tmp_path / "states.jsonl"
    with Simulator(Options(users=3, projects=2)) as simulator:
        days = [simulator.latest - timedelta(days=n) for n in (5, 4, 3, 2)]
        for pattern, replacement in (
            (r"git\+https\S+", f"'{ROOT}'"),
            (r"sk-ant-api01-…", simulator.options.api_key),
            (r"(START_DATE=)\S+", rf"\g<1>{days[0]}"),
        ):
            script, count = re.subn(pattern, replacement, script)
            assert count == 1, pattern
        # The newcomer's Python is the one that runs the tests.
        path = f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}"
        url = {"TAP_CLAUDE_ANALYTICS_API_URL": simulator.url}
        shown = run_bash(tmp_path, script, PATH=path, **url)
        before = states.read_text(encoding="utf-8")
        # The second run, with what is installed, goes on from the state of the first.
        [exports] = re.findall(r"^export .*$", script, re.MULTILINE)
        streams = run_bash(tmp_path, f"{exports}\n{docs.block('plain singer')}", **url)
        expected = [
            f"{day} │ {row['daily_active_user_count']} │ {row['weekly_active_user_count']}"
            f" │ {row['assigned_seat_count']}"
            for day in days
            for row in simulator.truth("summaries", day)
        ]
    assert "accepts the key" in shown
    table = [" ".join(line.strip("│ ").split()) for line in shown.splitlines()]
    assert [line for line in table if line in expected] == expected
    assert "| skills_by_team |" in streams
    catalog = json.loads((tmp_path / "catalog.json").read_text(encoding="utf-8"))
    assert "skills_by_team" in {entry["stream"] for entry in catalog["streams"]}
    after = states.read_text(encoding="utf-8")
    assert after.startswith(before)
    old, new = (json.loads(text.splitlines()[-1]) for text in (before, after))
    old, new = old["bookmarks"]["skills"], new["bookmarks"]["skills"]
    assert old["replication_key_value"] == new["replication_key_value"]
    assert old["latest_snapshot_at"] < new["latest_snapshot_at"]
