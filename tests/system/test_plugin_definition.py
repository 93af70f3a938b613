"""The plugin definition says what the tap says, and Meltano can add and run it."""

import json
import re
import shlex
from collections.abc import Sequence
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from yamllint import linter  # type: ignore[import-untyped]
from yamllint.config import YamlLintConfig  # type: ignore[import-untyped]

from tests import ROOT, docs, plugin_definition
from tests.sandbox import Sandbox
from tests.simulator import Options
from tests.system.conftest import SECONDS, with_tap

#: Some days after those that are read.
TODAY = date(2026, 2, 10)
TEXT = (ROOT / "plugin-definition.yml").read_text(encoding="utf-8")
DEFINITION = yaml.safe_load(TEXT)
PROJECT = (ROOT / "meltano.yml").read_text(encoding="utf-8")
NAME = "tap-claude-analytics"
#: How the file's own header says that the plugin is added.
COMMANDS = re.findall(r"^#   (meltano .*)$", TEXT, re.MULTILINE)

LINK = {"type": "string", "pattern": r"^https://[^\s]+$"}
WORDS = {"type": "string", "minLength": 1}
KINDS = "array boolean date_iso8601 integer object options password string"


def listed(pattern: str) -> dict[str, Any]:
    """Return the schema of a list of texts."""
    return {"type": "array", "items": {"type": "string", "pattern": pattern}}


#: What only hubs know; Meltano does not take these in `meltano.yml`.
OF_HUBS = {
    "domain_url": LINK,
    "keywords": {"type": "array", "items": WORDS, "contains": {"const": "meltano_sdk"}},
    "maintenance_status": {
        "enum": ["active", "beta", "development", "inactive", "unknown"]
    },
    "quality": {"enum": ["gold", "silver", "bronze", "unknown"]},
    "supported_python_versions": listed(r"^3\.\d+$"),
    **dict.fromkeys(("prereq", "settings_preamble", "next_steps", "usage"), WORDS),
}
#: A setting that explains itself.
SETTING = {
    "required": ["name", "kind", "label", "description"],
    "properties": {
        **dict.fromkeys(("name", "label", "description"), WORDS),
        "kind": {"enum": KINDS.split()},
        "options": {
            "type": "array",
            "items": {
                "required": ["label", "value"],
                "properties": dict.fromkeys(("label", "value"), WORDS),
            },
        },
    },
    "if": {"properties": {"kind": {"const": "options"}}},
    "then": {"required": ["options"]},
}
#: What hubs ask of a definition beyond what Meltano asks of any plugin: these keys, all of
#: them filled in.
HUB_RULES: dict[str, Any] = {
    "additionalProperties": False,
    "properties": {
        **OF_HUBS,
        **dict.fromkeys(("name", "label", "description", "pip_url", "executable"), WORDS),
        "variant": {"type": "string", "pattern": r"^[a-z0-9-]+$"},
        "namespace": {"type": "string", "pattern": r"^[a-z0-9_]+$"},
        **dict.fromkeys(("docs", "repo", "logo_url"), LINK),
        "capabilities": {"type": "array", "uniqueItems": True},
        "settings": {"type": "array", "items": SETTING},
        "settings_group_validation": {"type": "array", "minItems": 1},
        "select": listed(r"^!?[a-z_*]+\.[a-z_*]+$"),
    },
}
HUB_RULES["required"] = [*HUB_RULES["properties"].keys() - {"supported_python_versions"}]
#: How hubs have their files checked by yamllint.
YAML_RULES = """
extends: default
rules:
  braces: {forbid: non-empty}
  document-start: {present: false}
  indentation: {spaces: 2, indent-sequences: false}
  key-ordering: enable
  line-length: disable
  truthy: disable
"""


