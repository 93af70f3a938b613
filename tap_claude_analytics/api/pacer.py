"""Spreads requests so that no minute holds more than the limit of the organisation."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap_claude_analytics.common import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_claude_analytics.common.progress import Progress

#: Seconds that the limit spans: a minute, and a little more since clocks differ.
SPAN = 60.1
#: Requests per minute of an organisation that count apart from those of analytics, by what
#: the paths of the endpoints begin with.
OTHER_LIMITS: Mapping[str, int] = MappingProxyType(
    {"/v1/organizations/spend_limit": 60, "/v1/organizations/": 100}
)
#: Seconds between two checks while all requests that count are still unanswered.
_CHECK_EVERY = 0.05


class Pacer:
    """Lets requests of all threads through, at most so many in any minute.

    A request counts from the moment it is sent until a minute after its answer. The API
    counts it somewhere in between, in minutes that slide or are fixed; this is right for
    both.
    """

    def __init__(self, requests_per_minute: int, progress: Progress) -> None:
        """Create a pacer from the limit and from what does the waiting."""
        self._limit = requests_per_minute
        self._progress = progress
        self._lock = threading.Lock()
        self._unanswered = 0
        self._answered: deque[float] = deque()
        self._paused_until = self._spread_until = self._next_at = 0.0

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Wait until a request may be sent; use it as a context around the request.

        Raises:
            CancelledError: If the work of this thread is no longer needed.
        """
        while (wait := self._take()) > 0:
            self._progress.pace(
                wait, f"At most {self._limit} requests are sent per minute."
            )
        self._progress.request_sent()
        try:
            yield
        finally:
            with self._lock:
                self._unanswered -= 1
                self._answered.append(clock.seconds())

    def pause(self, duration: float) -> None:
        """Let no request through for so many seconds, because the API refused one.

        For a minute after that, requests are sent at even intervals instead of all at once.
        """
        with self._lock:
            self._paused_until = max(self._paused_until, clock.seconds() + duration)
            self._spread_until = self._paused_until + SPAN

    def _take(self) -> float:
        """Count a request and return 0, or return the seconds until one may be sent."""
        with self._lock:
            now = clock.seconds()
            while self._answered and self._answered[0] + SPAN <= now:
                self._answered.popleft()
            earliest = max(self._paused_until, self._next_at)
            if earliest > now:
                return earliest - now
            if self._unanswered + len(self._answered) >= self._limit:
                return self._answered[0] + SPAN - now if self._answered else _CHECK_EVERY
            self._unanswered += 1
            if now < self._spread_until:
                self._next_at = now + SPAN / self._limit
            return 0.0


class Pacers:
    """One pacer for each of the rate limits of the API."""

    def __init__(self, requests_per_minute: int, progress: Progress) -> None:
        """Create the pacers.

        Args:
            requests_per_minute: The limit of the analytics endpoints.
            progress: What does the waiting.
        """
        self._analytics = Pacer(requests_per_minute, progress)
        self._others = {
            prefix: Pacer(limit, progress) for prefix, limit in OTHER_LIMITS.items()
        }

    def of(self, path: str) -> Pacer:
        """Return the pacer that lets the requests to an endpoint through."""
        for prefix, pacer in self._others.items():
            if path.startswith(prefix):
                return pacer
        return self._analytics
