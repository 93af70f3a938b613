"""The Meltano project of this checkout, as a fixture."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    import subprocess

    from tests.sandbox import Sandbox

ROOT = Path(__file__).parents[1]

# The first run of a session installs the plugins.
SECONDS = 600


class MeltanoProject(NamedTuple):
    """A copy of the project, so that a developer's own `.meltano` stays as it is."""

    folder: Path

    def run(self, box: Sandbox, *options: str) -> subprocess.CompletedProcess[str]:
        """Runs the tap into PostgreSQL.

        Args:
            box: The sandbox, whose state goes on where its last run ended.
            options: More options of `meltano run`.

        Returns:
            How it ended, and what was logged.
        """
        pipeline = ["tap-claude-analytics", "target-postgres"]
        return self.meltano(box, "run", *options, *pipeline)

    def meltano(self, box: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs Meltano.

        Args:
            box: The sandbox to run it in.
            arguments: What Meltano is to do.

        Returns:
            How it ended, and what was logged.
        """
        return box.run(["meltano", *arguments], folder=self.folder, timeout=SECONDS)


@pytest.fixture(scope="session")
def meltano_project(tmp_path_factory: pytest.TempPathFactory) -> MeltanoProject:
    """The project, with plugins that the first run of the session installs.

    Returns:
        The project.
    """
    folder = tmp_path_factory.mktemp("meltano")
    definition = (ROOT / "meltano.yml").read_text(encoding="utf-8")
    # The tap, and the program that makes the page.
    here = "pip_url: -e ."
    assert definition.count(here) == 2
    (folder / "meltano.yml").write_text(
        definition.replace(here, f"pip_url: -e '{ROOT}'"), encoding="utf-8"
    )
    left = shutil.ignore_patterns("target", "logs", "dbt_packages")
    shutil.copytree(ROOT / "transform", folder / "transform", ignore=left)
    return MeltanoProject(folder)
