"""How far a run has come, for the person who reads the log."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_claude_analytics.common import clock

if TYPE_CHECKING:
    import logging

#: Seconds between two progress lines, and between two lines of a long wait.
LINE_EVERY = 30.0
#: Durations of fewer minutes are given in seconds.
FEW_MINUTES = 2
#: Seconds up to which a wait that keeps the pace is not logged.
SHORT = 5.0


class Progress:
    """Counts what has been read, and logs progress and waits."""

    def __init__(self, logger: logging.Logger) -> None:
        """Start counting, before the first stream."""
        self._logger = logger
        self._began = self._stream_began = clock.seconds()
        self._latest_line = float("-inf")
        self._stream = ""
        self._stream_count = self._streams_begun = 0
        self._days_done = self._days = 0
        self._answered = self._questions = 0
        self._all_days = self._records = self._requests = 0
        self._lock = threading.Lock()

    def plan(self, stream_count: int) -> None:
        """Note how many streams the run reads."""
        self._stream_count = stream_count

    def begin(self, stream: str, days: int, questions: int) -> None:
        """Note that a stream begins: how many days it reads, in how many questions."""
        self._stream, self._days, self._days_done = stream, days, 0
        self._questions, self._answered = questions, 0
        self._streams_begun += 1
        self._stream_began = clock.seconds()

    def day_done(self, records: int) -> None:
        """Note that a day has been emitted; log progress if it is time to."""
        self._days_done += 1
        self._all_days += 1
        self._records += records
        with self._lock:
            if self._is_due and clock.seconds() - self._began >= LINE_EVERY:
                self._latest_line = clock.seconds()
                self._logger.info("%s%s", str(self), self._left)

    def question_done(self) -> None:
        """Note that all days of one question have been emitted."""
        self._answered += 1

    def request_sent(self) -> None:
        """Note that a request has been sent, from any thread."""
        with self._lock:
            self._requests += 1

    def done(self) -> None:
        """Log what the run has read."""
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
        """How long the rest of the stream takes at this pace, as the end of a line."""
        questions_left = self._questions - self._answered
        if questions_left <= 0 or not self._answered:
            return "."
        per_question = (clock.seconds() - self._stream_began) / self._answered
        return f"; about {_duration(questions_left * per_question)} left for this stream."

    @property
    def _is_due(self) -> bool:
        return clock.seconds() - self._latest_line >= LINE_EVERY

    def wait(self, seconds: float, reason: str) -> None:
        """Wait, and log why, how long and how far the run has come."""
        while seconds > 0:
            self._say(seconds, reason)
            step = min(seconds, LINE_EVERY)
            clock.sleep(step)
            seconds -= step

    def pace(self, seconds: float, reason: str) -> None:
        """Wait to keep the pace; threads that wait at the same time share one line."""
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
