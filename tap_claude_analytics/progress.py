"""How far a run has come, for the person who reads the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_claude_analytics import clock

if TYPE_CHECKING:
    import logging

#: A log is silent for at most so many seconds of a wait.
LINE_EVERY = 30.0


class Progress:
    """Counts the days of the stream that is being read, and waits in plain sight."""

    def __init__(self, logger: logging.Logger) -> None:
        """Start before the first stream."""
        self._logger = logger
        self._stream = ""
        self._days_done = self._days = 0

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
            self._logger.info("Waiting %.1f s (%s). %s", seconds, str(self), reason)
            step = min(seconds, LINE_EVERY)
            clock.sleep(step)
            seconds -= step
