"""Fields that a catalog gives another type than the stream has.

Meltano's extra ``schema`` does this, to keep money exact as text in a target without exact
numbers, for example.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from tap_claude_analytics.records.shapes import KINDS, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_claude_analytics.records.day import Record

    Schema: TypeAlias = Mapping[str, Any]

#: The fields to write as text: nested for an object, empty for a field.
Texts: TypeAlias = "dict[str, Texts]"

#: Formats of a string that any text has.
_ANY_TEXT = {None, "singer.decimal"}

_as_json = msgspec.json.Encoder(decimal_format="number").encode


class Retyping:
    """From the types of a stream to those of a catalog.

    Attributes:
        known: The schema of the records before any field is written as text: the fields of
            the catalog, with the types of the stream where it has the field.
        mistakes: A sentence for each field whose values cannot all be written as the
            catalog wants, as an end of "stream ...".
    """

    def __init__(self, own: Schema, chosen: Schema) -> None:
        """Compare the schema of the stream with that of the catalog."""
        self.known = _known(own, chosen)
        self.mistakes = [*_mistakes(own, chosen)]
        self._texts = _texts(own, chosen)

    def apply(self, record: Record) -> None:
        """Write the fields of a record as the catalog wants, in place."""
        if self._texts:
            _write_texts(record, self._texts)


def _known(own: Schema, chosen: Schema) -> dict[str, Any]:
    properties = {}
    for name, rule in chosen.get("properties", {}).items():
        of_stream = own.get("properties", {}).get(name)
        if of_stream is None:
            properties[name] = rule
        elif of_stream.get("properties") and "object" in _kinds(rule):
            # Without properties in the catalog, the object is kept whole.
            properties[name] = _known(of_stream, rule) if rule.get("properties") else rule
        else:
            properties[name] = of_stream
    return {**own, "properties": properties}


def _mistakes(own: Schema, chosen: Schema, prefix: str = "") -> Iterator[str]:
    for name, rule in chosen.get("properties", {}).items():
        of_stream = own.get("properties", {}).get(name)
        if of_stream is None:
            if not _is_readable(rule):
                yield f"field {prefix}{name}: this tap cannot read {_described(rule)}"
        elif not _fits(of_stream, rule):
            if not _is_text_of(of_stream, rule):
                yield (
                    f"field {prefix}{name}: {_described(of_stream)} cannot be written as"
                    f" {_described(rule)} without loss"
                )
        elif of_stream.get("properties"):
            yield from _mistakes(of_stream, rule, f"{prefix}{name}.")


def _texts(own: Schema, chosen: Schema) -> Texts:
    texts: Texts = {}
    for name, rule in chosen.get("properties", {}).items():
        of_stream = own.get("properties", {}).get(name)
        if of_stream is None:
            continue
        if not _fits(of_stream, rule):
            texts[name] = {}
        elif below := _texts(of_stream, rule):
            texts[name] = below
    return texts


def _write_texts(record: Record, texts: Texts) -> None:
    for name, below in texts.items():
        value = record.get(name)
        if isinstance(value, dict) and below:
            _write_texts(value, below)
        elif value is not None:
            record[name] = _text(value)


def _text(value: object) -> str:
    # Not 1E+2.
    return f"{value:f}" if isinstance(value, Decimal) else _as_json(value).decode()


def _is_readable(rule: Schema) -> bool:
    if rule.get("properties"):
        return all(map(_is_readable, rule["properties"].values()))
    return bool(_kinds(rule)) and kind_of(rule) in KINDS


def _fits(own: Schema, chosen: Schema) -> bool:
    """Return whether every value of one schema is one of the other."""
    kinds = _kinds(chosen)
    if not kinds:
        return True
    if "number" in kinds:
        kinds.add("integer")
    return _kinds(own) <= kinds and chosen.get("format") in {None, own.get("format")}


def _is_text_of(own: Schema, chosen: Schema) -> bool:
    """Return whether every value of one schema can be written as a string of the other."""
    kinds = _kinds(chosen)
    return (
        "string" in kinds
        and chosen.get("format") in _ANY_TEXT
        and _kinds(own) - {"null"} <= {"boolean", "integer", "number", "object"}
        and _kinds(own) & {"null"} <= kinds
    )


def _kinds(rule: Schema) -> set[str]:
    """Return the types of a rule; none if it allows all."""
    kinds = rule.get("type", ())
    return {kinds} if isinstance(kinds, str) else {*kinds}


def _described(rule: Schema) -> str:
    kinds = " or ".join(sorted(_kinds(rule))) or "any type"
    return f"{kinds} ({rule['format']})" if rule.get("format") else kinds
