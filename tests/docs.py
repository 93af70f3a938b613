"""README and `docs/`: their blocks, and the tables in them that are generated.

`python -m tests.docs --write` writes the tables, from the catalog, the settings and a run
against the simulator.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pendulum

from tap_claude_analytics.common import clock
from tap_claude_analytics.config.filters import FILTERS
from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA
from tap_claude_analytics.records import personal
from tap_claude_analytics.sdk import SdkStream
from tap_claude_analytics.streams.readings import Readings
from tap_claude_analytics.streams.specs import SPECS
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT, masking, singer
from tests.simulator import Options, Simulator
from tests.system.targets.table import markdown as targets

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

#: The part of a key that makes a stream the answer to a question; the first one counts.
QUESTIONS = {
    "stream": "What has been read?",
    "row_key": "How much, at what cost?",
    "product": "In which product?",
    "rbac_group_id": "Which team?",
    "user_id": "Who?",
    "": "What?",
}
#: The day of the sample rows, when people work and every stream has rows.
SAMPLE_DAY = pendulum.datetime(2026, 5, 20)


def texts() -> str:
    """Return all pages, one after the other, and CONTRIBUTING."""
    pages = (*PAGES, ROOT / "CONTRIBUTING.md")
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def block(name: str) -> str:
    """Return the code below the comment that names it, on whichever page it is."""
    pattern = rf"<!-- {re.escape(name)} -->\n```\w*\n(.*?)^```$"
    [code] = re.findall(pattern, texts(), re.DOTALL | re.MULTILINE)
    return str(code)


def part(name: str) -> str:
    """Return what is between the comments that name its beginning and its end."""
    return texts().split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def markdown(header: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ("---",) * len(header), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def settings() -> str:
    """Return the table of all settings of the tap's own."""
    cells = []
    for name, rule in CONFIG_JSONSCHEMA["properties"].items():
        default = rule.get("default")
        shown = default if isinstance(default, str) else json.dumps(default)
        if name in CONFIG_JSONSCHEMA["required"]:
            told = "required"
        else:
            told = f"`{shown}`" if "default" in rule else ""
        if not name.startswith(("flattening_", "stream_map", "faker_")):
            cells.append((f"`{name}`", told, rule["description"]))
    return markdown(("setting", "default", "meaning"), cells)


def streams() -> str:
    """Return the table of all streams, by the question that they answer."""
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    paths = {spec.name: f"`{spec.path}`" for spec in SPECS}
    cells = []
    for name, stream in tap.streams.items():
        assert isinstance(stream, SdkStream)
        keys = stream.primary_keys
        question = next(text for part, text in QUESTIONS.items() if part in (*keys, ""))
        path = paths.get(name, "none of its own")
        shown = ", ".join(f"`{key}`" for key in keys)
        default = "yes" if stream.selected_by_default else "no"
        cells.append((question, f"`{name}`", path, shown, default, stream.record))
    order = [*reversed(QUESTIONS.values())]
    cells.sort(key=lambda row: (order.index(row[0]), row[4] == "no"))
    header = ("question", "stream", "endpoint", "key", "default", "a record is")
    return markdown(header, cells)


def filters() -> str:
    """Return the table of what each endpoint can be filtered by."""
    return markdown(
        ("endpoint", "dimension", "a value is"),
        [
            (f"`{path}`", f"`{dimension}`", values.text)
            for path, taken in FILTERS.items()
            for dimension, values in taken.items()
        ],
    )


def fields() -> str:
    """Return the fields of every stream that is no breakdown, each with a sample row."""
    tap = TapClaudeAnalytics(validate_config=False, setup_mapper=False)
    names = [spec.name for spec in SPECS if not spec.schema.added] + [Readings.name]
    noon = SAMPLE_DAY.at(12).add(days=4)
    with (
        mock.patch.object(clock, "now", return_value=noon),
        Simulator(Options(today=noon.date(), users=25, projects=8)) as simulator,
    ):
        # Snapshots are of today, so there is no end.
        output = singer.run(simulator, *names, start_date=SAMPLE_DAY.to_date_string())
    parts = []
    for name in names:
        table = markdown(
            ("field", "type", "description"), _fields(tap.streams[name].schema)
        )
        # The record that shows most.
        fullest = min(output.records(name), key=lambda record: str(record).count("None"))
        sample = msgspec.json.Encoder(decimal_format="number").encode(fullest).decode()
        parts.append(f"## {name}\n\n{table}\n```json\n{sample}\n```\n")
    return "\n".join(parts)


def _fields(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for name, rule in schema["properties"].items():
        kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        kind = rule.get("format", kinds[0]) + (", null" if "null" in kinds else "")
        yield f"`{prefix}{name}`", kind, rule.get("description", "")
        if "properties" in rule:
            yield from _fields(rule, f"{prefix}{name}.")


#: What each kind of personal field is, and what becomes of it with `hash` and `drop`.
PERSONAL = {
    personal.ADDRESS: ("e-mail address or other identity", "digest", "null"),
    personal.ACTOR: ("subject of an actor without an id; ids stay", "digest", "null"),
    personal.NAME: ("name of a person or a project", "null", "null"),
    personal.UNKNOWN: ("fields that the tap does not know", "null", "null"),
}


def personal_fields() -> str:
    """Return the table of the fields that the schemas mark as personal."""
    streams: dict[tuple[str, str], list[str]] = {}
    for stream, of_stream in masking.PERSONAL.items():
        for path, kind in of_stream.items():
            streams.setdefault((kind, path), []).append(stream)
    return markdown(
        ("field", "what it is", "`hash`", "`drop`", "streams"),
        [
            (f"`{path}`", *PERSONAL[kind], _names(names))
            for kind in PERSONAL
            for (of_kind, path), names in sorted(streams.items())
            if of_kind == kind
        ],
    )


def _names(names: Sequence[str]) -> str:
    """Return names of streams; if there are many, those that are left out."""
    others = [name for name in masking.SCHEMAS if name not in names]
    if len(others) < len(names):
        return f"all but {', '.join(f'`{name}`' for name in others)}"
    return ", ".join(f"`{name}`" for name in names)


TABLES: dict[str, Callable[[], str]] = {
    "fields": fields,
    "filters": filters,
    "personal fields": personal_fields,
    "settings": settings,
    "streams": streams,
    "targets": targets,
}


def with_tables(page: Path) -> str:
    """Return a page with the tables as they should be."""
    text = page.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        if f"<!-- {name} -->" in text:
            beginning = f"<!-- {name} -->\n"
            text = text.replace(f"{beginning}{part(name)}", f"{beginning}{table()}")
    return text


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        for each in PAGES:
            each.write_text(with_tables(each), encoding="utf-8")
    else:
        sys.stdout.writelines(f"{table()}\n" for table in TABLES.values())
