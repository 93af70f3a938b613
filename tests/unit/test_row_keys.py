"""Rows of usage and cost have keys that are the same at every reading, and small."""

import tracemalloc
from typing import Any

import pytest

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.records.row_keys import DistinctKeys, RowKeys


def reading(
    *asked: str,
    dimensions: tuple[str, ...] = ("model", "product"),
    bucket_width: str = "1d",
    is_by_time: bool = True,
) -> RowKeys:
    """Return the keys of a reading that has begun."""
    return RowKeys(bucket_width, dimensions, asked or ("model",), is_by_time=is_by_time)


def row(minute: int = 0, **fields: object) -> dict[str, Any]:
    """Return a row of the bucket that begins with a minute."""
    return {"starting_at": f"2026-03-04T00:{minute:02}:00Z", **fields}


def test_rows_that_cannot_be_told_apart_are_numbered() -> None:
    """Without a value for a dimension, equal rows are different rows, in order."""
    one, other = reading(), reading()
    keys = [one.key_of(row(model=None, total_tokens=n)) for n in (1, 2, 1)]
    assert len(set(keys)) == 3
    assert one.repeated == 1
    assert [other.key_of(row(model=None)) for _ in keys] == keys
    # Rows of other dimensions, and of other buckets, are numbered apart.
    of_chat = row(model=None, product="chat")
    assert one.key_of(of_chat) == reading().key_of(of_chat)
    assert one.key_of(row(1, model=None, total_tokens=1)) == keys[0]
    assert one.repeated == 1


def test_an_actor_needs_an_id() -> None:
    """Of people who are not named there may be several."""
    ids = ("user_id", "service_account_id", "api_key_id", "subject")
    named: list[Any] = [{name: "x"} for name in ids]
    for actor in (*named, {"type": "user", "name": "Mary"}, {}, None):
        keys = reading("actor")
        first, second = (keys.key_of(row(actor=actor)) for _ in range(2))
        assert (first == second) is (actor in named), actor


def test_what_a_key_depends_on() -> None:
    """On dimensions and bucket width; not on measures, names or columns that are null."""
    keys = reading()
    key = keys.key_of(row(model="a"))
    # Rows of which all is known are the same row, however often the API sends them.
    assert keys.key_of(row(model="a", requests=5, product=None)) == key
    assert keys.repeated == 0
    assert reading(dimensions=("model", "new")).key_of(row(model="a")) == key
    assert reading().key_of(row(model="b")) != key
    assert reading().key_of(row(model="a", product="chat")) != key
    assert reading(bucket_width="1h").key_of(row(model="a")) != key
    people = [{"user_id": "u", "name": name} for name in ("Ann", "Bo")]
    assert len({reading("actor").key_of(row(actor=actor)) for actor in people}) == 1


def test_keys_of_other_versions() -> None:
    """A key never changes, or rows that have been loaded would be there twice."""
    named = row(product="chat", actor={"user_id": "u", "name": "Ann"})
    assert reading("actor", "product").key_of(named) == "cd06d4c8160b2468e1484543b28e3ae2"
    unnamed = row(product="chat", model=None)
    assert reading().key_of(unnamed) == "86837f19f67065860a88688f21cfa30d"


def test_buckets_that_come_again() -> None:
    """Their rows would be numbered anew, so it is an error unless all rows are kept."""
    rows = [row(0), row(1), row(0)]
    with pytest.raises(RowError, match="starting_at is out of order"):
        list(map(reading().key_of, rows))
    first, of_other_bucket, second = map(reading(is_by_time=False).key_of, rows)
    assert first == of_other_bucket
    assert first != second


@pytest.mark.parametrize(("is_by_time", "times"), [(True, "aabbc"), (False, "abacb")])
def test_distinct_keys(*, is_by_time: bool, times: str) -> None:
    """Each key counts once, in whatever order keys without a time come."""
    distinct = DistinctKeys(is_by_time=is_by_time)
    for time in times:
        for key in "xyx":
            distinct.add((time, key))
    assert len(distinct) == 6


@pytest.mark.parametrize("model", ["a-model", None])
def test_memory(model: str | None) -> None:
    """The rows of a bucket are all that a long reading keeps."""
    buckets, rows, most_bytes = 60, 20, 40_000
    keys, distinct = reading(), DistinctKeys(is_by_time=True)
    tracemalloc.start()
    try:
        for minute in range(buckets):
            for number in range(rows):
                record = row(minute, model=model, product=f"{number}", total_tokens=number)
                distinct.add((record["starting_at"], keys.key_of(record)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(distinct) == buckets * rows
    assert peak < most_bytes
