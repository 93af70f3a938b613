"""The state of a stream: its bookmark, and the latest snapshot taken.

A bookmark names the last day that is completely emitted. It is written down nowhere but
here, so that no STATE message can name a day that is unfinished.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pendulum

from tap_claude_analytics.errors import RunFailedError
from tap_claude_analytics.windows import parse_day

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "replication_key"
VALUE = "replication_key_value"
LATEST_SNAPSHOT = "latest_snapshot_at"
SNAPSHOT_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def check_shape(state: object) -> None:
    """Refuse a state that is not one of a Singer tap.

    Raises:
        RunFailedError: If it is not ``{"bookmarks": {stream: {...}}}``.
    """
    bookmarks = state.get("bookmarks", {}) if isinstance(state, dict) else None
    if not isinstance(bookmarks, dict) or not all(
        map(_is_stream_state, bookmarks.values())
    ):
        msg = (
            "The state is not one of this tap: an object"
            ' {"bookmarks": {"STREAM": {…}}} is valid.'
        )
        raise RunFailedError(msg)


def _is_stream_state(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("partitions", []), list)
        and isinstance(value.get("progress_markers", {}), dict)
    )


def bookmark(
    stream: str, stream_state: Mapping[str, Any], replication_key: str
) -> pendulum.Date | None:
    """Return the day a stream's state names, None if it names none.

    Raises:
        RunFailedError: If what it names is not a day.
    """
    value = stream_state.get(VALUE)
    if value is None or stream_state.get(KEY) != replication_key:
        return None
    try:
        return parse_day(value)
    except (TypeError, ValueError):
        msg = (
            f"The state's bookmark of stream {stream} is {value!r}: a date (YYYY-MM-DD)"
            " is valid. Correct the state, or start again with --full-refresh."
        )
        raise RunFailedError(msg) from None


def write(stream_state: dict[str, Any], replication_key: str, value: str | None) -> None:
    """Write a bookmark; None says that nothing is emitted yet.

    Meltano merges states key by key: if a reload left the bookmark out and were
    interrupted, the old one would come back and the days in between would be skipped.
    """
    stream_state[KEY] = replication_key
    stream_state[VALUE] = value


def next_snapshot(stream_state: dict[str, Any], asked_at: pendulum.DateTime) -> str:
    """Return the timestamp of a new reading and remember it.

    Args:
        stream_state: The stream's state, which keeps the latest snapshot.
        asked_at: An instant before the reading's first request.

    Returns:
        ``asked_at``, or just later than the latest snapshot of the stream if the clock
        has not moved on since, as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``.

    Raises:
        RunFailedError: If the state's latest snapshot is not a timestamp.
    """
    latest = stream_state.get(LATEST_SNAPSHOT)
    if latest is not None:
        try:
            earlier = pendulum.from_format(latest, "YYYY-MM-DDTHH:mm:ss.SSSSSS[Z]")
            next_one = earlier.add(microseconds=1)
        except (OverflowError, TypeError, ValueError):
            msg = (
                f"The state's {LATEST_SNAPSHOT} is {latest!r}: a timestamp such as"
                " 2026-03-01T04:05:06.000000Z is valid."
            )
            raise RunFailedError(msg) from None
        asked_at = max(asked_at, next_one)
    snapshot = asked_at.in_timezone("UTC").strftime(SNAPSHOT_FORMAT)
    stream_state[LATEST_SNAPSHOT] = snapshot
    return snapshot
