"""The state of a stream, as plain functions."""

from __future__ import annotations

from typing import Any

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_claude_analytics.errors import RunFailedError

from tap_claude_analytics import bookmarks

NOON = pendulum.datetime(2026, 5, 20, 12, 0, 0)


def state_of(value: object, key: str = "date") -> dict[str, Any]:
    """Return a stream's state as the SDK lays it out."""
    return {"replication_key": key, "replication_key_value": value}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param({}, None, id="empty"),
        pytest.param(state_of(None), None, id="nothing-emitted"),
        pytest.param(state_of("2026-03-04"), pendulum.Date(2026, 3, 4), id="date"),
        pytest.param(
            state_of("2026-03-04T00:00:00Z"), pendulum.Date(2026, 3, 4), id="timestamp"
        ),
        pytest.param(state_of("2026-03-04", key="updated_at"), None, id="another-key"),
    ],
)
def test_bookmark(state: dict[str, Any], expected: pendulum.Date | None) -> None:
    """A bookmark counts if it is of our replication key."""
    assert bookmarks.bookmark("skills", state, "date") == expected


@pytest.mark.parametrize("value", ["banana", 20260304, ["2026-03-04"], ""])
def test_bookmark_that_is_no_day(value: object) -> None:
    """A broken bookmark is named, not skipped: that would re-read or lose days."""
    with pytest.raises(RunFailedError, match="skills"):
        bookmarks.bookmark("skills", state_of(value), "date")


def test_start_is_explicit() -> None:
    """Meltano merges states key by key: what is not there comes back."""
    state: dict[str, Any] = {}
    bookmarks.write(state, "date", None)
    assert {**state_of("2026-03-04"), **state} == state_of(None)


@pytest.mark.parametrize("state", [[], {"bookmarks": []}, {"bookmarks": {"skills": 1}}, 1])
def test_shape_of_state(state: object) -> None:
    """What is not a Singer state is refused."""
    with pytest.raises(RunFailedError, match="state"):
        bookmarks.check_shape(state)


@given(
    st.lists(
        st.datetimes(
            min_value=pendulum.datetime(2026, 1, 1).naive(),
            max_value=pendulum.datetime(2027, 1, 1).naive(),
        ),
        min_size=2,
    )
)
def test_snapshots_only_grow(clock: list[Any]) -> None:
    """Also with a clock that stands still or goes back; text order is time order."""
    state: dict[str, Any] = {}
    snapshots = [bookmarks.next_snapshot(state, pendulum.instance(at)) for at in clock]
    assert snapshots == sorted(set(snapshots))
    assert all(
        len(snapshot) == len("2026-01-01T00:00:00.000000Z") for snapshot in snapshots
    )
    assert state["latest_snapshot_at"] == snapshots[-1]


def test_snapshot_is_written_in_one_form() -> None:
    """UTC, six digits, Z."""
    assert bookmarks.next_snapshot({}, NOON) == "2026-05-20T12:00:00.000000Z"
    elsewhere = NOON.in_timezone("Asia/Tokyo")
    assert bookmarks.next_snapshot({}, elsewhere) == "2026-05-20T12:00:00.000000Z"


def test_snapshot_of_a_broken_state() -> None:
    """The state's snapshot must be one."""
    with pytest.raises(RunFailedError, match="latest_snapshot_at"):
        bookmarks.next_snapshot({"latest_snapshot_at": "yesterday"}, NOON)
