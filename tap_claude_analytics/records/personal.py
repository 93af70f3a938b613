"""Personal data in rows: e-mail addresses and other identities, and names.

The schemas mark the fields that are personal, and the setting `personal_data` says what
becomes of them. Rows are masked before anything is made of them, so that columns and keys
made from personal fields hold nothing personal either.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_claude_analytics.common.names import ADDITIONAL_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_claude_analytics.records.day import Day, Record, Row

#: The key under which a schema says that a field is personal, and its values:
PERSONAL = "x-personal"
#: What tells a person apart, such as an e-mail address. Its digest still does.
ADDRESS = "address"
#: The name of a person or of a project.
NAME = "name"
#: A column made from an actor, which holds an address only if the actor has no id.
ACTOR = "actor"
#: May hold anything.
UNKNOWN = "unknown"

#: The personal fields of an object: what each of them is, or the personal fields in it.
Fields: TypeAlias = "dict[str, Fields | str]"

#: Hexadecimal digits of a digest: 128 bits, so that no two addresses share one.
_DIGITS = 32


def personal_fields(schema: Mapping[str, Any]) -> Fields:
    """Return the personal fields of an object, from its annotated schema."""
    fields: Fields = {}
    for name, rule in schema["properties"].items():
        if PERSONAL in rule:
            fields[name] = str(rule[PERSONAL])
        elif "properties" in rule and (nested := personal_fields(rule)):
            fields[name] = nested
    return fields


@lru_cache(maxsize=2**15)  # the same people come every day
def digest(text: str, salt: bytes) -> str:
    """Return the salted digest of a text: the same for the same text in all streams."""
    # A row may contain half a surrogate pair, which plain UTF-8 does not encode.
    return hmac.digest(salt, text.encode("utf-8", "surrogatepass"), "sha256").hex()[
        :_DIGITS
    ]


def mask(
    rows: Iterable[Row], _day: Day, *, fields: Fields, salt: bytes | None
) -> Iterator[Row]:
    """Replace addresses by their digests, and names by null; null stays null.

    Args:
        rows: Rows whose values fit the schema; they are edited in place.
        fields: Their personal fields.
        salt: The key of the digests; None to replace addresses by null, too.
    """
    for row in rows:
        _mask_object(row, fields, salt)
        yield row


def _mask_object(value: dict[str, Any], fields: Fields, salt: bytes | None) -> None:
    for name, kind in fields.items():
        personal = value.get(name)
        if personal is None:
            continue
        if isinstance(kind, dict):
            _mask_object(personal, kind, salt)
        elif kind == ADDRESS and salt is not None:
            value[name] = digest(personal, salt)
        else:
            value[name] = None


def empty_additional_fields(records: Iterable[Record], _day: Day) -> Iterator[Record]:
    """Replace the fields that the schema does not know by null: they may hold anything."""
    for record in records:
        record[ADDITIONAL_FIELDS] = None
        yield record
