"""Rate limits, counted in the three ways that servers count a minute."""

import threading
import time
from collections import deque
from collections.abc import Callable

from typing_extensions import override

MINUTE = 60.0


class Limit:
    """At most so many requests a minute; safe to ask from many threads.

    At any instant, those accepted within the 60 seconds before it count.
    """

    def __init__(
        self, per_minute: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the limit, and a clock that tells seconds."""
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._accepted: deque[float] = deque(maxlen=per_minute)

    def admit(self) -> float:
        """Count a request that arrives now, if there is room for it.

        Returns:
            0 if it is accepted; else, and then it does not count, the seconds until one
            would be accepted if no other came first.
        """
        with self._lock:
            return self._admit(self._clock())

    def _admit(self, now: float) -> float:
        full = len(self._accepted) == self._per_minute
        if full and self._accepted[0] + MINUTE > now:
            return self._accepted[0] + MINUTE - now
        self._accepted.append(now)
        return 0.0


class FixedMinute(Limit):
    """The count starts anew with every full minute of the server's clock."""

    _minute, _count = float("-inf"), 0

    @override
    def _admit(self, now: float) -> float:
        minute = now // MINUTE
        if minute != self._minute:
            self._minute, self._count = minute, 0
        if self._count < self._per_minute:
            self._count += 1
            return 0.0
        return (minute + 1) * MINUTE - now


class Bucket(Limit):
    """A bucket that holds one minute's requests, full at first, refilled evenly."""

    # One instant says it all: at `_full_at` the bucket is full again.
    _full_at = float("-inf")

    @override
    def _admit(self, now: float) -> float:
        interval = MINUTE / self._per_minute
        full_at = max(self._full_at, now) + interval
        # A full bucket is a minute's worth; rounding must not refuse its last drop.
        missing = full_at - now - MINUTE
        if missing > interval * 1e-6:
            return missing
        self._full_at = full_at
        return 0.0


KINDS: dict[str, type[Limit]] = {
    "sliding": Limit,
    "fixed": FixedMinute,
    "bucket": Bucket,
}
