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
    # Classifiers, the lowest version and the versions in CI are the same.
    classifiers = about.get_all("Classifier", [])
    form = re.compile(r"Programming Language :: Python :: (3\.\d+)")
    pythons = [found[1] for each in classifiers if (found := form.fullmatch(each))]
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python-version"] == pythons
    assert about["Requires-Python"] == f">={pythons[0]}"
    assert "Typing :: Typed" in classifiers


def test_an_installed_command_works(
    built: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without anything that only developers have, and away from the checkout.

    It tells its version in the SDK's words, but before all that takes long; so is the
    package alone.
    """
    programs = install_packages([str(built.wheel)], tmp_path / "environment")

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [programs / program, *arguments],
            cwd=programs,
            env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )

    catalog = json.loads(run(NAME, "--discover").stdout)
    assert "readings" in [entry["stream"] for entry in catalog["streams"]]
    TapClaudeAnalytics.print_version()
    version = capsys.readouterr().out
    where = run("python", "-c", f"import {PACKAGE}; print({PACKAGE}.__file__)")
    assert where.stdout.startswith(str(programs.parent))
    told = [run(NAME, "--version"), run("python", "-m", PACKAGE, "--version")]
    assert [done.stdout for done in told] == [version] * 2
    for done in (where, *told):
        imported = re.findall(r"^import time:.*\| +([\w.]+)$", done.stderr, re.MULTILINE)
        assert PACKAGE in imported
        assert not HEAVY & {*imported}


def test_about_describes_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """In Markdown, as people read it: every setting and every stream."""
    TapClaudeAnalytics.print_about("markdown")
    rows = re.findall(r"^\| (\w+) \|.*\| (.*) \|$", capsys.readouterr().out, re.MULTILINE)
    told = {name for name, description in rows if len(description.split()) > 2}
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    assert {*tap.config_jsonschema["properties"], *tap.streams} - told == set()
