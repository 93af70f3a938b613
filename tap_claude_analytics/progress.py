"""How far a run has come, for the person who reads the log."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_claude_analytics import clock

if TYPE_CHECKING:
    import logging

#: A log is silent for at most so many seconds of a wait, and tells no more often how far
#: the run has come.
LINE_EVERY = 30.0
#: Up to so many minutes, seconds tell more.
FEW_MINUTES = 2
#: Waits that keep the pace are not worth a line up to so many seconds.
SHORT = 5.0


class Progress:
    """Counts what has been read, and waits in plain sight."""

    def __init__(self, logger: logging.Logger) -> None:
        """Start before the first stream."""
        self._logger = logger
        self._began = self._stream_began = clock.seconds()
        self._latest_line = float("-inf")
        self._stream = ""
        self._stream_count = self._streams_begun = 0
        self._days_done = self._days = 0
        self._parts_done = self._parts = 0
        self._all_days = self._records = self._requests = 0
        self._lock = threading.Lock()

    def plan(self, stream_count: int) -> None:
        """Note how many streams the run will read."""
        self._stream_count = stream_count

    def begin(self, stream: str, days: int, parts: int) -> None:
        """Note that a stream begins that has so many days to read, in so many parts."""
        self._stream, self._days, self._days_done = stream, days, 0
        self._parts, self._parts_done = parts, 0
        self._streams_begun += 1
        self._stream_began = clock.seconds()

    def day_done(self, records: int) -> None:
        """Note that a day is completely emitted, and now and then how far the run is."""
        self._days_done += 1
        self._all_days += 1
        self._records += records
        with self._lock:
            if self._is_due and clock.seconds() - self._began >= LINE_EVERY:
                self._latest_line = clock.seconds()
                self._logger.info("%s%s", str(self), self._left)

    def part_done(self) -> None:
        """Note that all days of one question are emitted."""
        self._parts_done += 1

    def request_sent(self) -> None:
        """Note that a request has been sent, from any thread."""
        with self._lock:
            self._requests += 1

    def done(self) -> None:
        """Say what the run has read."""
        self._logger.info(
            "Read %d days of %d streams: %d records, %d requests, %s.",
            self._all_days,
            self._streams_begun,
            self._records,
            self._requests,
            _duration(clock.seconds() - self._began),
        )

    def __str__(self) -> str:
        """Return stream and days, such as ``skills: 12 of 300 days read``, and counts."""
        if not self._stream:
            return f"{self._requests} requests"
        of_all = f" (stream {self._streams_begun} of {self._stream_count})"
        return (
            f"{self._stream}{of_all if self._stream_count else ''}:"
            f" {self._days_done} of {self._days} days read; so far {self._records} records,"
            f" {self._requests} requests"
        )

    @property
    def _left(self) -> str:
        """How long the stream takes still, if its questions go on as they did."""
        parts_left = self._parts - self._parts_done
        if parts_left <= 0 or not self._parts_done:
            return "."
        per_part = (clock.seconds() - self._stream_began) / self._parts_done
        return f"; about {_duration(parts_left * per_part)} left for this stream."

    @property
    def _is_due(self) -> bool:
        return clock.seconds() - self._latest_line >= LINE_EVERY

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
            if seconds > SHORT and self._is_due:
                self._say(seconds, reason)
        clock.sleep(min(seconds, LINE_EVERY))

    def _say(self, seconds: float, reason: str) -> None:
        self._latest_line = clock.seconds()
        self._logger.info("Waiting %.1f s (%s). %s", seconds, str(self), reason)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < FEW_MINUTES:
        return f"{seconds:.0f} seconds"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} minutes"
