"""Rows of usage and cost have keys that are the same at every reading."""

from __future__ import annotations

from typing import Any

import pytest

from tap_claude_analytics.records.row_keys import RowKeys

AT = "2026-03-01T00:00:00Z"


def keys_of(
    *records: dict[str, Any],
    asked: tuple[str, ...] = ("model",),
    dimensions: tuple[str, ...] = ("model", "product"),
    bucket_width: str = "1d",
) -> list[str]:
    """Return the keys of the rows of one reading."""
    keys = RowKeys(bucket_width, dimensions, asked, is_by_time=True)
    return [keys.key_of({"starting_at": AT, **record}) for record in records]


def test_rows_that_cannot_be_told_apart_are_numbered() -> None:
    """Without a value for a dimension, equal rows are different rows, in order."""
    nameless = {"model": None}
    first, second, third = keys_of(nameless, nameless, nameless)
    assert len({first, second, third}) == 3
    assert keys_of(nameless, nameless) == [first, second]


def test_rows_with_all_dimensions_are_the_same_row() -> None:
    """However often the API sends them."""
    named = {"model": "a"}
    first, second = keys_of(named, named)
    assert first == second


@pytest.mark.parametrize(
    ("actor", "is_named"),
    [
        ({"user_id": "u"}, True),
        ({"service_account_id": "s"}, True),
        ({"api_key_id": "k"}, True),
        ({"subject": "x"}, True),
        ({"type": "user", "name": "Mary"}, False),
        ({}, False),
        (None, False),
    ],
    ids=str,
)
def test_an_actor_needs_an_id(actor: dict[str, str] | None, *, is_named: bool) -> None:
    """Of people who are not named there may be several."""
    rows = [{"actor": actor}, {"actor": actor}]
    first, second = keys_of(*rows, asked=("actor",))
    assert (first == second) is is_named


def test_every_bucket_counts_for_itself() -> None:
    """The number of a row does not depend on other buckets."""
    keys = RowKeys("1h", ("model",), ("model",), is_by_time=True)
    later = "2026-03-01T01:00:00Z"
    first, _, other = (keys.key_of({"starting_at": at}) for at in (AT, AT, later))
    assert first == other


def test_what_a_key_depends_on() -> None:
    """On dimensions and bucket width; not on measures, names or columns that are null."""
    (key,) = keys_of({"model": "a"})
    assert keys_of({"model": "a", "requests": 5, "product": None}) == [key]
    assert keys_of({"model": "a"}, dimensions=("model", "product", "new")) == [key]
    assert keys_of({"model": "b"}) != [key]
    assert keys_of({"model": "a", "product": "chat"}) != [key]
    assert keys_of({"model": "a"}, bucket_width="1h") != [key]
    people = [
        {"actor": {"user_id": "u", "name": name}, "model": "a"} for name in ("Ann", "Bo")
    ]
    renamed, other = keys_of(*people, asked=("actor", "model"))
    assert renamed == other
