"""What landed in a target, told in the tap's own words."""

import ast
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, TypeAlias

from tests.singer import catalog_of
from tests.system.targets.table import FLATTENED, NESTED

SCHEMAS = {entry["stream"]: entry["schema"] for entry in catalog_of()["streams"]}

#: What a record holds that is not null, by the names that lead to it.
Leaves: TypeAlias = dict[tuple[str, ...], Any]
Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """What a target made of a stream: types and rows by column, and the key it keeps."""

    types: dict[str, str]
    key: list[str]
    rows: list[dict[str, Any]]


def leaves_of(value: object, path: tuple[str, ...] = ()) -> Leaves:
    """Take a record apart, or an object in it, to which these names lead."""
    if value == {}:
        return {path: "{}"}  # which is not null
    if isinstance(value, dict):
        return {
            leaf: found
            for name, inner in value.items()
            for leaf, found in leaves_of(inner, (*path, name)).items()
        }
    return {} if value is None else {path: value}


@dataclass(frozen=True)
class Loaded:
    """The tables of a target that has loaded runs of the tap."""

    layout: str
    tables: dict[str, Table]
    is_exact: bool = True

    def leaves(self, stream: str) -> list[Leaves]:
        """Take the rows of a table apart, as records of its stream."""
        columns = dict(columns_of(SCHEMAS[stream], self.layout))
        return [
            {
                leaf: found
                for name, (path, kind) in columns.items()
                if row.get(name) is not None
                for leaf, found in leaves_of(_told(row[name], kind), path).items()
            }
            for row in self.tables[stream].rows
        ]

    def current(self, stream: str, fields: Collection[str] = ()) -> list[Leaves]:
        """Return these fields, or all but `snapshot_at`, of the rows that count.

        These are the rows that are not older than the latest reading of their day.
        """
        compared = fields or SCHEMAS[stream]["properties"].keys() - {"snapshot_at"}
        snapshots: dict[str, datetime] = {}
        for reading in self.leaves("readings"):
            if reading["stream",] == stream:
                day, snapshot = reading["date",], reading["snapshot_at",]
                snapshots[day] = max(snapshot, snapshots.get(day, snapshot))
        return [
            {path: value for path, value in row.items() if path[0] in compared}
            for row in self.leaves(stream)
            if row["snapshot_at",] >= snapshots[row["date",]]
        ]

    def assert_current(
        self, stream: str, records: list[dict[str, Any]], fields: Collection[str] = ()
    ) -> None:
        """Check that the current rows are these: every value, as exactly as it can be."""
        true = Loaded(NESTED, {stream: Table({}, [], records)}).leaves(stream)
        for row in () if self.is_exact else true:
            row.update((n, rounded(v)) for n, v in row.items() if isinstance(v, Decimal))
        assert true
        assert counted(self.current(stream, fields)) == counted(true)


def rounded(number: Decimal) -> Decimal:
    """Return a number as a double has it."""
    return Decimal(repr(float(number)))


def counted(rows: Iterable[Leaves]) -> Counter[frozenset[tuple[tuple[str, ...], Any]]]:
    """Count equal rows."""
    return Counter(frozenset(row.items()) for row in rows)


def columns_of(
    schema: Schema, layout: str, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[tuple[str, ...], Schema]]]:
    """Yield each column of a stream's table, with the path and schema of its values."""
    for name, inner in schema["properties"].items():
        here = (*path, name)
        if layout == FLATTENED and "properties" in inner:
            yield from columns_of(inner, layout, here)
        else:
            yield _flattened_name(here), (here, inner)


def _flattened_name(path: tuple[str, ...]) -> str:
    name = "__".join(path)
    if len(name) < 64:  # PostgreSQL's names are, hence the tap's setting in `meltano.yml`
        return name
    return "__".join(("".join(part[0] for part in path[0].split("_")), *path[1:]))


def _told(value: object, schema: Schema) -> object:
    """Return a value of a row as it is in a record."""
    kinds, text = schema["type"], str(value)
    if "object" in kinds:
        fields = schema.get("properties", {})
        return {
            name: _told(inner, fields[name])
            if name in fields and inner is not None
            else inner
            for name, inner in _object(value).items()
        }
    if "array" in kinds:
        return json.dumps(json.loads(value) if isinstance(value, str) else value)
    if "boolean" in kinds:
        return {"true": True, "false": False}[text.lower()]
    if schema.get("format") == "date-time":
        # Python 3.10 does not know the Z.
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    # The shortest text of a float is what was read into it, up to 15 digits.
    makers = {"number": Decimal, "integer": int, "string": str}
    return next(make(text) for kind, make in makers.items() if kind in kinds)


def _object(value: object) -> dict[str, Any]:
    """Return an object that may have become its JSON, or what Python prints of it."""
    found = value
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except ValueError:
            found = ast.literal_eval(value)
    assert isinstance(found, dict)
    return found
