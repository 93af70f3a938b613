"""Rows of usage and cost come by time, so that their keys take little memory."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.records.row_keys import DistinctKeys, RowKeys

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTES, ROWS = 300, 20
#: Bytes that the keys of so many rows may take: about as many as those of one minute.
MOST_BYTES = 100_000


def row(minute: int, model: str | None, tokens: int = 0) -> dict[str, Any]:
    """Return a record of one minute."""
    starting_at = f"2026-03-04T{minute // 60:02}:{minute % 60:02}:00Z"
    return {"starting_at": starting_at, "model": model, "total_tokens": tokens}


def keys(*, is_by_time: bool = True) -> RowKeys:
    """Return the keys of a reading."""
    return RowKeys("1m", ["model", "product"], ["model"], is_by_time=is_by_time)


def test_equal_rows() -> None:
    """Rows without a name are numbered, and those that are equal throughout are counted."""
    reading = keys()
    rows = [row(0, None, 1), row(0, None, 2), row(0, None, 1), row(0, "m"), row(0, "m")]
    found = [reading.key_of(one) for one in rows]
    assert len(set(found)) == 4
    assert found[3] == found[4]
    assert reading.repeated == 1
    assert reading.key_of(row(1, None, 1)) == found[0]
    assert reading.repeated == 1


def test_order() -> None:
    """A bucket that comes again would be numbered anew, so it is an error."""
    rows = [row(0, None), row(1, None), row(0, None)]
    reading = keys(is_by_time=False)
    assert reading.key_of(rows[0]) != [reading.key_of(one) for one in rows[1:]][-1]
    reading = keys()
    with pytest.raises(RowError, match="starting_at is out of order"):
        list(map(reading.key_of, rows))


def test_distinct_keys() -> None:
    """Each key counts once, in whatever order keys without a time come."""
    for is_by_time, found in ((True, "aabbc"), (False, "abacb")):
        distinct = DistinctKeys(is_by_time=is_by_time)
        for time in found:
            for key in "xyx":
                distinct.add((time, key))
        assert len(distinct) == 6


@pytest.mark.parametrize("model", ["a-model", None])
def test_memory(model: str | None) -> None:
    """That of one bucket is all that a day of minutes takes."""
    reading, distinct = keys(), DistinctKeys(is_by_time=True)
    tracemalloc.start()
    try:
        for record in _day_of_rows(model):
            distinct.add((record["starting_at"], reading.key_of(record)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(distinct) == MINUTES * ROWS
    assert peak < MOST_BYTES


def _day_of_rows(model: str | None) -> Iterator[dict[str, Any]]:
    for minute in range(MINUTES):
        for number in range(ROWS):
            name = None if model is None else f"{model}-{number}"
            yield row(minute, name, number)
