"""CONTRIBUTING.md does what it says: its stream is read, its commands and paths exist."""

from __future__ import annotations

import importlib.util
import json
import re
import runpy
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tap_claude_analytics import tap
from tap_claude_analytics.streams import schemas
from tap_claude_analytics.streams.specs import SPECS
from tests import ROOT
from tests.simulator import ENDPOINTS
from tests.singer import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulator import Simulator

PACKAGE = ROOT / "tap_claude_analytics"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: What is set as code in the running text.
PHRASES = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)))
DAYS = ("2026-01-05", "2026-01-06")
KEYS = ("p1", "p2")


def block(mark: str) -> str:
    """Return the block of code under a mark."""
    fenced = TEXT.split(f"<!-- {mark} -->\n```")[1].split("\n```")[0]
    return fenced.partition("\n")[2]


@pytest.fixture
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Add the document's stream, as the document says."""
    spec_text = block("stream spec")
    assert len(spec_text.splitlines()) <= 12
    (tmp_path / "prompts.py").write_text(spec_text, encoding="utf-8")
    spec = runpy.run_path(str(tmp_path / "prompts.py"))["PROMPTS"]
    monkeypatch.setattr(tap, "SPECS", (*SPECS, spec))
    folder = shutil.copytree(PACKAGE / "schemas", tmp_path / "schemas")
    (folder / "prompts.json").write_text(block("stream schema"), encoding="utf-8")
    monkeypatch.setattr(schemas, "FOLDER", folder)
    monkeypatch.setitem(ENDPOINTS, "prompts", replace(ENDPOINTS["skills"], path="prompts"))
    schema: dict[str, Any] = json.loads(block("stream schema"))
    return schema


def test_the_example_is_a_stream(prompts: dict[str, Any], simulator: Simulator) -> None:
    """Its days are read with readings and bookmark, and what is new in them is kept."""
    for day in DAYS:
        rows = [{"prompt_id": key, "distinct_user_count": 2, "new": day} for key in KEYS]
        # Dictated answers are given in the order in which days are asked for.
        simulator.reply("prompts", body={"data": rows, "next_page": None}, times=1)
    discovered = tap.TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    streams = discovered.catalog_dict["streams"]
    chosen = [each for each in streams if each["stream"] in {"prompts", "readings"}]
    output = run(
        simulator, catalog={"streams": chosen}, start_date=DAYS[0], end_date=DAYS[-1]
    )
    assert output.error is None
    described = output.schemas["prompts"]
    assert described["schema"]["required"] == [*described["key_properties"], "snapshot_at"]
    records = output.records("prompts")
    assert [(each["date"], each["prompt_id"]) for each in records] == [
        (day, key) for day in DAYS for key in KEYS
    ]
    assert [each["additional_fields"] for each in records[:2]] == [{"new": DAYS[0]}] * 2
    assert all(each.keys() == prompts["properties"].keys() for each in records)
    assert output.read_days("prompts") == list(DAYS)
    assert output.bookmark("prompts") == DAYS[-1]


def test_commands_exist() -> None:
    """Every command runs something that is there, and every program of tests/ is named."""
    modules = {
        match[1] for each in PHRASES if (match := re.match(r"python -m (\S+)", each))
    }
    for module in modules - {"mutmut"}:  # It has a dependency group of its own.
        assert importlib.util.find_spec(module), module
    for command in PHRASES:
        if command.startswith("pytest "):
            assert all((ROOT / path).is_file() for path in command.split()[1:]), command
    programs = [*ROOT.glob("tests/*/__main__.py"), *ROOT.glob("tests/[!t]*.py")]
    expected = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
        for path in [*programs, ROOT / "tests" / "__main__.py"]
        if '\nif __name__ == "__main__":\n' in path.read_text(encoding="utf-8")
    }
    assert {module for module in modules if module.startswith("tests")} == expected


def test_paths_exist() -> None:
    """Whatever the text points at is there."""
    paths = {
        each for each in PHRASES if re.fullmatch(r"(tests|tap_claude_analytics)/\S*", each)
    }
    links = set(re.findall(r"\]\(([^)#]+)", TEXT))
    assert len(paths) > 5
    assert {each for each in paths | links if not (ROOT / each).exists()} == set()
