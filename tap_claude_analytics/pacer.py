"""As many requests a minute as the organisation's limit allows, and never more."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING

from tap_claude_analytics import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_claude_analytics.progress import Progress

#: The span of the limit: a minute, and a little for clocks that differ.
SPAN = 60.1
#: How often to look again while all that count are requests without an answer yet.
_LOOK_AGAIN = 0.05


class Pacer:
    """Lets requests through, from any thread, so that no minute holds too many.

    A request counts from its sending until its answer is a minute old: at what instant in
    between the API counted it is not known, and whether its minutes slide or are fixed
    does not matter either then.
    """

    def __init__(self, requests_per_minute: int, progress: Progress) -> None:
        """Take the limit, and where waits are made."""
        self._limit = requests_per_minute
        self._progress = progress
        self._lock = threading.Lock()
        self._unanswered = 0
        self._answered: deque[float] = deque()
        self._paused_until = self._spread_until = self._next_at = 0.0

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Wait for a place for one request, and hold it until its answer is there.

        Raises:
            AbandonedError: If the thread's work is no longer wanted.
        """
        while (wait := self._take()) > 0:
            self._progress.pace(wait, f"{self._limit} requests a minute are allowed.")
        self._progress.request_sent()
        try:
            yield
        finally:
            with self._lock:
                self._unanswered -= 1
                self._answered.append(clock.seconds())

    def pause(self, duration: float) -> None:
        """Let no request through for so many seconds, since the API refused one.

        For a minute after that they go one after the other, so that those which waited do
        not storm on together.
        """
        with self._lock:
            self._paused_until = max(self._paused_until, clock.seconds() + duration)
            self._spread_until = self._paused_until + SPAN

    def _take(self) -> float:
        """Take a place and return 0, or return how long there will be none."""
        with self._lock:
            now = clock.seconds()
            while self._answered and self._answered[0] + SPAN <= now:
                self._answered.popleft()
            earliest = max(self._paused_until, self._next_at)
            if earliest > now:
                return earliest - now
            if self._unanswered + len(self._answered) >= self._limit:
                return self._answered[0] + SPAN - now if self._answered else _LOOK_AGAIN
            self._unanswered += 1
            if now < self._spread_until:
                self._next_at = now + SPAN / self._limit
            return 0.0
