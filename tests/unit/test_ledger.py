"""The state of a stream: what the ledger reads, writes and refuses."""

from __future__ import annotations

import json
from typing import Any

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_claude_analytics.common.dates import FLOOR
from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.days.ledger import REVISABLE, Ledger, Start, bookmarks_in
from tap_claude_analytics.days.revisions import DaySeen

NOON = pendulum.datetime(2026, 5, 20, 12, 0, 0)
DAY = pendulum.Date(2026, 3, 4)


def state_of(value: object, key: str = "date", **others: object) -> dict[str, Any]:
    """Return the state of a stream as the SDK lays it out."""
    return {"replication_key": key, "replication_key_value": value, **others}


def ledger(
    state: dict[str, Any], *, key: str = "date", is_incremental: bool = True
) -> Ledger:
    """Open the ledger of a stream."""
    return Ledger("skills", state, replication_key=key, is_incremental=is_incremental)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param({}, None, id="empty"),
        pytest.param(state_of(None), None, id="nothing-emitted"),
        pytest.param(state_of("2026-03-04"), DAY, id="date"),
        pytest.param(state_of("2026-03-04T00:00:00Z"), DAY, id="timestamp"),
    ],
)
def test_bookmark(state: dict[str, Any], expected: pendulum.Date | None) -> None:
    """A bookmark counts if the stream keeps one."""
    assert ledger(state).bookmark == expected
    assert ledger(state, is_incremental=False).bookmark is None


@pytest.mark.parametrize("value", ["banana", 20260304, ["2026-03-04"], ""])
def test_a_bookmark_that_is_no_day(value: object) -> None:
    """It is named, not skipped: that would lose days, or read all of them again."""
    with pytest.raises(RunFailedError, match=r"bookmark of stream skills .* expected"):
        _ = ledger(state_of(value)).bookmark


def test_the_bookmark_never_moves_back() -> None:
    """A lookback reads earlier days; reports keep timestamps."""
    state = state_of("2026-03-04")
    ledger(state).advance(DAY.subtract(days=1))
    assert state == state_of("2026-03-04")
    ledger(state).advance(DAY.add(days=1))
    assert state == state_of("2026-03-05")
    report: dict[str, Any] = {}
    ledger(report, key="starting_at").advance(DAY)
    assert report == state_of("2026-03-04T00:00:00Z", key="starting_at")


@pytest.mark.parametrize(
    ("state", "expected", "value"),
    [
        pytest.param({}, Start(restarts=False, was_before_floor=False), None, id="first"),
        pytest.param(
            state_of("2026-03-04", shape="{}"),
            Start(restarts=False, was_before_floor=False),
            "2026-03-04",
            id="goes-on",
        ),
        pytest.param(
            state_of("2026-03-04"),
            Start(restarts=False, was_before_floor=False),
            "2026-03-04",
            id="without-a-shape",
        ),
        pytest.param(
            state_of("2026-03-04", shape="other"),
            Start(restarts=True, was_before_floor=False),
            None,
            id="another-shape",
        ),
        pytest.param(
            state_of("2025-12-31", shape="{}"),
            Start(restarts=False, was_before_floor=True),
            None,
            id="before-the-floor",
        ),
        pytest.param(
            state_of(FLOOR.isoformat(), shape="{}"),
            Start(restarts=False, was_before_floor=False),
            FLOOR.isoformat(),
            id="at-the-floor",
        ),
    ],
)
def test_start(state: dict[str, Any], expected: Start, value: str | None) -> None:
    """Every key is written, because Meltano merges states: what is absent comes back."""
    assert ledger(state).start("{}", shape_if_missing="{}") == expected
    others: dict[str, Any] = {"organization_id": None} if value is None else {}
    assert state == state_of(value, shape="{}", **others)


def test_start_of_a_stream_without_a_bookmark() -> None:
    """A catalog may say so: only a shape that differs is written."""
    state: dict[str, Any] = {}
    full = ledger(state, is_incremental=False)
    full.start("{}", shape_if_missing="{}")
    assert state == {}
    full.start("other", shape_if_missing="{}")
    assert state == state_of(None, shape="other")


@pytest.mark.parametrize(
    "state",
    [
        [],
        1,
        {"bookmarks": []},
        {"bookmarks": {"skills": 1}},
        {"bookmarks": {"skills": {"partitions": {}}}},
        {"bookmarks": {"skills": {"progress_markers": []}}},
        {"bookmarks": {"skills": {"progress_markers": "2026-03-04"}}},
    ],
    ids=str,
)
def test_what_is_no_state(state: object) -> None:
    """It is refused before the SDK stumbles over it."""
    with pytest.raises(RunFailedError, match="state"):
        bookmarks_in(state)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"bookmarks": {}},
        {"bookmarks": {"skills": {}}},
        {"bookmarks": {"skills": {"partitions": [], "progress_markers": {"a": 1}}}},
    ],
    ids=str,
)
def test_what_is_a_state(state: object) -> None:
    """Whatever else it has is kept."""
    bookmarks_in(state)


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
    snapshots = [ledger(state).next_snapshot(pendulum.instance(at)) for at in clock]
    assert snapshots == sorted(set(snapshots))
    assert {len(snapshot) for snapshot in snapshots} == {len("2026-01-01T00:00:00.000000Z")}
    assert state == {"latest_snapshot_at": snapshots[-1]}


def test_snapshots_have_one_form() -> None:
    """UTC, six digits, Z."""
    assert ledger({}).next_snapshot(NOON) == "2026-05-20T12:00:00.000000Z"
    elsewhere = NOON.in_timezone("Asia/Tokyo")
    assert ledger({}).next_snapshot(elsewhere) == "2026-05-20T12:00:00.000000Z"


@pytest.mark.parametrize(
    "latest",
    ["yesterday", "", 7, ["2026-01-01"], {}, "9999-12-31T23:59:59.999999Z"],
    ids=repr,
)
def test_a_latest_snapshot_that_is_none(latest: object) -> None:
    """Text of another form, no text, and an instant after which there is no other."""
    with pytest.raises(RunFailedError, match="latest_snapshot_at of stream skills"):
        ledger({"latest_snapshot_at": latest}).next_snapshot(NOON)


def test_revisable_days() -> None:
    """They come out as they went in, from one text."""
    days = {DAY.add(days=1): DaySeen("0123456789abcdef", 7), DAY: DaySeen("", 0)}
    state: dict[str, Any] = {}
    assert ledger(state).revisable is None
    ledger(state).write_revisable(days)
    assert state == {REVISABLE: "2026-03-04//0 2026-03-05/0123456789abcdef/7"}
    assert ledger(json.loads(json.dumps(state))).revisable == days
    ledger(state).write_revisable({})
    assert ledger(state).revisable == {}
    assert ledger({REVISABLE: None}).revisable == {}


@pytest.mark.parametrize("value", ["2026-03-01", "x/y/z", "2026-03-01/a/b", 7, ["a"]])
def test_revisable_days_that_are_none(value: object) -> None:
    """A state that somebody else wrote ends in a sentence."""
    with pytest.raises(RunFailedError, match=r"of stream skills .* --full-refresh"):
        _ = ledger({REVISABLE: value}).revisable
