"""The plugin definition says what the tap says, and Meltano can add and run it."""

import json
import re
import shlex
from collections.abc import Sequence
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
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

#: What only hubs know; Meltano does not take these in `meltano.yml`.
OF_HUBS = {
    *("domain_url", "keywords", "maintenance_status", "quality"),
    *("supported_python_versions", "prereq", "settings_preamble", "next_steps", "usage"),
}
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

    Whatever the files said of the tap before is written anew, and nothing else.
    """
    texts = {"FILE": TEXT, "PROJECT": PROJECT}
    for name, text in texts.items():
        old = text
        for told in ("Start date", "First UTC day", "date_iso8601", '"usage.*"'):
            old = old.replace(told, "old")
        assert old != text
        (tmp_path / name).write_text(old, encoding="utf-8")
        monkeypatch.setattr(plugin_definition, name, tmp_path / name)
    plugin_definition.main(["--write"])
    assert {name: (tmp_path / name).read_text("utf-8") for name in texts} == texts


def test_fits_what_reads_it() -> None:
    """Meltano's schema, as does this repository's own project, and the rules of hubs.

    They want every setting to explain itself, and keys to be sorted, for one thing.
    """
    file = resources.files("meltano.schemas") / "meltano.schema.json"
    meltano = Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))
    plugin = {name: DEFINITION[name] for name in DEFINITION.keys() - OF_HUBS}
    for project in ({"plugins": {"extractors": [plugin]}}, yaml.safe_load(PROJECT)):
        assert not [*meltano.iter_errors(project)]
    assert all(DEFINITION[name] for name in OF_HUBS)
    for each in DEFINITION["settings"]:
        assert all(each[name] for name in ("name", "kind", "label", "description"))
        labels = [option["label"] for option in each.get("options", ())]
        assert all(labels)
        assert (each["kind"] == "options") == bool(labels)
    assert "meltano_sdk" in DEFINITION["keywords"]
    assert DEFINITION["quality"] == "unknown"  # It is the hub that rates.
    assert DEFINITION["namespace"] == NAME.replace("-", "_")
    assert not [*linter.run(TEXT, YamlLintConfig(YAML_RULES))]


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
    package = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'Repository = "{repo}"' in package
    assert f"- {DEFINITION['maintenance_status'].title()}" in package


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
