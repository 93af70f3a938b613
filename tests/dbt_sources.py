"""The sources and staging models of the dbt package, made from the tap's catalog.

`python -m tests.dbt_sources --write` writes them.
"""

import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT

PACKAGE = ROOT / "transform"
MODELS = PACKAGE / "models"

#: What the parts of flattened names become in the staging models: spelt out, and short
#: enough for PostgreSQL. The first one that a name begins with counts.
SPELT_OUT = {
    "(ccum|chat_cowork_unified_metrics)__sessions__": "unified_cowork_",
    "(ccum|chat_cowork_unified_metrics)__": "unified_",
    "(ccm|claude_code_metrics)__core_metrics__lines_of_code__": "claude_code_lines_",
    "(ccm|claude_code_metrics)__((core_metrics|tool_actions)__)?": "claude_code_",
    "om__": "office_",
    "(chat|cowork|design|office|science|claude_tag)_metrics__": r"\1_",
}

#: Streams that marts use although the tap does not select them by default: their staging
#: models are there, without rows, where the streams are not loaded.
ALSO_IN_MARTS = {
    *("skills_by_user", "connectors_by_user", "plugins_by_user", "artifacts_by_user"),
    *("chat_projects_by_user", "team_summaries", "teams", "team_members"),
    *("members", "invites", "spend_limits", "spend_limit_requests"),
}


class Column(NamedTuple):
    """A column of a loaded table."""

    name: str
    type: str
    description: str

    @property
    def staged(self) -> str:
        """Its name in the staging model."""
        for beginning, spelt_out in SPELT_OUT.items():
            name, found = re.subn(f"^{beginning}", spelt_out, self.name)
            if found:
                return name.replace("__", "_")
        return self.name


class Table(NamedTuple):
    """A table that a target makes of a stream."""

    name: str
    key: list[str]
    columns: list[Column]
    is_selected: bool

    @property
    def staged(self) -> str:
        """The name of its staging model."""
        return f"stg_claude_analytics__{self.name}"


def project_settings() -> dict[str, Any]:
    """Return the settings of the tap in this repository's project."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    [own] = project["plugins"]["extractors"]
    return dict(own["config"])


def tables() -> list[Table]:
    """List the tables of all streams, flattened as by this repository's project."""
    tap = TapClaudeAnalytics(config=project_settings(), validate_config=False)
    found = []
    for name, stream in sorted(tap.streams.items()):
        [flat] = tap.mapper.stream_maps[name]
        columns = [
            Column(column, kind, field.get("description", ""))
            for column, field in flat.transformed_schema["properties"].items()
            if (kind := _type(column, field))
        ]
        key = list(stream.primary_keys)
        found.append(Table(name, key, columns, stream.selected_by_default))
    return found


def _type(name: str, field: Mapping[str, Any]) -> str | None:
    """Return the type of a column, None if it is an object or a list."""
    types = {field["type"]} if isinstance(field["type"], str) else set(field["type"])
    if types & {"object", "array"}:
        return None
    if "integer" in types:
        return "bigint"
    if "number" in types:
        return "ratio" if name.endswith("_rate") else "money"
    if "boolean" in types:
        return "boolean"
    return {"date": "date", "date-time": "timestamp"}.get(field.get("format", ""), "text")


def files() -> dict[Path, str]:
    """Return the contents of all files that are made."""
    every = tables()
    return {
        MODELS / "sources.yml": _sources(every),
        PACKAGE / "macros" / "stream_names.sql": _names(every),
        MODELS / "staging" / "staging.yml": _docs(every),
        **{MODELS / "staging" / f"{each.staged}.sql": _staging(each) for each in every},
    }


def _folded(text: str, indent: int) -> str:
    """Return a description as a block of YAML."""
    space = " " * indent
    lines = textwrap.wrap(text, 90 - indent, break_long_words=False, break_on_hyphens=False)
    return f"{space}description: >-\n" + "".join(f"{space}  {line}\n" for line in lines)


HEADER = "# Made by `python -m tests.dbt_sources --write` from the tap's catalog.\n"
SOURCES = f"""\
{HEADER}version: 2

sources:
  - name: claude_analytics
    description: >-
      The tables that tap-claude-analytics loads, flattened as its Meltano project does.
    database: "{{{{ var('claude_analytics__database') or target.database }}}}"
    schema: "{{{{ var('claude_analytics__schema') }}}}"
    tables:
"""
FRESHNESS = """\
        config:
          loaded_at_field: snapshot_at
          freshness:
            warn_after: {count: 36, period: hour}
            error_after: {count: 5, period: day}
"""


def _sources(every: list[Table]) -> str:
    text = SOURCES
    for table in every:
        key = ", ".join(f"`{name}`" for name in table.key)
        text += f"      - name: {table.name}\n"
        text += _folded(f"Table of the stream `{table.name}`; its key is {key}.", 8)
        text += FRESHNESS if table.name == "readings" else ""
        text += "        columns:\n"
        for column in table.columns:
            text += f"          - name: {column.name}\n"
            text += _folded(column.description, 12) if column.description else ""
    return text


def _names(every: list[Table]) -> str:
    names = "".join(f"    '{t.name}',\n" for t in every if t.name != "readings")
    return f"""\
{{#- All streams but readings. Made by `python -m tests.dbt_sources --write`. -#}}
{{% macro claude_stream_names() %}}
  {{{{- return([
{names}  ]) -}}}}
{{% endmacro %}}
"""


def _docs(every: list[Table]) -> str:
    text = f"{HEADER}version: 2\n\nmodels:\n"
    for table in every:
        about = (
            f"The rows of `{table.name}` that count, of all organisations, with typed"
            " columns. What the columns mean stands with the source."
        )
        if table.name == "readings":
            about = "The reading of each stream and day that counts."
        text += f"""\
  - name: {table.staged}
{_folded(about, 4)}\
    data_tests:
      - claude_unique_key:
          arguments:
            columns: [{", ".join(["organization", *table.key])}]
"""
    return text


def _staging(table: Table) -> str:
    text = ""
    if not (table.is_selected or table.name in ALSO_IN_MARTS or table.name == "readings"):
        text = f"{{{{ config(enabled=var('claude_analytics__using_{table.name}')) }}}}\n\n"
    text += f"{{{{ claude_analytics.claude_current_rows('{table.name}', {table.key}, [\n"
    for column in table.columns:
        text += f"    ('{column.name}', '{column.staged}', '{column.type}'),\n"
    return text + "]) }}\n"


def changed() -> dict[Path, str | None]:
    """Return the files that are not as they should be; None for those that should go."""
    wanted = files()
    left = dict.fromkeys(set((MODELS / "staging").iterdir()) - wanted.keys())
    return {
        path: text
        for path, text in {**wanted, **left}.items()
        if text is None or not path.exists() or path.read_text("utf-8") != text
    }


def main(arguments: list[str]) -> int:
    """Write the files, or say which are not as they should be."""
    found, writes = changed(), arguments == ["--write"]
    for path, text in found.items():
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
        if writes and text is None:
            path.unlink()
        elif writes and text is not None:
            path.write_text(text, encoding="utf-8")
    return int(bool(found) and not writes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
