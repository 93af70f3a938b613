"""Which days a stream reads, and how far it has come: window, bookmark and shape."""

from __future__ import annotations

import abc
import json
from typing import TYPE_CHECKING, Any, ClassVar

from tap_claude_analytics import bookmarks, windows
from tap_claude_analytics.streams.day_reading import DATE
from tap_claude_analytics.streams.lean import LeanStream

if TYPE_CHECKING:
    import pendulum

#: Where a stream's state says what makes a row.
SHAPE = "shape"


class BookmarkedStream(LeanStream, abc.ABC):
    """A stream whose bookmark is the last day that is completely emitted."""

    replication_key: ClassVar[str] = DATE
    check_sorted = False  # a lookback begins before the bookmark

    #: The shape of rows that a state without one speaks of.
    usual_shape: ClassVar[str | None] = None

    def row_question(self) -> dict[str, Any]:
        """Return the parameters with which the user's settings make a row what it is."""
        return {}

    @property
    def shape(self) -> str:
        """What makes a row, in one text."""
        return json.dumps(self.row_question(), sort_keys=True)

    @property
    def is_incremental(self) -> bool:
        """Whether the stream keeps a bookmark; a catalog may force it not to."""
        return self.replication_method == "INCREMENTAL"

    @property
    def bookmark(self) -> pendulum.Date | None:
        """The last day that is completely emitted; None for none, or if unwanted."""
        if not self.is_incremental:
            return None
        return bookmarks.bookmark(self.name, self.stream_state, self.bookmark_key)

    @property
    def bookmark_key(self) -> str:
        """The replication key, whatever a catalog makes of it."""
        return type(self).replication_key

    def bookmark_text(self, day: pendulum.Date) -> str:
        """Return how a bookmark names a day."""
        return day.isoformat()

    @property
    def window(self) -> windows.Window | None:
        """The days that this run reads, None when there is nothing to do."""
        settings = self.tap.settings
        return windows.reading_window(
            start=settings.start_date,
            end=settings.end_date,
            bookmark=self.bookmark,
            lookback_days=settings.lookback_days,
            today=self.tap.today,
            delay_days=settings.data_delay_days,
        )

    def prepare_state(self) -> bool:
        """Write down where the stream starts, before the run's first STATE.

        It starts anew when other rows are asked for than before.

        Returns:
            Whether its bookmark lies before the floor.
        """
        known = self.stream_state.get(SHAPE, self.usual_shape)
        if known != self.shape:
            if self.bookmark is not None:
                self.logger.warning(
                    "Stream %s asks for other rows than in the last run (%s), so it reads"
                    " again from start_date.",
                    self.name,
                    self.shape,
                )
            # Also where the bookmark is not used now: it does not speak of these rows.
            bookmarks.write(self.stream_state, self.bookmark_key, None)
        if not self.is_incremental and known == self.shape:
            return False
        # Always, as Meltano merges states key by key: an older shape must not come back.
        self.stream_state[SHAPE] = self.shape
        if not self.is_incremental:
            return False
        is_early = self.bookmark is not None and self.bookmark < windows.FLOOR
        if is_early or self.bookmark is None:
            bookmarks.write(self.stream_state, self.bookmark_key, None)
        return is_early

    def advance(self, day: pendulum.Date) -> None:
        """Move the bookmark to a day that is completely emitted, never backwards."""
        day = max(day, self.bookmark or day)
        bookmarks.write(self.stream_state, self.bookmark_key, self.bookmark_text(day))
