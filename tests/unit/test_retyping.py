"""Types of a catalog are followed where no value is lost, and refused elsewhere."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from tap_claude_analytics.records.retyping import Retyping
from tap_claude_analytics.records.shapes import shape_of


def schema(**rules: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "properties": rules}


def rule(*kinds: str, **more: str) -> dict[str, Any]:
    """Return the schema of a field."""
    return {"type": [*kinds], **more}


def nullable(**rules: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that may be null."""
    return {**schema(**rules), "type": ["object", "null"]}


OWN = schema(
    date=rule("string", format="date"),
    amount=rule("number", "null"),
    requests=rule("integer", "null"),
    is_shared=rule("boolean"),
    name=rule("string", "null"),
    additional_fields=rule("object", "null"),
    tools=nullable(searches=rule("integer", "null")),
)
RECORD: dict[str, Any] = {
    "date": "2026-03-04",
    "amount": Decimal("4.128E+4"),
    "requests": 10**20,
    "is_shared": False,
    "name": None,
    "additional_fields": {"new": Decimal("0.10"), "of": ["é"]},
    "tools": {"searches": 7},
}


def changed(**rules: dict[str, Any]) -> Retyping:
    """Return what a catalog makes of the schema."""
    return Retyping(OWN, schema(**{**OWN["properties"], **rules}))


@pytest.mark.parametrize(
    ("rules", "values"),
    [
        ({"amount": rule("null", "string")}, {"amount": "41280"}),
        ({"amount": rule("string", "null", format="singer.decimal")}, {"amount": "41280"}),
        ({"requests": rule("string", "null")}, {"requests": "1" + "0" * 20}),
        ({"requests": rule("number", "null")}, {}),
        ({"is_shared": {"type": "string"}}, {"is_shared": "false"}),
        ({"date": {"type": "string"}, "name": {}}, {}),
        (
            {"additional_fields": rule("string", "null")},
            {"additional_fields": '{"new":0.10,"of":["é"]}'},
        ),
        (
            {"tools": nullable(searches=rule("string", "null"))},
            {"tools": {"searches": "7"}},
        ),
        ({"tools": rule("object", "null")}, {}),
        ({"of_the_user": rule("null", "integer")}, {}),
    ],
)
def test_lossless(rules: dict[str, Any], values: dict[str, Any]) -> None:
    """Records have the catalog's types, to the last digit."""
    retyping = changed(**rules)
    assert not retyping.mistakes
    record = copy.deepcopy(RECORD)
    retyping.apply(record)
    assert record == {**RECORD, **values}


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"requests": rule("boolean", "null")}, "requests: integer or null cannot"),
        ({"amount": rule("integer", "null")}, "amount: null or number cannot"),
        ({"amount": rule("string")}, "as string without loss"),
        ({"name": rule("integer", "null")}, "name: null or string cannot"),
        ({"name": rule("string", "null", format="date")}, "as null or string (date)"),
        ({"date": rule("string", format="date-time")}, "date: string (date) cannot"),
        (
            {"tools": nullable(searches=rule("boolean"))},
            "tools.searches: integer or null cannot",
        ),
        ({"models": rule("binary", "null")}, "models: this tap cannot read binary or null"),
    ],
)
def test_lossy(rules: dict[str, Any], words: str) -> None:
    """The field and both types are named."""
    [mistake] = changed(**rules).mistakes
    assert words in mistake


def test_types_of_the_rows() -> None:
    """Rows are decoded as the API sends them, whatever the catalog makes of them later."""
    known = changed(amount=rule("string", "null"), added=rule("null", "integer")).known
    assert shape_of(known) == {**shape_of(OWN), "added": "integer"}
    without = Retyping(OWN, schema(name=rule("string", "null"))).known
    assert shape_of(without) == {"name": "string"}
