"""Values of records: exact amounts, text that databases take, the types of the catalog."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.records.money import exact_amount, hundredth
from tap_claude_analytics.records.retyping import Retyping
from tap_claude_analytics.records.shapes import shape_of
from tap_claude_analytics.records.storable import is_suspect, make_storable

# Money


@pytest.mark.parametrize(
    ("value", "dollars"),
    [
        *(("0", "0.00"), ("-12.50", "-0.1250"), ("0.005", "0.00005"), ("1E+3", "1E+1")),
        *((7, "0.07"), (Decimal("0.10"), "0.0010")),
        ("1234567890123456789012345678901.2", "12345678901234567890123456789.012"),
    ],
)
def test_amounts(value: str | int | Decimal, dollars: str) -> None:
    """Every digit stays, trailing zeros included; division would round to 28 digits."""
    amount = exact_amount("amount", value)
    assert isinstance(amount, Decimal)
    assert (str(amount), str(hundredth(amount))) == (str(value), dollars)
    assert exact_amount("amount", None) is None


@pytest.mark.parametrize(
    "value",
    ["", "12,50", "twelve", "NaN", "Infinity", "-inf", 1.5, [], {}, Decimal("Infinity")],
)
def test_what_is_no_amount(value: object) -> None:
    """The field is named, and its value is not shown."""
    with pytest.raises(RowError, match="a row whose list_amount is not a decimal number"):
        exact_amount("list_amount", value)


# What databases refuse is replaced where that is safe, and named


def stored(record: dict[str, Any], *keys: str) -> list[str]:
    """Make a record storable, and return the paths that were noted."""
    notes: list[str] = []
    make_storable(record, keys, notes.append)
    return notes


def test_texts() -> None:
    """Each such character becomes U+FFFD, at whatever depth, and the path is told."""
    odd, clean = "\x00a\udfff\ud800", "\ufffda\ufffd\ufffd"
    record = {"id": "x", "name": odd, "user": {"name": odd}, "list": [odd, 1]}
    assert stored(record, "id") == ["name", "user.name", "list[]"]
    assert list(record) == ["id", "name", "user", "list"]
    assert record == {"id": "x", "name": clean, "user": {"name": clean}, "list": [clean, 1]}
    # A key is never changed: two could become one.
    record = {"id": odd, "name": odd}
    with pytest.raises(RowError, match="a row whose id contains"):
        stored(record, "id")
    assert record == {"id": odd, "name": odd}


def test_names_of_fields_that_are_not_known() -> None:
    """They may be people's own words, so no more than the place is told."""
    record = {"additional_fields": {"by_user": {"anna\x00": {"x": "\x00"}}}}
    assert stored(record) == ["additional_fields.by_user", "additional_fields.by_user"]
    assert record == {"additional_fields": {"by_user": {"anna\ufffd": {"x": "\ufffd"}}}}
    # Nothing is overwritten.
    with pytest.raises(RowError, match="two fields in additional_fields"):
        stored({"additional_fields": {"by": {"a\x00": 1, "a\ufffd": 2}}})


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_integers_beyond_64_bits(number: int) -> None:
    """They are named by their path, and not by their value."""
    with pytest.raises(RowError, match=r"in user\.count") as caught:
        stored({"user": {"count": number}})
    assert str(number) not in str(caught.value)
    assert stored({"count": 2**63 - 1, "other": -(2**63), "yes": True}) == []


texts = st.text(st.characters(exclude_categories=()), max_size=4)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(record=st.dictionaries(st.sampled_from("abc"), json_values))
def test_nothing_odd_is_overlooked(record: dict[str, Any]) -> None:
    """What is changed or refused is found in the body first; afterwards nothing is left."""
    before = copy.deepcopy(record)
    bodies = [json.dumps(record).encode()]
    bodies.append(json.dumps(record, ensure_ascii=False).encode(errors="surrogatepass"))
    try:
        noted = stored(record)
    except RowError:
        noted = ["refused"]
    if not noted:
        assert record == before
    else:
        assert all(is_suspect(body) for body in bodies)
    if noted != ["refused"]:
        text = json.dumps(record, ensure_ascii=False)
        assert "\\u0000" not in text
        text.encode()


def test_suspect_bodies() -> None:
    """JSON has many ways to write what databases refuse; others cost no further look."""
    # Escaped surrogates of both halves, with large and small digits; the same as bytes.
    escaped = (rb'"\ud800"', rb'"\uDBFF"', rb'"\udc00"', rb'"\uDeaD"', rb'"\uDFFF"')
    plain = (b'"\xed\xa0\x80"', b'"\xed\xbf\xbf"')
    for body in (rb'"\u0000"', *escaped, *plain, b"1234567890123456789"):
        assert is_suspect(body), body
    ordinary = (b"123456789012345678", rb'"\ud7ff"', "'é\ud7ff'".encode())
    for body in (b'{"data": [], "next_page": null}', *ordinary):
        assert not is_suspect(body), body


# Types of a catalog are followed where no value is lost, and refused elsewhere


def schema(**rules: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that may be null."""
    return {"type": ["object", "null"], "properties": rules}


def rule(*kinds: str, **more: str) -> dict[str, Any]:
    """Return the schema of a field."""
    return {"type": [*kinds], **more}


TEXT = rule("string", "null")
OWN = schema(
    date=rule("string", format="date"),
    amount=rule("number", "null"),
    requests=rule("integer", "null"),
    is_shared=rule("boolean"),
    name=TEXT,
    additional_fields=rule("object", "null"),
    tools=schema(searches=rule("integer", "null")),
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
        ({"requests": TEXT}, {"requests": "1" + "0" * 20}),
        ({"requests": rule("number", "null")}, {}),
        ({"is_shared": {"type": "string"}}, {"is_shared": "false"}),
        ({"date": {"type": "string"}, "name": {}}, {}),
        ({"additional_fields": TEXT}, {"additional_fields": '{"new":0.10,"of":["é"]}'}),
        ({"tools": schema(searches=TEXT)}, {"tools": {"searches": "7"}}),
        ({"tools": rule("object", "null")}, {}),
        ({"of_the_user": rule("null", "integer")}, {}),
    ],
)
def test_types_that_lose_nothing(rules: dict[str, Any], values: dict[str, Any]) -> None:
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
            {"tools": schema(searches=rule("boolean"))},
            "tools.searches: integer or null cannot",
        ),
        ({"models": rule("binary", "null")}, "models: this tap cannot read binary or null"),
    ],
)
def test_types_that_lose_values(rules: dict[str, Any], words: str) -> None:
    """The field and both types are named."""
    [mistake] = changed(**rules).mistakes
    assert words in mistake


def test_types_of_the_rows() -> None:
    """Rows are decoded as the API sends them, whatever the catalog makes of them later."""
    known = changed(amount=TEXT, added=rule("null", "integer")).known
    assert shape_of(known) == {**shape_of(OWN), "added": "integer"}
    without = Retyping(OWN, schema(name=TEXT)).known
    assert shape_of(without) == {"name": "string"}
