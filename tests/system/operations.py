"""The page on production: its blocks, and a project that runs them."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import yaml

from tests import ROOT
from tests.system.meltano_fixture import SECONDS, MeltanoProject

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from tests.sandbox import Sandbox

PAGE = ROOT / "docs" / "production.md"

#: A block, or a table, under the comment that names it.
_BLOCK = re.compile(
    r"<!-- operations: ([a-z. ]+) -->\n(?:```[a-z]+\n(.*?)```$|((?:^\|[^\n]*\n)+))",
    re.DOTALL | re.MULTILINE,
)


def blocks() -> dict[str, str]:
    """Return the blocks and tables of the page under their names."""
    page = PAGE.read_text(encoding="utf-8")
    return {name: code or table for name, code, table in _BLOCK.findall(page)}


def table(name: str) -> dict[str, str]:
    """Return a table of the section: what stands in backticks, and what is said of it."""
    rows = re.findall(r"^\| `(.+)` \| (.+) \|$", blocks()[name], re.MULTILINE)
    return dict(rows)


def make_project(
    installed: MeltanoProject, folder: Path, *additions: str
) -> MeltanoProject:
    """Make a project that has what the section adds to `meltano.yml`.

    Args:
        installed: The project as it is, whose plugins are used, once they are installed.
        folder: Where the new one is to be.
        additions: The blocks that are added.
    """
    plugins = installed.folder / ".meltano"
    plugins.mkdir(exist_ok=True)
    (folder / ".meltano").symlink_to(plugins)
    # Where people keep the programs that they run.
    (folder / ".venv").symlink_to(sys.prefix)
    project = yaml.safe_load((installed.folder / "meltano.yml").read_text(encoding="utf-8"))
    for addition in additions:
        project = _merged(project, yaml.safe_load(addition))
    (folder / "meltano.yml").write_text(yaml.safe_dump(project), encoding="utf-8")
    return MeltanoProject(folder)


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return both mappings in one; lists are joined."""
    merged = dict(one)
    for name, value in other.items():
        if isinstance(value, dict):
            merged[name] = _merged(merged.get(name, {}), value)
        elif isinstance(value, list):
            merged[name] = [*merged.get(name, []), *value]
        else:
            merged[name] = value
    return merged


def run_script(
    box: Sandbox, project: MeltanoProject, script: str, **variables: object
) -> subprocess.CompletedProcess[str]:
    """Run commands of the section in the project's folder.

    Args:
        box: The sandbox to run them in.
        project: The project.
        script: The commands.
        variables: What is to be set besides in the environment.

    Returns:
        How they ended; they are sure to have ended well.
    """
    settings = [f"{name}={value}" for name, value in variables.items()]
    # What runs in the background has no exit code that the shell would tell.
    command = ["env", *settings, "sh", "-ec", script]
    done = box.run(command, folder=project.folder, timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-5000:]
    return done


def with_days(script: str, days: Mapping[str, str]) -> str:
    """Return commands with other days than the section's.

    Args:
        script: The commands; they may name these days only.
        days: Day to day.
    """
    return re.sub(r"\d{4}-\d\d-\d\d", lambda day: days[day.group()], script)
