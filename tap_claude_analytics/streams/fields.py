"""Which fields the schemas know, and what becomes of those that they do not know."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, TypeAlias

from singer_sdk import SchemaDirectory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tap_claude_analytics.answers import Row

#: One typed JSON schema per stream, in a file of the stream's name.
SCHEMAS = SchemaDirectory(resources.files("tap_claude_analytics") / "schemas")

#: Where fields are kept that the schema does not know.
ADDITIONAL_FIELDS = "additional_fields"

#: The names that a schema knows: a nested shape for an object with properties of its own.
Shape: TypeAlias = "dict[str, Shape | None]"


def shape_of(schema: Mapping[str, Any], without: Collection[str] = ()) -> Shape:
    """Return the names that an object schema knows, but for some at the top level."""
    return {
        name: shape_of(rule) if rule.get("properties") else None
        for name, rule in schema.get("properties", {}).items()
        if name not in without
    }


def take_unknown(row: Row, shape: Shape) -> Row | None:
    """Move what the shape does not know out of the row, in the row's own nesting."""
    unknown: Row = {}
    for name in list(row):
        if name not in shape:
            unknown[name] = row.pop(name)
        elif (nested := shape[name]) is not None and isinstance(row[name], dict):
            deeper = take_unknown(row[name], nested)
            if deeper:
                unknown[name] = deeper
    return unknown or None


def field_paths(unknown: Row, shape: Shape | None, prefix: str = "") -> Iterator[str]:
    """Yield the path of each field that the shape does not know."""
    for name, value in unknown.items():
        nested = (shape or {}).get(name)
        if nested is not None and isinstance(value, dict):
            yield from field_paths(value, nested, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
