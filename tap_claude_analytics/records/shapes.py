"""Which fields a schema knows, and what becomes of values that do not fit it."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias

import msgspec

from tap_claude_analytics.common.dates import parse_day
from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.common.text import field_name
from tap_claude_analytics.records.storable import has_nul, is_suspect

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    import pendulum

    from tap_claude_analytics.records.day import Row

#: The names that a schema knows: a nested shape for an object with properties of its own,
#: else the kind of value that the name has.
Shape: TypeAlias = "dict[str, Shape | str]"

#: Amounts are decimal strings in rows and numbers in records.
AMOUNT = "amount"

_TIMES: dict[str, Any] = {
    "date": dt.date,
    "date-time": Annotated[dt.datetime, msgspec.Meta(tz=True)],
}


@lru_cache(maxsize=4096)
def _is_time(kind: str, text: str) -> bool:
    """Return whether a text is a time as the typed decoder accepts it."""
    try:
        msgspec.convert(text, _TIMES[kind])
    except (msgspec.ValidationError, UnicodeEncodeError):  # half a character is no time
        return False
    return True


#: What a value of each kind is, besides null.
_FITS: dict[str, Callable[[Any], bool]] = {
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in {int, Decimal},
    AMOUNT: lambda value: type(value) in {str, int, Decimal},
    "string": lambda value: type(value) is str,
    "date": lambda value: type(value) is str and _is_time("date", value),
    "date-time": lambda value: type(value) is str and _is_time("date-time", value),
    "boolean": lambda value: type(value) is bool,
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list and all(map(_is_text_or_null, value)),
}

KINDS = frozenset(_FITS)


def _is_text_or_null(value: object) -> bool:
    return value is None or type(value) is str


def fitted(value: Any, kind: str) -> tuple[Any, bool]:  # noqa: ANN401 - a JSON value
    """Return a value as its kind, and whether it fits: null if it does not.

    A whole number that is written with a fraction of zero becomes an integer.
    """
    if value is None or _FITS[kind](value):
        return value, True
    if kind == "integer" and _is_whole(value):
        return int(value), True
    return None, False


def _is_whole(value: object) -> bool:
    return (
        isinstance(value, Decimal)
        # `abs` cannot hold every exponent that a Decimal has.
        and value.copy_abs() < 2**63
        and value == value.to_integral_value()
    )


def day_in(row: Row, name: str) -> pendulum.Date | None:
    """Return the day that a field of a row names, None if it names none."""
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
        without: Fields to leave out; of nested ones the path, such as ``user.name``.
        amounts: Fields that are amounts of money, in the same way.
    """
    return {
        name: (
            AMOUNT
            if name in amounts
            else kind_of(rule, _below(name, without), _below(name, amounts))
        )
        for name, rule in schema.get("properties", {}).items()
        if name not in without
    }


def _below(name: str, paths: Collection[str]) -> set[str]:
    """Return the paths of fields in an object, from the paths to them."""
    prefix = f"{name}."
    return {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}


def kind_of(
    rule: Mapping[str, Any],
    without: Collection[str] = (),
    amounts: Collection[str] = (),
) -> Shape | str:
    """Return the kind of values that a schema describes; a shape if it has properties."""
    if rule.get("properties"):
        return shape_of(rule, without=without, amounts=amounts)
    kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    return str(rule.get("format", next((k for k in kinds if k != "null"), "null")))


_INTEGER = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
#: What a value of each kind is to the typed decoder; null is always accepted.
_TYPES: dict[str, Any] = {
    "integer": _INTEGER,
    "number": _INTEGER | float,
    AMOUNT: str,
    "string": str,
    **_TIMES,
    "boolean": bool,
    "object": dict[str, Any],
    "array": list[str | None],
}


def row_type(shape: Shape, *, null_fields: Collection[str] = ()) -> type:
    """Return the type of objects that fit a shape and have no other fields.

    Args:
        shape: What is known.
        null_fields: More names at the top level, which are accepted with null only.
    """
    types: dict[str, Any] = dict.fromkeys(null_fields)
    for name, kind in shape.items():
        of_kind = row_type(kind) if isinstance(kind, dict) else _TYPES[kind]
        types[name] = of_kind | None
    # A field that a catalog adds may have any name, an attribute may not.
    names = {f"field_{number}": name for number, name in enumerate(types)}
    fields = [(attribute, types[name], None) for attribute, name in names.items()]
    return msgspec.defstruct("Row", fields, rename=names, forbid_unknown_fields=True)


class Decoded(NamedTuple):
    """The rows of a page.

    Attributes:
        rows: The rows; numbers with a fraction are Decimal.
        conforms: Whether every row has just the fields and types of the schema.
        is_suspect: Whether a row may hold text that databases refuse.
    """

    rows: list[Row]
    conforms: bool
    is_suspect: bool


class RowDecoder:
    """Decodes the rows of pages, and tells pages of which every row fits the schema.

    Checking a page as a whole with a typed decoder is what makes records cheap: looking at
    each field of each row in Python takes about three times as long as all other work on a
    record.
    """

    def __init__(self, row: type) -> None:
        """Create a decoder from the type of rows that fit the schema."""
        page = msgspec.defstruct("Page", [("data", list[row])])  # type: ignore[valid-type]
        self._check = msgspec.json.Decoder(page).decode
        self._decode = msgspec.json.Decoder(_Rows, float_hook=Decimal).decode

    def decode(self, text: bytes, key: str) -> Decoded:
        """Decode the rows of a page.

        Args:
            text: The page, as JSON.
            key: The name that the list of rows has in it.

        Raises:
            RowError: If a row is not an object, or if Python cannot hold it.
        """
        try:
            self._check(text)
            # What fits has no half characters and no integer of more than 64 bits.
            return Decoded(self._decode(text).data, conforms=True, is_suspect=has_nul(text))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            rows = _decode_any(text)[key]
        if not all(isinstance(row, dict) for row in rows):
            msg = "a row that is not an object"
            raise RowError(msg)
        return Decoded(rows, conforms=False, is_suspect=is_suspect(text))


def _decode_any(text: bytes) -> dict[str, Any]:
    """Decode a page whose rows have another form than the schema.

    Raises:
        RowError: If Python cannot hold it.
    """
    try:
        page: dict[str, Any] = json.loads(text, parse_float=Decimal)
    except (ArithmeticError, RecursionError, ValueError):
        msg = "rows with a number that is out of range, or nested too deeply"
        raise RowError(msg) from None
    return page


class _Rows(msgspec.Struct):
    data: list[dict[str, Any]]


def take_misfits(row: Row, shape: Shape) -> Row | None:
    """Move what does not fit the shape out of the row, in the nesting of the row.

    An unknown field leaves the row. A known field whose value is not of its kind stays as
    null, so that targets can store the row.

    Returns:
        What has been moved, None if there is nothing.
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
        else:
            row[name], fits = fitted(value, kind)
            if not fits:
                misfits[name] = value
    return misfits or None


def misfit_paths(
    misfits: Row, shape: Shape, prefix: str = ""
) -> Iterator[tuple[str, str | None]]:
    """Yield the path of each misfit and the kind that was expected, None for no field."""
    for name, value in misfits.items():
        kind, path = shape.get(name), f"{prefix}{field_name(name)}"
        if not isinstance(kind, dict):
            yield path, kind
        elif isinstance(value, dict):
            yield from misfit_paths(value, kind, f"{path}.")
        else:
            yield path, "object"
