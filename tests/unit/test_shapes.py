"""What does not fit the schema is moved: not copied, not dropped, not changed."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_claude_analytics.records.shapes import misfit_paths, shape_of, take_misfits

SCHEMA: dict[str, Any] = {
    "properties": {
        "id": {"type": "string"},
        "date": {"type": "string"},
        "count": {"type": ["integer", "null"]},
        "rate": {"type": ["number", "null"]},
        "price": {"type": ["number", "null"]},
        "shared": {"type": ["boolean", "null"]},
        "since": {"type": ["string", "null"], "format": "date"},
        "at": {"type": ["string", "null"], "format": "date-time"},
        "free": {"type": ["object", "null"]},
        "user": {
            "type": ["object", "null"],
            "properties": {
                "name": {"type": ["string", "null"]},
                "home": {
                    "type": ["object", "null"],
                    "properties": {"city": {"type": ["string", "null"]}},
                },
            },
        },
    }
}
SHAPE = shape_of(SCHEMA, without={"date"}, amounts={"price"})


@pytest.mark.parametrize(
    ("row", "known", "unknown", "paths"),
    [
        pytest.param({"id": "1"}, {"id": "1"}, None, [], id="nothing-new"),
        pytest.param({"id": "1", "x": 2}, {"id": "1"}, {"x": 2}, ["x"], id="top-level"),
        pytest.param({"x": None}, {}, {"x": None}, ["x"], id="null-is-kept-too"),
        pytest.param(
            {"user": {"name": "a", "age": 3, "home": {"city": "b", "zip": {"n": 1}}}},
            {"user": {"name": "a", "home": {"city": "b"}}},
            {"user": {"age": 3, "home": {"zip": {"n": 1}}}},
            ["user.age", "user.home.zip"],
            id="nested",
        ),
        pytest.param({"user": None}, {"user": None}, None, [], id="known-object-null"),
        pytest.param({"free": {"a": 1}}, {"free": {"a": 1}}, None, [], id="open-object"),
        pytest.param({"date": "d"}, {}, {"date": "d"}, ["date"], id="the-taps-own-name"),
    ],
)
def test_unknown_fields(
    row: dict[str, Any],
    known: dict[str, Any],
    unknown: dict[str, Any] | None,
    paths: list[str],
) -> None:
    """Known fields stay, the others move in their own nesting and are named."""
    taken = take_misfits(row, SHAPE)
    assert row == known
    assert taken == unknown
    assert sorted(misfit_paths(taken or {}, SHAPE)) == [(path, None) for path in paths]


MISFITS: dict[str, list[Any]] = {
    "id": [1, Decimal("1.5"), True, [], {}],
    "count": ["1", True, Decimal("1.5"), Decimal("1e30"), [], {}],
    "rate": ["1", False, [], {}],
    "price": [True, [], {}],
    "shared": [1, 0, "true", [], {}],
    "since": [1, "soon", "2026-02-30", "2026-02-03T00:00:00Z", ""],
    "at": [1, "soon", "2026-02-30T00:00:00Z", "2026-02-03 00:00:00", ""],
    "free": [1, "a", []],
    "user": [1, "a", []],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}-{value!r}")
        for name, values in MISFITS.items()
        for value in values
    ],
)
def test_values_of_another_type(name: str, value: object) -> None:
    """The value moves, and the field stays as null; at depth too."""
    row = {"id": "1", name: value}
    taken = take_misfits(row, SHAPE)
    assert row == {"id": "1", name: None} | ({"id": None} if name == "id" else {})
    assert taken == {name: value}
    ((path, kind),) = misfit_paths(taken, SHAPE)
    assert path == name
    assert kind is not None
    nested = {"user": {"name": "a", "home": {"city": 5}}}
    assert take_misfits(nested, SHAPE) == {"user": {"home": {"city": 5}}}
    assert nested == {"user": {"name": "a", "home": {"city": None}}}


@pytest.mark.parametrize(
    "row",
    [
        {"count": 2**63 - 1, "rate": 1, "price": "1.50", "shared": False},
        {"rate": Decimal("0.1"), "price": Decimal("1.5"), "since": "2026-02-03"},
        {"price": 2, "at": "2026-02-03T04:05:06.789Z", "free": {}, "user": {}},
        {"at": "2026-02-03T04:05:06+02:00"},
        dict.fromkeys(sorted(set(SCHEMA["properties"]) - {"date"})),
    ],
    ids=str,
)
def test_values_that_fit(row: dict[str, Any]) -> None:
    """They stay, and so does null."""
    before = copy.deepcopy(row)
    assert take_misfits(row, SHAPE) is None
    assert row == before


def test_a_whole_number_with_a_fraction_of_zero() -> None:
    """It is the integer that it says it is."""
    row = {"count": Decimal("5.0")}
    assert take_misfits(row, SHAPE) is None
    assert json.dumps(row) == '{"count": 5}'


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "user", "name", "home", "city", "free", "x", "y"]), inner
        )
    ),
    max_leaves=12,
)


@given(row=st.dictionaries(st.sampled_from([*SCHEMA["properties"], "x"]), json_values))
def test_nothing_is_lost(row: dict[str, Any]) -> None:
    """What stays and what moves make up the row again, whatever it holds."""

    def merged(one: object, other: object) -> object:
        if isinstance(one, dict) and isinstance(other, dict):
            return {
                name: merged(one.get(name), other[name]) if name in other else one[name]
                for name in one.keys() | other.keys()
            }
        return other

    before = copy.deepcopy(row)
    misfits = take_misfits(row, SHAPE)
    assert merged(row, misfits or {}) == before
    assert take_misfits(row, SHAPE) is None
