"""What README, CONTRIBUTING and the Meltano project promise is what the tap does."""

import importlib.util
import json
import re
import runpy
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tap_claude_analytics import tap as tap_module
from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tap_claude_analytics.streams import schemas
from tap_claude_analytics.streams.specs import SPECS
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT, dbt_sources, docs, masking
from tests.simulator import ENDPOINTS, Simulator
from tests.singer import page_of, run

#: Every column of the flattened tables. A name that changes is a column that is lost to
#: everyone who has loaded it: add names, but do not change any.
COLUMNS = Path(__file__).with_name("flattened_columns.json")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", docs.PAGES, ids=lambda page: page.stem)
def test_generated_tables(page: Path) -> None:
    """They are what `python -m tests.docs --write` writes."""
    assert docs.with_tables(page) == page.read_text(encoding="utf-8")


def test_links() -> None:
    """What links within the repository name is there, headings included."""
    links = [
        (page, link)
        for page in (*docs.PAGES, ROOT / "CONTRIBUTING.md")
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


def test_what_requests_cost() -> None:
    """The figures of the two tables are those of the formulas above them."""

    def rows_of(page: str) -> list[list[str]]:
        text = (ROOT / "docs" / page).read_text("utf-8").replace(",", "")
        rows = re.findall(r"^\| (\d+ \| \d+ \| \d+.*) \|$", text, re.MULTILINE)
        assert len(rows) == 3
        return [row.split(" | ") for row in rows]

    for row in rows_of("who-uses-what.md"):
        users, *figures = map(int, row)
        needed = -(-users * 4 // 1000)
        assert figures == [needed, 300 * needed, 4 * needed]
    days, combinations = 300, 3
    for active, requests, duration in rows_of("requests.md"):
        users = int(active)
        needed = days * (5 + -(-users // 1000)) + 2 * days * users * combinations // 1000
        assert int(requests) == needed
        hours, minutes = divmod(needed // 60, 60)
        whole = f"{60 * hours + minutes} minutes"
        assert duration == (f"{hours} hours {minutes} minutes" if hours > 1 else whole)


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
    settings = dbt_sources.project_settings()
    output = run(simulator, *masking.SCHEMAS, start_date="2026-01-14", **settings)
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


def test_the_example_is_a_stream(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its days are read with readings and bookmark, and what is new in them is kept."""
    spec_text, schema_text = map(docs.block, ("stream spec", "stream schema"))
    assert len(spec_text.splitlines()) <= 12
    (tmp_path / "prompts.py").write_text(spec_text, encoding="utf-8")
    spec = runpy.run_path(str(tmp_path / "prompts.py"))["PROMPTS"]
    monkeypatch.setattr(tap_module, "SPECS", (*SPECS, spec))
    folder = tmp_path / "schemas"
    folder.mkdir()
    # Without modes: the checkout may be read-only.
    for file in (ROOT / "tap_claude_analytics" / "schemas").glob("*.json"):
        shutil.copyfile(file, folder / file.name)
    (folder / "prompts.json").write_text(schema_text, encoding="utf-8")
    monkeypatch.setattr(schemas, "FOLDER", folder)
    monkeypatch.setitem(ENDPOINTS, "prompts", replace(ENDPOINTS["skills"], path="prompts"))
    days, keys = ["2026-01-05", "2026-01-06"], ["p1", "p2"]
    for day in days:
        rows = [{"prompt_id": key, "distinct_user_count": 2, "new": day} for key in keys]
        # Dictated answers are given in the order in which days are asked for.
        simulator.reply("prompts", body=page_of(*rows), times=1)
    catalog = TapClaudeAnalytics(validate_config=False, setup_mapper=False).catalog_dict
    chosen = [e for e in catalog["streams"] if e["stream"] in {"prompts", "readings"}]
    output = run(
        simulator, catalog={"streams": chosen}, start_date=days[0], end_date=days[-1]
    )
    assert output.error is None
    described = output.schemas["prompts"]
    assert described["schema"]["required"] == [*described["key_properties"], "snapshot_at"]
    records = output.records("prompts")
    told = [(r["date"], r["prompt_id"], r["additional_fields"]) for r in records]
    assert told == [(day, key, {"new": day}) for day in days for key in keys]
    fields = json.loads(schema_text)["properties"].keys()
    assert all(each.keys() == fields for each in records)
    assert output.read_days("prompts") == days
    assert output.bookmark("prompts") == days[-1]


def test_commands_and_paths_exist() -> None:
    """What the text points at is there, and it names every program of tests/."""
    running = re.sub(r"```.*?```", "", CONTRIBUTING, flags=re.DOTALL)
    text = "\n".join(re.findall(r"`([^`\n]+)`", running))
    paths = re.findall(r"\b(?:tests|tap_claude_analytics)/[\w./]*", text)
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists()] == []
    modules = set(re.findall(r"^python -m (\S+)", text, re.MULTILINE))
    for module in modules - {"mutmut"}:  # It has a dependency group of its own.
        assert importlib.util.find_spec(module), module
    programs = [*ROOT.glob("tests/*/__main__.py"), *ROOT.glob("tests/[!t]*.py")]
    expected = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
        for path in [*programs, ROOT / "tests" / "__main__.py"]
        if '\nif __name__ == "__main__":\n' in path.read_text(encoding="utf-8")
    }
    assert {module for module in modules if module.startswith("tests")} == expected
