"""What the README and the Meltano project promise is what the tap does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tap_claude_analytics.streams.day_stream import DayStream
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT, docs, masking, truth
from tests.simulator.organization.catalog import RESOURCES
from tests.singer import run

if TYPE_CHECKING:
    from tests.simulator import Simulator

#: Every column of the flattened tables. A name that changes is a column that is lost to
#: everyone who has loaded it: add names, but do not change any.
COLUMNS = Path(__file__).with_name("flattened_columns.json")


def catalog() -> list[dict[str, Any]]:
    """Return what discovery says of the streams."""
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    streams: list[dict[str, Any]] = tap.catalog_dict["streams"]
    return streams


@pytest.mark.parametrize("page", docs.PAGES, ids=lambda page: page.stem)
def test_generated_tables(page: Path) -> None:
    """They are what `python -m tests.docs --write` writes."""
    assert docs.with_tables(page) == page.read_text(encoding="utf-8")


def test_links() -> None:
    """What links within the repository name is there, headings included."""
    links = [
        (page, link)
        for page in docs.PAGES
        for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8"))
    ]
    assert links
    for page, link in links:
        file, _, heading = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", title.lower()) for title in titles}
            assert heading.replace("-", " ") in {a.replace("-", " ") for a in anchors}, link


def test_the_readme_is_short() -> None:
    """It is what a newcomer reads first; details have pages of their own."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 250


def test_streams() -> None:
    """Key, endpoint and replication key of every stream, as tests elsewhere count on."""
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    assert {entry["stream"] for entry in catalog()} == tap.streams.keys()
    lists = {name: resource.path for name, resource in RESOURCES.items()}
    paths = truth.PATHS | truth.PATHS_OF_CUTS | lists
    for entry in catalog():
        name, keys = entry["stream"], tuple(entry["key_properties"])
        assert truth.KEYS.get(name, ("starting_at", "row_key")) == keys
        stream = tap.streams[name]
        if isinstance(stream, DayStream):
            assert stream.spec.path == paths.get(name, name)
        assert entry["replication_method"] == "INCREMENTAL"
        assert entry["replication_key"] in ("date", "starting_at")
        # A request has one row for good, with the day on which it was last seen.
        assert entry["replication_key"] in keys or name == "spend_limit_requests"


def test_what_breakdowns_cost() -> None:
    """The table's figures are those of the sentence above it."""
    rows = re.findall(
        r"^\| ([\d,]+) \| (\d+) \| ([\d,]+) \| (\d+) \|$",
        (ROOT / "docs" / "who-uses-what.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(rows) == 3
    for users, per_day, load, daily in rows:
        needed = -(-int(users.replace(",", "")) * 4 // 1000)
        assert int(per_day) == needed
        assert int(load.replace(",", "")) == 300 * needed
        assert int(daily) == 4 * needed


def test_meltano_plugin() -> None:
    """The definition to copy is part of the project's own, its selection is the default."""
    block = docs.block("meltano by hand")
    [copied] = yaml.safe_load(block)["plugins"]["extractors"]
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    [own] = project["plugins"]["extractors"]
    for name in ("name", "namespace", "executable", "config", "select"):
        assert copied[name] == own[name]
    assert set(copied["capabilities"]) <= set(own["capabilities"])
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    defaults = {name for name, stream in tap.streams.items() if stream.selected_by_default}
    assert {rule.removesuffix(".*") for rule in copied["select"]} == defaults


def test_flattened_names_never_change(simulator: Simulator) -> None:
    """The columns of PostgreSQL, all of at most 63 bytes."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    config = project["plugins"]["extractors"][0]["config"]
    output = run(simulator, *masking.SCHEMAS, start_date="2026-01-14", **config)
    flattened = {
        stream: sorted(message["schema"]["properties"])
        for stream, message in output.schemas.items()
    }
    assert max(len(name) for names in flattened.values() for name in names) <= 63
    assert flattened == json.loads(COLUMNS.read_text(encoding="utf-8"))


def test_environment_example() -> None:
    """The example of the environment names settings that exist."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = re.findall(r"TAP_CLAUDE_ANALYTICS_([A-Z_]+)=", example)
    assert names
    assert {name.lower() for name in names} <= CONFIG_JSONSCHEMA["properties"].keys()


def test_how_long_a_load_takes() -> None:
    """The table's figures are those of the formula above it."""
    days, combinations = 300, 3
    rows = re.findall(
        r"^\| ([\d,]+) \| ([\d,]+) \| (\d+ (?:min|hour).+) \|$",
        (ROOT / "docs" / "requests.md").read_text(encoding="utf-8"),
        re.MULTILINE,
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
