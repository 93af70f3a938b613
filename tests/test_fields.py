"""Fields that the schema does not know are moved: not copied, not dropped."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_claude_analytics.streams.fields import field_paths, shape_of, take_unknown

SCHEMA = {
    "properties": {
        "id": {"type": "string"},
        "date": {"type": "string"},
        "free": {"type": ["object", "null"]},
        "user": {
            "type": ["object", "null"],
            "properties": {
                "name": {"type": "string"},
                "home": {"type": "object", "properties": {"city": {"type": "string"}}},
            },
        },
    }
}
SHAPE = shape_of(SCHEMA, without={"date"})


@pytest.mark.parametrize(
    ("row", "known", "unknown", "paths"),
    [
        pytest.param({"id": 1}, {"id": 1}, None, [], id="nothing-new"),
        pytest.param({"id": 1, "x": 2}, {"id": 1}, {"x": 2}, ["x"], id="top-level"),
        pytest.param({"x": None}, {}, {"x": None}, ["x"], id="null-is-kept-too"),
        pytest.param(
            {"user": {"name": "a", "age": 3, "home": {"city": "b", "zip": {"n": 1}}}},
            {"user": {"name": "a", "home": {"city": "b"}}},
            {"user": {"age": 3, "home": {"zip": {"n": 1}}}},
            ["user.age", "user.home.zip"],
            id="nested",
        ),
        pytest.param({"user": None}, {"user": None}, None, [], id="known-object-null"),
        pytest.param({"user": "a"}, {"user": "a"}, None, [], id="type-changed"),
        pytest.param({"free": {"a": 1}}, {"free": {"a": 1}}, None, [], id="open-object"),
        pytest.param({"date": "d"}, {}, {"date": "d"}, ["date"], id="the-taps-own-name"),
    ],
)
def test_take_unknown(
    row: dict[str, Any],
    known: dict[str, Any],
    unknown: dict[str, Any] | None,
    paths: list[str],
) -> None:
    """Known fields stay, the others move in their own nesting and are named."""
    taken = take_unknown(row, SHAPE)
    assert row == known
    assert taken == unknown
    assert sorted(field_paths(taken or {}, SHAPE)) == paths


json_objects = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from(["id", "user", "name", "home", "city", "free", "x", "y"]), inner
    ),
    max_leaves=12,
)


@given(row=st.dictionaries(st.sampled_from(["id", "user", "free", "x"]), json_objects))
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
    unknown = take_unknown(row, SHAPE)
    assert merged(row, unknown or {}) == before
