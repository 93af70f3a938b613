"""The schemas of the streams: files, and those of breakdowns, which are derived."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tap_claude_analytics.common.names import SNAPSHOT_AT
from tap_claude_analytics.records.personal import PERSONAL, Fields, personal_fields

#: Where the schema files are.
FOLDER = resources.files("tap_claude_analytics") / "schemas"
#: The file with the fields that only grouped answers have.
_GROUPED_FIELDS = "grouped_fields"


@cache
def _text(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def _file(name: str) -> dict[str, Any]:
    """Return a schema file that the caller may change; parsing is faster than copying."""
    schema: dict[str, Any] = json.loads(_text(name))
    return schema


@dataclass(frozen=True)
class Schema:
    """Where the schema of a stream comes from.

    Attributes:
        file: The schema file, without its ending.
        added: Fields of grouped answers that the rows have besides.
        removed: Fields of the file that the rows do not have.
    """

    file: str
    added: tuple[str, ...] = ()
    removed: frozenset[str] = frozenset()

    def load(self) -> dict[str, Any]:
        """Return the JSON schema. An added key is required, as it is never null."""
        schema = self._annotated()
        _remove_annotations(schema)
        return schema

    @property
    def personal_fields(self) -> Fields:
        """The personal fields of a record, and what each of them is."""
        return personal_fields(self._annotated())

    def _annotated(self) -> dict[str, Any]:
        schema = _file(self.file)
        if not self.added:
            return schema
        grouped = _file(_GROUPED_FIELDS)["properties"]
        added = {name: grouped[name] for name in self.added}
        properties = {**added, **schema["properties"]}
        for name in self.removed:
            del properties[name]
        # As in the files, the keys come first.
        keys = [name for name in schema["required"] if name in properties]
        keys.remove(SNAPSHOT_AT)
        keys += [name for name, rule in added.items() if "null" not in rule["type"]]
        schema["properties"] = {**{key: properties[key] for key in keys}, **properties}
        schema["required"] = [*keys, SNAPSHOT_AT]
        return schema


def _remove_annotations(schema: dict[str, Any]) -> None:
    """Remove what only the tap understands: a catalog and a target need not know it."""
    for rule in schema["properties"].values():
        rule.pop(PERSONAL, None)
        if "properties" in rule:
            _remove_annotations(rule)
