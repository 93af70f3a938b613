"""The Meltano project is complete, and asks the API for no more than it loads."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT
from tests.sandbox import Sandbox
from tests.simulator import Options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.system.meltano_fixture import MeltanoProject


#: Some days after those that are loaded.
TODAY = date(2026, 2, 10)
PROJECT = YAML(typ="safe").load(ROOT / "meltano.yml")
(EXTRACTOR,) = PROJECT["plugins"]["extractors"]
LOADERS = PROJECT["plugins"]["loaders"]

# PostgreSQL takes names of at most 63 bytes. Longer ones begin with these instead, and
# another abbreviation would be another column.
SHORT = {
    "chat_cowork_unified_metrics": "ccum",
    "claude_code_metrics": "ccm",
    "office_metrics": "om",
}


@pytest.fixture(scope="module")
def tap() -> TapClaudeAnalytics:
    """The tap without a catalog, hence with the streams that are on by default.

    Returns:
        The tap.
    """
    return TapClaudeAnalytics(config={"api_key": "none"})


@pytest.fixture(scope="module")
def loaded(meltano_project: MeltanoProject) -> Iterator[Sandbox]:
    """A sandbox in which Meltano has loaded two days.

    Yields:
        The sandbox.
    """
    with Sandbox(Options(users=3, projects=2)) as box:
        box.environment["TAP_CLAUDE_ANALYTICS_START_DATE"] = "2026-02-03"
        box.environment["TAP_CLAUDE_ANALYTICS_END_DATE"] = "2026-02-04"
        # Were Meltano's hub asked for anything, the simulator would be.
        box.environment["MELTANO_HUB_URL"] = box.simulator.url
        result = meltano_project.run(box)
        assert result.returncode == 0, result.stdout + result.stderr
        yield box


def leaves(schema: Mapping[str, Any], *parents: str) -> Iterator[str]:
    """Names the columns that a stream should have.

    Args:
        schema: The JSON schema of an object.
        parents: The names of the objects around it.

    Yields:
        The name of every field that is no object with fields of its own.
    """
    for name, field in schema["properties"].items():
        if "properties" in field:
            yield from leaves(field, *parents, name)
        else:
            path = (*parents, name)
            long = "__".join(path)
            yield long if len(long) < 64 else "__".join((SHORT[path[0]], *path[1:]))


@pytest.mark.parametrize("plugin", [EXTRACTOR, *LOADERS], ids=lambda each: each["name"])
def test_plugins_are_complete(plugin: Mapping[str, Any]) -> None:
    """Every plugin is defined here, so that no hub is needed, and explains itself."""
    assert {"executable", "namespace", "pip_url"} <= set(plugin)
    for setting in plugin["settings"]:
        assert {"description", "kind", "label"} <= set(setting)
    names = {setting["name"] for setting in plugin["settings"]}
    assert set(plugin["config"]) <= names


def test_asks_the_default_endpoints_only(loaded: Sandbox) -> None:
    """A `meltano run` asks for the streams of the selection, and no hub."""
    assert {request.path for request in loaded.simulator.requests} == {
        "apps/chat/projects",
        "artifacts",
        "connectors",
        "cost",
        "plugins",
        "skills",
        "summaries",
        "usage",
        "users",
    }


def test_every_leaf_is_a_column(loaded: Sandbox, tap: TapClaudeAnalytics) -> None:
    """No name is cut, no two become one, and no object with known fields stays whole."""
    rows = loaded.query(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'tap_claude_analytics' and column_name not like '\\_sdc%' "
        'order by column_name collate "C"'
    )
    columns: dict[str, list[str]] = {}
    for table, column in rows:
        columns.setdefault(table, []).append(column)
    assert columns == {
        name: sorted(leaves(stream.schema))
        for name, stream in tap.streams.items()
        if stream.selected_by_default
    }
