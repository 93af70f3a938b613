"""The state of a stream: the only code that reads and writes it.

A bookmark names the last day that has been completely emitted. Nothing else writes it, so
no STATE message can name an unfinished day. States of every released version stay readable.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pendulum

from tap_claude_analytics.common.dates import FLOOR, midnight, parse_day
from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.common.names import DATE
from tap_claude_analytics.days.revisions import DaySeen

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "replication_key"
VALUE = "replication_key_value"
SHAPE = "shape"
ORGANIZATION = "organization_id"
LATEST_SNAPSHOT = "latest_snapshot_at"
#: One text, because Meltano merges states key by key: entries removed from an object would
#: come back.
REVISABLE = "revisable_days"

BOOKMARKS = "bookmarks"
#: Meltano keeps a state under these names; a STATE message has it as its value.
_WRAPPINGS = ("singer_state", "completed", "value")
_STATE_TYPE = ("type", "STATE")
_NO_STATE = (
    "The state is not a state of this tap: expected an object"
    ' {"bookmarks": {"STREAM": {…}}}.'
)

_SNAPSHOT_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def bookmarks_in(state: object) -> dict[str, Any]:
    """Return a state as this tap writes it, ``{"bookmarks": {stream: {...}}}``.

    What Meltano and targets wrap around it is taken off. An empty state stays empty.

    Raises:
        RunFailedError: If it is something else: it would pass for a first load.
    """
    inner = state
    while isinstance(inner, dict) and BOOKMARKS not in inner:
        wrapped = [inner[name] for name in _WRAPPINGS if inner.get(name)]
        if not wrapped:
            break
        inner = wrapped[0]
    if not isinstance(inner, dict) or (BOOKMARKS not in inner and _has_content(inner)):
        raise RunFailedError(_NO_STATE)
    bookmarks = inner.get(BOOKMARKS, {})
    if not isinstance(bookmarks, dict) or not all(
        isinstance(value, dict) and isinstance(value.get("progress_markers", {}), dict)
        for value in bookmarks.values()
    ):
        raise RunFailedError(_NO_STATE)
    for stream, value in bookmarks.items():
        if value.get("partitions", []) != []:
            msg = (
                f"The state has partitions for stream {stream}, which this tap never"
                " writes: it may be the state of another tap."
            )
            raise RunFailedError(msg)
    return inner


def _has_content(state: dict[str, Any]) -> bool:
    """Return whether a state without bookmarks has more than empty wrappings."""
    return any(value for name, value in state.items() if (name, value) != _STATE_TYPE)


class Start(NamedTuple):
    """What has become of a bookmark at the start of a run.

    Attributes:
        restarts: There was one for rows of another shape, so the stream reads again.
        was_before_floor: It was before the first day that the API has.
    """

    restarts: bool
    was_before_floor: bool


class Ledger:
    """What is known of a stream from run to run.

    Attributes:
        is_incremental: Whether the stream keeps a bookmark; a catalog may say it does not.
    """

    def __init__(
        self,
        stream: str,
        state: dict[str, Any],
        *,
        replication_key: str,
        is_incremental: bool,
    ) -> None:
        """Open the ledger of a stream.

        Args:
            stream: The name of the stream, for errors.
            state: The state of the stream, which is edited in place.
            replication_key: Whose value the bookmark is: ``date`` or a timestamp.
            is_incremental: Whether the stream keeps a bookmark.
        """
        self.is_incremental = is_incremental
        self._stream = stream
        self._state = state
        self._key = replication_key

    @property
    def bookmark(self) -> pendulum.Date | None:
        """The last day that has been completely emitted, None if there is none.

        Raises:
            RunFailedError: If the state names something else than a day of this key.
        """
        value = self._state.get(VALUE)
        if not self.is_incremental or value is None:
            return None
        if self._state.get(KEY) != self._key:
            msg = (
                f"The state's bookmark of stream {self._stream} has the {KEY}"
                f" {self._state.get(KEY)!r}: expected {self._key!r}. Correct the state, or"
                " start again with --full-refresh."
            )
            raise RunFailedError(msg)
        try:
            return parse_day(value)
        except (TypeError, ValueError):
            msg = (
                f"The state's bookmark of stream {self._stream} is {value!r}: expected a"
                " date (YYYY-MM-DD). Correct the state, or start again with --full-refresh."
            )
            raise RunFailedError(msg) from None

    @property
    def organization_id(self) -> str | None:
        """The organisation whose days have been read, None if it is not known."""
        value = self._state.get(ORGANIZATION) if self.is_incremental else None
        return value if isinstance(value, str) else None

    def start(self, shape: str, *, shape_if_missing: str | None) -> Start:
        """Write down where the stream starts, before the first STATE of the run.

        A bookmark says nothing about rows of another shape: the stream starts again then.
        Every key is always written, because Meltano merges states key by key: if an
        interrupted reload left a key out, its old value would come back and days would be
        skipped.

        Args:
            shape: What makes a row, in one text.
            shape_if_missing: The shape of the rows that a state without one is about.

        Returns:
            What has become of the bookmark.
        """
        known = self._state.get(SHAPE, shape_if_missing)
        has_changed = _without_order(known) != _without_order(shape)
        restarts = has_changed and self.bookmark is not None
        if has_changed:
            self._write_bookmark(None)
        if has_changed or self.is_incremental:
            self._state[SHAPE] = shape
        was_before_floor = self.bookmark is not None and self.bookmark < FLOOR
        if self.is_incremental and (self.bookmark is None or was_before_floor):
            self._write_bookmark(None)
            self._state.setdefault(ORGANIZATION, None)
        return Start(restarts=restarts, was_before_floor=was_before_floor)

    def note_organization(self, organization_id: str | None) -> None:
        """Remember whose days have been read, if an answer has said so."""
        if self.is_incremental and organization_id is not None:
            self._state[ORGANIZATION] = organization_id

    def advance(self, day: pendulum.Date) -> None:
        """Move the bookmark to a day that has been completely emitted, never backwards."""
        day = max(day, self.bookmark or day)
        self._write_bookmark(day.isoformat() if self._key == DATE else midnight(day))

    def _write_bookmark(self, value: str | None) -> None:
        self._state[KEY] = self._key
        self._state[VALUE] = value

    def next_snapshot(self, asked_at: pendulum.DateTime) -> str:
        """Return the timestamp of a new reading, and remember it.

        Args:
            asked_at: An instant before the first request of the reading.

        Returns:
            ``asked_at`` as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``, or just after the latest
            snapshot of the stream if the clock has not moved on since.

        Raises:
            RunFailedError: If the latest snapshot in the state is not a timestamp.
        """
        latest = self._state.get(LATEST_SNAPSHOT)
        if latest is not None:
            try:
                earlier = pendulum.from_format(latest, "YYYY-MM-DDTHH:mm:ss.SSSSSS[Z]")
                asked_at = max(asked_at, earlier.add(microseconds=1))
            except (OverflowError, TypeError, ValueError):
                msg = (
                    f"The state's {LATEST_SNAPSHOT} of stream {self._stream} is {latest!r}:"
                    " expected a timestamp such as 2026-03-01T04:05:06.000000Z."
                )
                raise RunFailedError(msg) from None
        snapshot = asked_at.in_timezone("UTC").strftime(_SNAPSHOT_FORMAT)
        self._state[LATEST_SNAPSHOT] = snapshot
        return snapshot

    @property
    def revisable(self) -> dict[pendulum.Date, DaySeen] | None:
        """The days that have been read and may be revised; None if never written.

        Raises:
            RunFailedError: If the state has something that this tap does not write.
        """
        if REVISABLE not in self._state:
            return None
        try:
            return dict(map(_parse_day_seen, (self._state[REVISABLE] or "").split()))
        except (AttributeError, TypeError, ValueError):
            msg = (
                f"The state's {REVISABLE} of stream {self._stream} was not written by this"
                " tap. Restore the state, or start again with --full-refresh."
            )
            raise RunFailedError(msg) from None

    def write_revisable(self, days: Mapping[pendulum.Date, DaySeen]) -> None:
        """Write the days that have been read and may be revised."""
        self._state[REVISABLE] = " ".join(
            f"{day.isoformat()}/{seen.digest}/{seen.row_count}"
            for day, seen in sorted(days.items())
        )


def _without_order(shape: str | None) -> object:
    """Return a shape of which the order of its lists says nothing: it makes no row."""
    with contextlib.suppress(TypeError, ValueError):
        parts = json.loads(shape or "")
        if isinstance(parts, dict):
            return {
                name: sorted(part, key=str) if isinstance(part, list) else part
                for name, part in parts.items()
            }
    return shape


def _parse_day_seen(entry: str) -> tuple[pendulum.Date, DaySeen]:
    day, digest, row_count = entry.split("/")
    return parse_day(day), DaySeen(digest, int(row_count))
