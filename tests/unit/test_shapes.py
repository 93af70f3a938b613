"""What does not fit the schema is moved: not copied, not dropped, not changed."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_claude_analytics.records.shapes import (
    AMOUNT,
    misfit_paths,
    shape_of,
    take_misfits,
)

SCHEMA: dict[str, Any] = {
    "properties": {
        "id": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "count": {"type": ["null", "integer"]},
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
SHAPE = shape_of(SCHEMA, without={"date"})


def test_the_shape_of_a_schema() -> None:
    """Kinds are formats or types; fields at any depth are left out, or are amounts."""
    user = {"name": "string", "home": {"city": "string"}}
    known = {"id": "string", "count": "integer", "free": "object", "user": user}
    assert shape_of(SCHEMA) == {**known, "date": "date"}
    without = shape_of(SCHEMA, without={"date", "user.home"}, amounts={"id", "user.name"})
    assert without == {**known, "id": AMOUNT, "user": {"name": AMOUNT}}


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


@pytest.mark.parametrize("value", [1, "a", [], [{"name": "a"}]], ids=repr)
def test_what_is_no_object(value: object) -> None:
    """It moves as a whole, and the field stays as null; at depth too."""
    row = {"id": "1", "user": value}
    assert take_misfits(row, SHAPE) == {"user": value}
    assert row == {"id": "1", "user": None}
    assert [*misfit_paths({"user": value}, SHAPE)] == [("user", "object")]
    nested = {"user": {"name": 7, "home": value}}
    misfits = take_misfits(nested, SHAPE)
    assert misfits == {"user": {"name": 7, "home": value}}
    assert nested == {"user": {"name": None, "home": None}}
    told = [("user.name", "string"), ("user.home", "object")]
    assert [*misfit_paths(misfits or {}, SHAPE)] == told


names = st.sampled_from(["id", "count", "user", "name", "home", "city", "free", "x"])
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(Decimal("1.5"))
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=30)
@given(row=st.dictionaries(names, json_values))
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
