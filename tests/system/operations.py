"""The page on production: its blocks, and a project that runs them."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import yaml
from meltano.core.utils import deep_merge

from tests import ROOT
from tests.system.meltano_fixture import MeltanoProject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
    """Make a project with the same plugins, and with blocks added to `meltano.yml`."""
    plugins = installed.folder / ".meltano"
    plugins.mkdir(exist_ok=True)
    (folder / ".meltano").symlink_to(plugins)
    # Where people keep the programs that they run.
    (folder / ".venv").symlink_to(sys.prefix)
    project = yaml.safe_load((installed.folder / "meltano.yml").read_text(encoding="utf-8"))
    project = deep_merge(project, *map(yaml.safe_load, additions))
    (folder / "meltano.yml").write_text(yaml.safe_dump(project), encoding="utf-8")
    return MeltanoProject(folder)


def with_days(script: str, days: Mapping[str, str]) -> str:
    """Return commands with other days than the section's; they may name no more."""
    return re.sub(r"\d{4}-\d\d-\d\d", lambda day: days[day.group()], script)
