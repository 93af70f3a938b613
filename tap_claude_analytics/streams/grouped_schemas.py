"""Schemas of broken-down rows: those of the whole rows, and what grouping adds."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from singer_sdk import SchemaSource
from typing_extensions import override

from tap_claude_analytics.streams.day_reading import SNAPSHOT_AT
from tap_claude_analytics.streams.fields import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Collection

#: The schema file of the fields that only grouped answers have.
GROUPED_FIELDS = "grouped_fields"


class GroupedSchemas(SchemaSource):
    """Derives the schema of a stream from that of another one.

    A key among the new fields is required, as it is never null.
    """

    def __init__(
        self, base: str, *fields: str, without: Collection[str] = frozenset()
    ) -> None:
        """Take what to derive it from.

        Args:
            base: The stream whose rows are whole.
            fields: Which of the fields of grouped answers to add.
            without: Which of the base's fields grouped rows do not have.
        """
        super().__init__()
        self._base = base
        self._fields = fields
        self._without = without

    @override
    def fetch_schema(self, key: str) -> dict[str, Any]:
        schema = copy.deepcopy(SCHEMAS.get_schema(self._base))
        of_groups = SCHEMAS.get_schema(GROUPED_FIELDS)["properties"]
        added = {name: copy.deepcopy(of_groups[name]) for name in self._fields}
        properties = {**added, **schema["properties"]}
        for name in self._without:
            del properties[name]
        # Like the files, the keys first.
        keys = [name for name in schema["required"] if name in properties]
        keys.remove(SNAPSHOT_AT)
        keys += [name for name, rule in added.items() if "null" not in rule["type"]]
        schema["properties"] = {**{key: properties[key] for key in keys}, **properties}
        schema["required"] = [*keys, SNAPSHOT_AT]
        return schema
