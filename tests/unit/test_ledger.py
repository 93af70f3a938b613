"""States: what the ledger of a stream reads, writes and refuses."""

import json
from typing import Any

import pendulum
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_claude_analytics.common.dates import FLOOR
from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.days.ledger import REVISABLE, Ledger, Start, bookmarks_in
from tap_claude_analytics.days.revisions import DaySeen
from tap_claude_analytics.tap import TapClaudeAnalytics

NOON = pendulum.datetime(2026, 5, 20, 12, 0, 0)
DAY = pendulum.Date(2026, 3, 4)


def state_of(value: object, key: str = "date", **others: object) -> dict[str, Any]:
    """Return the state of a stream as the SDK lays it out."""
    return {"replication_key": key, "replication_key_value": value, **others}


#: The state of a stream that has been read up to a day.
GOES_ON = state_of("2026-03-04", shape="{}")


def ledger(
    state: dict[str, Any], *, key: str = "date", is_incremental: bool = True
) -> Ledger:
    """Open the ledger of a stream."""
    return Ledger("skills", state, replication_key=key, is_incremental=is_incremental)


@pytest.mark.parametrize("value", ["2026-03-04", "2026-03-04T00:00:00Z"])
def test_bookmark(value: str) -> None:
    """A bookmark counts if the stream keeps one."""
    assert ledger(state_of(value)).bookmark == DAY
    assert ledger(state_of(value), is_incremental=False).bookmark is None
    assert ledger(state_of(None)).bookmark is None
    assert ledger({}).bookmark is None


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
    ("before", "restarts", "was_before_floor", "value"),
    [
        ({}, False, False, None),
        (GOES_ON, False, False, "2026-03-04"),
        (state_of("2026-03-04"), False, False, "2026-03-04"),
        ({**GOES_ON, "shape": "other"}, True, False, None),
        (state_of("2025-12-31", shape="{}"), False, True, None),
        (state_of(FLOOR.isoformat(), shape="{}"), False, False, FLOOR.isoformat()),
    ],
)
def test_start(
    before: dict[str, Any], *, restarts: bool, was_before_floor: bool, value: str | None
) -> None:
    """Every key is written, because Meltano merges states: what is absent comes back."""
    state = dict(before)
    start = ledger(state).start("{}", shape_if_missing="{}")
    assert start == Start(restarts=restarts, was_before_floor=was_before_floor)
    others: dict[str, Any] = {"organization_id": None} if value is None else {}
    assert state == state_of(value, shape="{}", **others)


def test_the_order_of_a_shape_says_nothing() -> None:
    """Rows are the same, in whatever order their dimensions are asked for."""
    state = state_of("2026-03-04", shape='{"by": ["a", "b"], "width": "1d"}')
    same, other = '{"width": "1d", "by": ["b", "a"]}', '{"width": "1h", "by": ["a", "b"]}'
    assert not ledger(dict(state)).start(same, shape_if_missing=None).restarts
    assert ledger(dict(state)).start(other, shape_if_missing=None).restarts


def test_start_of_a_stream_without_a_bookmark() -> None:
    """A catalog may say so: only a shape that differs is written."""
    state: dict[str, Any] = {}
    full = ledger(state, is_incremental=False)
    full.start("{}", shape_if_missing="{}")
    full.note_organization("org")
    assert state == {}
    full.start("other", shape_if_missing="{}")
    assert state == state_of(None, shape="other")


def test_the_organization_that_was_read() -> None:
    """It is remembered, also when a later answer does not name it."""
    state: dict[str, Any] = {}
    for organization_id in ("org", None):
        ledger(state).note_organization(organization_id)
    assert state == {"organization_id": "org"}


STATE: dict[str, Any] = {"bookmarks": {"skills": GOES_ON}}


