"""How far a run has come, for the person who reads the log."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_claude_analytics import clock

if TYPE_CHECKING:
    import logging

#: A log is silent for at most so many seconds of a wait.
LINE_EVERY = 30.0
#: Waits that keep the pace are not worth a line up to so many seconds.
SHORT = 5.0


class Progress:
    """Counts the days of the stream that is being read, and waits in plain sight."""

    def __init__(self, logger: logging.Logger) -> None:
        """Start before the first stream."""
        self._logger = logger
        self._stream = ""
        self._days_done = self._days = 0
        self._lock = threading.Lock()
        self._latest_line = float("-inf")

    def begin(self, stream: str, days: int) -> None:
        """Note that a stream begins that has so many days to read."""
        self._stream, self._days, self._days_done = stream, days, 0

    def day_done(self) -> None:
        """Note that a day is completely emitted."""
        self._days_done += 1

    def __str__(self) -> str:
        """Return stream and days, such as ``skills: 12 of 300 days read``."""
        return f"{self._stream}: {self._days_done} of {self._days} days read"

    def wait(self, seconds: float, reason: str) -> None:
        """Wait, and say for what, how long still and how far the run is."""
        while seconds > 0:
            self._say(seconds, reason)
            step = min(seconds, LINE_EVERY)
            clock.sleep(step)
            seconds -= step

    def pace(self, seconds: float, reason: str) -> None:
        """Wait as others may do at the same time: a line for all of them is enough."""
        with self._lock:
            is_due = clock.seconds() - self._latest_line >= LINE_EVERY
            if seconds > SHORT and is_due:
                self._say(seconds, reason)
        clock.sleep(min(seconds, LINE_EVERY))

    def _say(self, seconds: float, reason: str) -> None:
        self._latest_line = clock.seconds()
        self._logger.info("Waiting %.1f s (%s). %s", seconds, str(self), reason)
