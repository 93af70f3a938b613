"""A state in the wrong form is unwrapped or refused: it would pass for a first load."""

from __future__ import annotations

from typing import Any

import pytest

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.days.ledger import Ledger, bookmarks_in
from tap_claude_analytics.tap import TapClaudeAnalytics

ENTRY = {"replication_key": "date", "replication_key_value": "2026-03-04"}
STATE: dict[str, Any] = {"bookmarks": {"skills": ENTRY}}


@pytest.mark.parametrize(
    "state",
    [
        STATE,
        {"singer_state": STATE},
        {"completed": STATE},
        {"completed": {"singer_state": STATE}, "partial": {}},
        {"type": "STATE", "value": STATE},
        {"value": {"singer_state": STATE}},
    ],
)
def test_wrappings(state: dict[str, Any]) -> None:
    """What Meltano and targets wrap around a state is taken off."""
    assert bookmarks_in(state) == STATE


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"bookmarks": {}},
        {"singer_state": {}},
        {"completed": {}, "partial": {}},
        {"type": "STATE", "value": {}},
    ],
)
def test_empty_states(state: dict[str, Any]) -> None:
    """They are those of a first load."""
    assert not bookmarks_in(state).get("bookmarks")


@pytest.mark.parametrize(
    "state",
    [
        [],
        1,
        STATE["bookmarks"],
        {"state": STATE},
        {"bookmarks": []},
        {"bookmarks": None},
        {"bookmarks": {"skills": 1}},
        {"completed": {}, "partial": {"singer_state": STATE}},
        {"singer_state": {"skills": ENTRY}},
        {"value": 1},
        {"currently_syncing": "skills"},
        {"bookmarks": {"skills": {"partitions": [{"context": {"id": 1}, **ENTRY}]}}},
    ],
)
def test_other_forms(state: object) -> None:
    """They are refused with a sentence."""
    with pytest.raises(RunFailedError, match="state"):
        bookmarks_in(state)


def test_state_of_another_tap() -> None:
    """It has no stream of ours; one stream more than ours is no harm."""
    config = {"api_key": "sk-ant-api01-0000"}
    foreign = {"issues": {"replication_key_value": "2026-03-04"}}
    with pytest.raises(RunFailedError, match="issues"):
        TapClaudeAnalytics(config=config, state={"bookmarks": foreign})
    state = {"bookmarks": {**STATE["bookmarks"], **foreign}}
    assert TapClaudeAnalytics(config=config, state=state).state == state


@pytest.mark.parametrize("key", [None, "updated_at"])
def test_bookmark_of_no_or_another_key(key: str | None) -> None:
    """It is refused: ignoring it would read everything again without a word."""
    state: dict[str, Any] = {"replication_key_value": "2026-03-04"}
    if key is not None:
        state["replication_key"] = key
    ledger = Ledger("skills", state, replication_key="date", is_incremental=True)
    with pytest.raises(RunFailedError, match=r"skills.*'date'"):
        _ = ledger.bookmark
