"""The Meltano project of this checkout, for the tests that start processes."""

import shutil
from pathlib import Path

import pytest

from tests import ROOT, fake_clock

# The first run of a session installs the plugins.
SECONDS = 600


@pytest.fixture(scope="session")
def meltano_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy of the project, so that a developer's `.meltano` stays as it is.

    The first run of the session installs the plugins.
    """
    folder = tmp_path_factory.mktemp("meltano")
    definition = (ROOT / "meltano.yml").read_text(encoding="utf-8")
    # The program that makes the page, and the tap.
    page = "pip_url: -e ./analyze"
    assert definition.count(page) == 1
    definition = definition.replace(page, f"pip_url: -e '{ROOT / 'analyze'}'")
    (folder / "meltano.yml").write_text(with_tap(definition, "-e .", folder), "utf-8")
    left = shutil.ignore_patterns("target", "logs", "dbt_packages")
    shutil.copytree(ROOT / "transform", folder / "transform", ignore=left)
    return folder


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