def test_states() -> None:
    """What Meltano and targets wrap around a state is taken off, and the rest is kept."""
    states: list[dict[str, Any]] = [
        *(STATE, {"singer_state": STATE}, {"completed": STATE}, {"value": STATE}),
        {"completed": {"singer_state": STATE}, "partial": {}},
    ]
    states += [{"type": "STATE", "value": each} for each in states]
    assert all(bookmarks_in(state) == STATE for state in states)
    extras = {"partitions": [], "progress_markers": {"a": 1}}
    state = {"bookmarks": {"skills": extras, "cost": {}}}
    assert bookmarks_in(state) == state
    # Those of a first load are empty.
    empty: list[dict[str, Any]] = [{}, {"bookmarks": {}}, {"singer_state": {}}]
    empty += [{"completed": {}, "partial": {}}, {"type": "STATE", "value": {}}]
    assert not any(bookmarks_in(state).get("bookmarks") for state in empty)


@pytest.mark.parametrize(
    "state",
    [
        *([], 1, STATE["bookmarks"], {"state": STATE}, {"value": 1}),
        *({"bookmarks": []}, {"bookmarks": None}, {"bookmarks": {"skills": 1}}),
        {"bookmarks": {"skills": {"progress_markers": []}}},
        {"bookmarks": {"skills": {"progress_markers": "2026-03-04"}}},
        {"bookmarks": {"skills": {"partitions": {}}}},
        {"bookmarks": {"skills": {"partitions": [{"context": {"id": 1}, **GOES_ON}]}}},
        {"completed": {}, "partial": {"singer_state": STATE}},
        {"singer_state": {"skills": GOES_ON}},
        {"currently_syncing": "skills"},
    ],
)
def test_what_is_no_state(state: object) -> None:
    """It would pass for a first load, so it is refused before the SDK stumbles over it."""
    with pytest.raises(RunFailedError, match="The state"):
        bookmarks_in(state)


def test_state_of_another_tap() -> None:
    """It has no stream of ours; one stream more than ours is no harm."""
    config = {"api_key": "sk-ant-api01-0000"}
    foreign = {"issues": {"replication_key_value": "2026-03-04"}}
    with pytest.raises(RunFailedError, match="issues"):
        TapClaudeAnalytics(config=config, state={"bookmarks": foreign})
    state = {"bookmarks": {**STATE["bookmarks"], **foreign}}
    assert TapClaudeAnalytics(config=config, state=state).state == state


instants = st.datetimes(
    pendulum.datetime(2026, 1, 1).naive(), pendulum.datetime(2027, 1, 1).naive()
)


@settings(max_examples=30)
@given(st.lists(instants, min_size=2))
def test_snapshots_only_grow(clock: list[Any]) -> None:
    """Also with a clock that stands still or goes back; text order is time order."""
    for noon in (NOON, NOON.in_timezone("Asia/Tokyo")):
        assert ledger({}).next_snapshot(noon) == "2026-05-20T12:00:00.000000Z"
    state: dict[str, Any] = {}
    snapshots = [ledger(state).next_snapshot(pendulum.instance(at)) for at in clock]
    assert snapshots == sorted(set(snapshots))
    assert {len(snapshot) for snapshot in snapshots} == {len("2026-01-01T00:00:00.000000Z")}
    assert state == {"latest_snapshot_at": snapshots[-1]}


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


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        (
            "replication_key_value",
            ["banana", 20260304, ["2026-03-04"], ""],
            "bookmark of stream skills .* expected a date",
        ),
        # Without the key of the bookmark all would be read again.
        ("replication_key", [None, "updated_at"], "skills.*'date'"),
        (
            REVISABLE,
            ["2026-03-01", "x/y/z", "2026-03-01/a/b", 7, ["a"]],
            "of stream skills .* --full-refresh",
        ),
        # Text of another form, no text, and an instant after which there is no other.
        (
            "latest_snapshot_at",
            ["yesterday", "", 7, ["2026-01-01"], {}, "9999-12-31T23:59:59.999999Z"],
            "latest_snapshot_at of stream skills",
        ),
    ],
)
def test_what_the_tap_never_writes(name: str, values: list[Any], told: str) -> None:
    """It is named, not skipped: that would lose days, or read all of them again."""
    for value in values:
        wrong = ledger({**GOES_ON, name: value})
        with pytest.raises(RunFailedError, match=told):
            _ = wrong.bookmark, wrong.revisable, wrong.next_snapshot(NOON)