def test_files_are_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails: `python -m tests.plugin_definition --write`.

    Whatever the entry of the project said before is written anew, and nothing else.
    """
    file, project = tmp_path / "plugin-definition.yml", tmp_path / "meltano.yml"
    own, loaders = PROJECT.split("  loaders:")
    old = re.sub(r"(label|description|kind): .*", r"\1: old", own)
    project.write_text(f"{old}  loaders:{loaders}", encoding="utf-8")
    monkeypatch.setattr(plugin_definition, "FILE", file)
    monkeypatch.setattr(plugin_definition, "PROJECT", project)
    plugin_definition.main(["--write"])
    assert file.read_text(encoding="utf-8") == TEXT
    assert project.read_text(encoding="utf-8") == PROJECT


def test_fits_the_rules_of_hubs() -> None:
    """Complete, with nothing that hubs would refuse; keys are sorted, for one thing."""
    assert not [*Draft7Validator(HUB_RULES).iter_errors(DEFINITION)]
    assert not [*linter.run(TEXT, YamlLintConfig(YAML_RULES))]


def test_fits_meltanos_schema() -> None:
    """The definition as a plugin of a project, and this repository's own project."""
    file = resources.files("meltano.schemas") / "meltano.schema.json"
    meltano = Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))
    plugin = {name: DEFINITION[name] for name in DEFINITION.keys() - OF_HUBS.keys()}
    for project in ({"plugins": {"extractors": [plugin]}}, yaml.safe_load(PROJECT)):
        assert not [*meltano.iter_errors(project)]


def test_says_what_matters() -> None:
    """The generator is right about kinds, secrets, values and options."""
    by_name = {setting["name"]: setting for setting in DEFINITION["settings"]}
    secrets = [name for name, each in by_name.items() if each.get("sensitive")]
    assert secrets == ["api_key", "personal_data_salt"]
    assert DEFINITION["settings_group_validation"] == [["api_key"]]
    kinds = dict.fromkeys(("start_date", "end_date"), "date_iso8601")
    kinds |= {"api_key": "password", "report_group_by": "array", "stream_maps": "object"}
    assert {name: by_name[name]["kind"] for name in kinds} == kinds
    values = {"exclude_deleted_users": False, "start_date": "2026-01-01", "api_key": None}
    values |= {"flattening_max_key_length": 64}
    assert {name: by_name[name].get("value") for name in values} == values
    widths = [each["value"] for each in by_name["report_bucket_width"]["options"]]
    assert widths == ["1d", "1h", "1m"]
    assert "batch" not in DEFINITION["capabilities"]


def test_addresses_lead_into_the_repository() -> None:
    """What they name in it is there; the README's commands have that of the file."""
    repo, name = DEFINITION["repo"], plugin_definition.FILE.name
    shown = [text.replace(name, f"{repo}/raw/main/{name}") for text in COMMANDS]
    assert docs.block("meltano add").splitlines() == shown
    assert (ROOT / DEFINITION["logo_url"].removeprefix(f"{repo}/raw/main/")).is_file()
    assert DEFINITION["docs"].removesuffix("#readme") == repo
    assert DEFINITION["pip_url"] == f"git+{repo}.git"


def test_runs_in_a_new_project(tmp_path: Path) -> None:
    """Added with the commands that stand in the file, it reads what they select."""
    project = tmp_path / "project"

    def call(command: Sequence[str], folder: Path) -> str:
        done = box.run(command, folder=folder, timeout=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with Sandbox(Options(users=3, projects=2)) as box:
        box.environment["TAP_CLAUDE_ANALYTICS_START_DATE"] = "2026-02-03"
        box.environment["TAP_CLAUDE_ANALYTICS_END_DATE"] = "2026-02-04"
        call(["meltano", "init", project.name], tmp_path)
        here = with_tap(TEXT, DEFINITION["pip_url"], project)
        (project / "plugin-definition.yml").write_text(here, encoding="utf-8")
        for command in COMMANDS:
            call(shlex.split(command), project)
        messages = map(json.loads, call(["meltano", "invoke", NAME], project).splitlines())
        read = {each["stream"] for each in messages if each["type"] == "RECORD"}
    assert read == {rule.removesuffix(".*") for rule in DEFINITION["select"]}
