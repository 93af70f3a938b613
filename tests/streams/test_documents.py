"""What the README and the Meltano project promise is what the tap does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tap_claude_analytics.streams.day_stream import DayStream
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT, masking, streams_table, truth
from tests.singer import run

if TYPE_CHECKING:
    from tests.simulator import Simulator

README = (ROOT / "README.md").read_text(encoding="utf-8")

#: Every column of the flattened tables. A name that changes is a column that is lost to
#: everyone who has loaded it: add names, but do not change any.
COLUMNS = Path(__file__).with_name("flattened_columns.json")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without the table's own."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+) \|$", section, flags=re.MULTILINE)
    return [row.split(" | ") for row in rows][1:]


def catalog() -> list[dict[str, Any]]:
    """Return what discovery says of the streams."""
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    streams: list[dict[str, Any]] = tap.catalog_dict["streams"]
    return streams


def code(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def test_tables_of_streams_and_filters() -> None:
    """They are what the catalog and the classes say, as `tests.streams_table` writes it."""
    assert streams_table.with_tables(README) == README


def test_streams() -> None:
    """Key, endpoint and replication key of every stream, as tests elsewhere count on."""
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    for entry in catalog():
        name, keys = entry["stream"], tuple(entry["key_properties"])
        assert truth.KEYS.get(name, ("starting_at", "row_key")) == keys
        stream = tap.streams[name]
        if isinstance(stream, DayStream):
            assert stream.spec.path == (truth.PATHS | truth.PATHS_OF_CUTS).get(name, name)
        assert entry["replication_method"] == "INCREMENTAL"
        assert entry["replication_key"] == next(
            key for key in ("starting_at", "date") if key in keys
        )


def test_what_breakdowns_cost() -> None:
    """The table's figures are those of the sentence above it."""
    rows = re.findall(
        r"^\| ([\d,]+) \| (\d+) \| ([\d,]+) \| (\d+) \|$", README, re.MULTILINE
    )
    assert len(rows) == 3
    for users, per_day, load, daily in rows:
        needed = -(-int(users.replace(",", "")) * 4 // 1000)
        assert int(per_day) == needed
        assert int(load.replace(",", "")) == 300 * needed
        assert int(daily) == 4 * needed


def test_meltano_plugin() -> None:
    """The definition to copy is part of the project's own, its selection is the default."""
    block = README.split("```yaml\n")[1].split("```")[0]
    [copied] = yaml.safe_load(block)["plugins"]["extractors"]
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    [own] = project["plugins"]["extractors"]
    for name in ("name", "namespace", "executable", "config", "select"):
        assert copied[name] == own[name]
    assert set(copied["capabilities"]) <= set(own["capabilities"])
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    defaults = {name for name, stream in tap.streams.items() if stream.selected_by_default}
    assert {rule.removesuffix(".*") for rule in copied["select"]} == defaults


def test_settings_table() -> None:
    """Every setting of the tap's own stands in the README, with its default."""
    builtin = {"stream_maps", "stream_map_config", "faker_config"}
    own = {
        name: rule
        for name, rule in CONFIG_JSONSCHEMA["properties"].items()
        if name not in builtin and not name.startswith("flattening_")
    }
    documented = {code(row[0])[0]: row[1] for row in table("Settings")}
    assert list(documented) == list(own)
    for name, rule in own.items():
        if "default" in rule:
            default = rule["default"]
            shown = default if isinstance(default, str) else json.dumps(default)
            assert documented[name] == f"`{shown}`"
        if "maximum" in rule:
            [row] = [row for row in table("Settings") if row[0] == f"`{name}`"]
            assert f"{rule['minimum']} to {rule['maximum']}" in row[2]


def test_flattened_names_never_change(simulator: Simulator) -> None:
    """The columns of PostgreSQL, all of at most 63 bytes."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    config = project["plugins"]["extractors"][0]["config"]
    output = run(simulator, *masking.SCHEMAS, start_date="2026-01-14", **config)
    flattened = {
        message["stream"]: sorted(message["schema"]["properties"])
        for message in output.messages
        if message["type"] == "SCHEMA"
    }
    assert max(len(name) for names in flattened.values() for name in names) <= 63
    assert flattened == json.loads(COLUMNS.read_text(encoding="utf-8"))


def test_stream_maps() -> None:
    """The recipe against personal data is made from the schemas as they are."""
    block = README.split("<!-- stream maps -->\n```json\n")[1].split("```")[0]
    assert block == f"{json.dumps(masking.recipe(), indent=2)}\n"


def test_environment_example() -> None:
    """The example of the environment names settings that exist."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name in re.findall(r"TAP_CLAUDE_ANALYTICS_([A-Z_]+)=", example):
        assert name.lower() in CONFIG_JSONSCHEMA["properties"]


def test_how_long_a_load_takes() -> None:
    """The table's figures are those of the formula above it."""
    days, combinations = 300, 3
    rows = re.findall(
        r"^\| ([\d,]+) \| ([\d,]+) \| (\d+ (?:min|hour).+) \|$", README, re.MULTILINE
    )
    assert len(rows) == 3
    for users, requests, duration in rows:
        active = int(users.replace(",", ""))
        needed = days * (5 + -(-active // 1000)) + 2 * days * active * combinations // 1000
        assert int(requests.replace(",", "")) == needed
        hours, minutes = divmod(needed // 60, 60)
        whole = (
            f"{hours} hours {minutes} minutes" if hours > 1 else f"{needed // 60} minutes"
        )
        assert duration == whole
