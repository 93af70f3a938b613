"""The Meltano project of this checkout, as a fixture."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests import ROOT, fake_clock

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.sandbox import Sandbox


# The first run of a session installs the plugins.
SECONDS = 600


class MeltanoProject(NamedTuple):
    """A copy of the project, so that a developer's own `.meltano` stays as it is."""

    folder: Path

    def run(self, box: Sandbox) -> subprocess.CompletedProcess[str]:
        """Run the tap into PostgreSQL, from where the sandbox's last run has ended."""
        command = ["meltano", "run", "tap-claude-analytics", "target-postgres"]
        return box.run(command, folder=self.folder, timeout=SECONDS)


@pytest.fixture(scope="session")
def meltano_project(tmp_path_factory: pytest.TempPathFactory) -> MeltanoProject:
    """The project, with plugins that the first run of the session installs."""
    folder = tmp_path_factory.mktemp("meltano")
    definition = (ROOT / "meltano.yml").read_text(encoding="utf-8")
    # The tap, and the program that makes the page.
    definition = with_tap(definition, "-e .", folder)
    here = "pip_url: -e ./analyze"
    assert definition.count(here) == 1
    definition = definition.replace(here, f"pip_url: -e '{ROOT / 'analyze'}'")
    (folder / "meltano.yml").write_text(definition, "utf-8")
    left = shutil.ignore_patterns("target", "logs", "dbt_packages")
    shutil.copytree(ROOT / "transform", folder / "transform", ignore=left)
    return MeltanoProject(folder)


def with_tap(definition: str, pip_url: str, folder: Path) -> str:
    """Return the YAML of a definition with this checkout in the place of a `pip_url`.

    A script in the folder starts the tap, so that its clock is ours.
    """
    program = "tap-claude-analytics"
    script = folder / program
    script.write_text(fake_clock.launcher(program), encoding="utf-8")
    script.chmod(0o755)
    for name, old, new in (
        ("pip_url", pip_url, f"-e '{ROOT}'"),
        ("executable", program, script),
    ):
        assert definition.count(f"{name}: {old}\n") == 1
        definition = definition.replace(f"{name}: {old}\n", f"{name}: {new}\n")
    return definition
