"""The distributions hold the package and nothing else, and an installed one works."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT
from tests.system.targets.environment import install_packages

PACKAGE = "tap_claude_analytics"
NAME = "tap-claude-analytics"
#: What takes long to import.
HEAVY = {"click", "pendulum", "requests", "singer_sdk", f"{PACKAGE}.tap"}


class Built(NamedTuple):
    """The distributions of this checkout, and what is in them."""

    wheel: Path
    files: dict[str, str]
    about: Message
    sdist: set[str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build them as a release does, the wheel from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--installer=uv", f"--outdir={folder}"]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    [metadata] = [text for name, text in files.items() if name.endswith("/METADATA")]
    with tarfile.open(sdist) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    return Built(wheel, files, Parser().parsestr(metadata), names)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel, what it depends on, and no more."""
    folder = tmp_path_factory.mktemp("installed")
    return install_packages([str(built.wheel)], folder / "environment")


def run(
    program: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a program away from the checkout."""
    return subprocess.run(
        [program, *arguments],
        cwd=program.parent,
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )


def imported(log: str) -> set[str]:
    """Return the modules that Python says it imported, by `-X importtime`."""
    return set(re.findall(r"^import time:.*\| +([\w.]+)$", log, re.MULTILINE))


def test_distributions_are_the_package(built: Built) -> None:
    """Every module and schema, the marker of types and the licence; no tests."""
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    folder = f"{PACKAGE}-{built.about['Version']}.dist-info"
    about = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    assert built.files.keys() == package | {f"{folder}/{name}" for name in about}
    assert f"{PACKAGE}/py.typed" in built.files
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert built.files[f"{folder}/licenses/LICENSE"] == licence
    # And what it takes to build the wheel; the backend adds the list of what to ignore.
    beside = {"LICENSE", "README.md", "CHANGELOG.md", "PKG-INFO", "pyproject.toml"}
    assert built.sdist - {".gitignore"} == package | beside


def test_metadata_is_complete(built: Built) -> None:
    """What a package index shows."""
    about = built.about
    expected = {
        "Name": NAME,
        "Metadata-Version": "2.4",  # what uploading actions of today accept
        "License-Expression": "Apache-2.0",
        "License-File": "LICENSE",
        "Description-Content-Type": "text/markdown",
    }
    assert dict(about.items()).items() >= expected.items()
    assert all(about[name] for name in ("Summary", "Author"))
    assert {"singer.io", "Meltano", "Claude"} <= set(about["Keywords"].split(","))
    links = dict(link.split(", ") for link in about.get_all("Project-URL", []))
    assert links.keys() >= {"Homepage", "Documentation", "Issues", "Changelog"}
    home = links["Repository"]
    assert all(link.startswith(home) for link in links.values())
    # A package index has no other files of the repository, nor its pictures.
    shown = str(about.get_payload())
    addresses = re.findall(r"\]\(([^)]+)\)", shown)
    assert {f"{home}/raw/main/.github/page.png", f"{home}/blob/main/CONTRIBUTING.md"} <= {
        *addresses
    }
    assert all(address.startswith(("https://", "#")) for address in addresses)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.sub(rf"\]\({home}/(raw|blob)/main/", "](", shown) == readme


def test_pythons_are_those_that_are_tested(built: Built) -> None:
    """Classifiers, the lowest version and the versions in CI are the same."""
    classifiers = built.about.get_all("Classifier", [])
    form = re.compile(r"Programming Language :: Python :: (3\.\d+)")
    pythons = [found[1] for each in classifiers if (found := form.fullmatch(each))]
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python-version"] == pythons
    assert built.about["Requires-Python"] == f">={pythons[0]}"
    assert "Typing :: Typed" in classifiers


def test_installed_command_works(installed: Path) -> None:
    """Without anything that only developers have, and away from the checkout."""
    catalog = json.loads(run(installed / NAME, "--discover").stdout)
    assert "readings" in [entry["stream"] for entry in catalog["streams"]]
    where = run(installed / "python", "-c", f"import {PACKAGE}; print({PACKAGE}.__file__)")
    assert where.stdout.startswith(str(installed.parent))


def test_version_is_told_at_once(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the SDK's words, but before all that takes long; so is the package alone."""
    TapClaudeAnalytics.print_version()
    expected = capsys.readouterr().out
    for program, *arguments in ((NAME,), ("python", "-m", PACKAGE)):
        told = run(
            installed / program, *arguments, "--version", PYTHONPROFILEIMPORTTIME="1"
        )
        assert told.stdout == expected
        assert "importlib.metadata" in imported(told.stderr)
        assert not HEAVY & imported(told.stderr)
    done = run(installed / "python", "-X", "importtime", "-c", f"import {PACKAGE}")
    assert PACKAGE in imported(done.stderr)
    assert not HEAVY & imported(done.stderr)


def test_about_describes_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """In Markdown, as people read it: every setting and every stream."""
    TapClaudeAnalytics.print_about("markdown")
    rows = re.findall(r"^\| (\w+) \|.*\| (.*) \|$", capsys.readouterr().out, re.MULTILINE)
    told = {name for name, description in rows if len(description.split()) > 2}
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    assert {*tap.config_jsonschema["properties"], *tap.streams} - told == set()
