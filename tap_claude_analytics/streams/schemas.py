"""The schemas of the streams: files, and those of breakdowns, which are derived."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tap_claude_analytics.common.names import SNAPSHOT_AT

#: Where the schema files are.
FOLDER = resources.files("tap_claude_analytics") / "schemas"
#: The file with the fields that only grouped answers have.
_GROUPED_FIELDS = "grouped_fields"


@cache
def _file(name: str) -> dict[str, Any]:
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
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
        schema = copy.deepcopy(_file(self.file))
        if not self.added:
            return schema
        grouped = _file(_GROUPED_FIELDS)["properties"]
        added = {name: copy.deepcopy(grouped[name]) for name in self.added}
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
