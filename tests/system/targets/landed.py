"""What landed in a target, told in the tap's own words."""

from __future__ import annotations

import ast
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.system.targets.table import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: What a record holds that is not null, by the names that lead to it.
Leaves: TypeAlias = dict[tuple[str, ...], Any]
Schema: TypeAlias = dict[str, Any]

# PostgreSQL's names are shorter than this, hence the tap's setting in `meltano.yml`.
KEY_LENGTH = 64


@dataclass(frozen=True)
class Table:
    """What a target made of a stream: types and rows by column, and the key it keeps."""

    types: dict[str, str]
    key: list[str]
    rows: list[dict[str, Any]]


def leaves_of(value: object, path: tuple[str, ...] = ()) -> Leaves:
    """Takes a record apart, or an object in it, to which these names lead."""
    if isinstance(value, dict):
        return {
            leaf: found
            for name, inner in value.items()
            for leaf, found in leaves_of(inner, (*path, name)).items()
        }
    return {} if value is None else {path: value}


def landed_leaves(table: Table, schema: Schema, layout: Layout) -> list[Leaves]:
    """Reads the rows of a table as records of a stream with this schema."""
    columns = dict(columns_of(schema, layout))
    return [_leaves(row, columns) for row in table.rows]


def counted(rows: Iterable[Leaves]) -> Counter[frozenset[tuple[tuple[str, ...], Any]]]:
    """Counts equal rows."""
    return Counter(frozenset(row.items()) for row in rows)


def _leaves(
    row: Mapping[str, Any], columns: Mapping[str, tuple[tuple[str, ...], Schema]]
) -> Leaves:
    leaves: Leaves = {}
    for name, (path, schema) in columns.items():
        value = row.get(name)
        if value is not None:
            leaves |= leaves_of(_told(value, schema), path)
    return leaves


def columns_of(
    schema: Schema, layout: Layout, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[tuple[str, ...], Schema]]]:
    """Yield each column of a stream's table, with the path and schema of its values."""
    for name, inner in schema["properties"].items():
        here = (*path, name)
        if layout is Layout.FLATTENED and "properties" in inner:
            yield from columns_of(inner, layout, here)
        else:
            yield _flattened_name(here), (here, inner)


def _flattened_name(path: tuple[str, ...]) -> str:
    name = "__".join(path)
    if len(name) < KEY_LENGTH:
        return name
    return "__".join(("".join(part[0] for part in path[0].split("_")), *path[1:]))


def _told(value: object, schema: Schema) -> object:
    kinds = schema["type"]
    if "object" in kinds:
        found, fields = _object(value), schema.get("properties", {})
        return {
            name: _told(inner, fields[name])
            if name in fields and inner is not None
            else inner
            for name, inner in found.items()
        }
    if "array" in kinds:
        return json.dumps(json.loads(value) if isinstance(value, str) else value)
    if "number" in kinds:
        # The shortest text of a float is what was read into it, up to 15 digits.
        return Decimal(str(value))
    if "integer" in kinds:
        return int(str(value))
    if "boolean" in kinds:
        return {"true": True, "false": False}[str(value).lower()]
    text = str(value)
    return _instant(text) if schema.get("format") == "date-time" else text


def _object(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    text = str(value)
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        found = ast.literal_eval(text)
    return found


def _instant(text: str) -> datetime:
    # Python 3.10 does not know the Z.
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment
