"""Which fields the schemas know, and what becomes of those that do not fit them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec
from singer_sdk import SchemaDirectory

from tap_claude_analytics.answers import told_name
from tap_claude_analytics.windows import parse_day

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    import pendulum

    from tap_claude_analytics.answers import Row

#: One typed JSON schema per stream, in a file of the stream's name.
SCHEMAS = SchemaDirectory(resources.files("tap_claude_analytics") / "schemas")

#: The names that a schema knows: a nested shape for an object with properties of its own,
#: else what kind of value the name has.
Shape: TypeAlias = "dict[str, Shape | str]"

#: Amounts are decimal strings on their way in, and numbers on their way out.
AMOUNT = "amount"

_TIMES: dict[str, Any] = {
    "date": dt.date,
    "date-time": Annotated[dt.datetime, msgspec.Meta(tz=True)],
}


@lru_cache(maxsize=4096)
def _says(kind: str, text: str) -> bool:
    """Tell whether a text is a time as the decoder of pages takes one."""
    try:
        msgspec.convert(text, _TIMES[kind])
    except msgspec.ValidationError:
        return False
    return True


#: What a value of each kind is, beside null.
_FITS: dict[str, Callable[[Any], bool]] = {
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in {int, Decimal},
    AMOUNT: lambda value: type(value) in {str, int, Decimal},
    "string": lambda value: type(value) is str,
    "date": lambda value: type(value) is str and _says("date", value),
    "date-time": lambda value: type(value) is str and _says("date-time", value),
    "boolean": lambda value: type(value) is bool,
    "object": lambda value: type(value) is dict,
}


def fits(value: object, kind: str) -> bool:
    """Tell whether a value is null or of a kind."""
    return value is None or _FITS[kind](value)


def day_in(row: Row, name: str) -> pendulum.Date | None:
    """Return the day that a field of a row says, None if it says none."""
    try:
        return parse_day(row[name])
    except (KeyError, TypeError, ValueError):
        return None


def shape_of(
    schema: Mapping[str, Any],
    *,
    without: Collection[str] = (),
    amounts: Collection[str] = (),
) -> Shape:
    """Return the names that an object schema knows, and their kinds.

    Args:
        schema: The schema of an object.
        without: Names at the top level to leave out.
        amounts: Names at the top level that are amounts of money.
    """
    return {
        name: AMOUNT if name in amounts else _kind_of(rule)
        for name, rule in schema.get("properties", {}).items()
        if name not in without
    }


def _kind_of(rule: Mapping[str, Any]) -> Shape | str:
    if rule.get("properties"):
        return shape_of(rule)
    kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    return str(rule.get("format", kinds[0]))


_INTEGER = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
#: What a value of each kind is to the decoder; null is always accepted.
_TYPES: dict[str, Any] = {
    "integer": _INTEGER,
    "number": _INTEGER | float,
    AMOUNT: str,
    "string": str,
    **_TIMES,
    "boolean": bool,
    "object": dict[str, Any],
}


def row_type(shape: Shape, *, nulls: Collection[str] = ()) -> type:
    """Return the type of objects that fit a shape, for a decoder that is strict.

    Args:
        shape: What is known.
        nulls: More names at the top level, which are accepted with null only.
    """
    fields: list[tuple[str, Any, Any]] = [(name, None, None) for name in nulls]
    for name, kind in shape.items():
        of_kind = row_type(kind) if isinstance(kind, dict) else _TYPES[kind]
        fields.append((name, of_kind | None, None))
    return msgspec.defstruct("Row", fields, forbid_unknown_fields=True)


def take_misfits(row: Row, shape: Shape) -> Row | None:
    """Move what does not fit the shape out of the row, in the row's own nesting.

    A field that is not known is gone from the row. One whose value is not of its kind
    stays there as null, so that targets can store the row. A whole number that is written
    with a fraction of zero becomes an integer.
    """
    misfits: Row = {}
    for name in list(row):
        kind, value = shape.get(name), row[name]
        if kind is None:
            misfits[name] = row.pop(name)
        elif isinstance(kind, dict):
            if isinstance(value, dict):
                taken = take_misfits(value, kind)
            else:
                taken, row[name] = value, None
            if taken is not None:
                misfits[name] = taken
        elif not fits(value, kind):
            if kind == "integer" and _is_whole(value):
                row[name] = int(value)
            else:
                misfits[name], row[name] = value, None
    return misfits or None


def _is_whole(value: object) -> bool:
    return (
        isinstance(value, Decimal)
        and abs(value) < 2**63
        and value == value.to_integral_value()
    )


def misfit_paths(
    misfits: Row, shape: Shape, prefix: str = ""
) -> Iterator[tuple[str, str | None]]:
    """Yield the path of each misfit and the kind that was expected, None for no field."""
    for name, value in misfits.items():
        kind, path = shape.get(name), f"{prefix}{told_name(name)}"
        if not isinstance(kind, dict):
            yield path, kind
        elif isinstance(value, dict):
            yield from misfit_paths(value, kind, f"{path}.")
        else:
            yield path, "object"
