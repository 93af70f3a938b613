"""Time that passes only while all threads sleep, so that minutes take milliseconds."""

from __future__ import annotations

import heapq
import itertools
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Seconds, real ones, after which a thread that neither sleeps nor ends hangs.
PATIENCE = 30.0


class VirtualTime:
    """A clock, and the threads that sleep by it: one runs at a time, so all is repeatable.

    Attributes:
        now: The instant.
    """

    def __init__(self, now: float = 0.0) -> None:
        """Start at an instant."""
        self.now = now
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._all_asleep = threading.Event()
        self._errors: list[BaseException] = []

    def seconds(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, duration: float) -> None:
        """Let the others run until it is time."""
        woken = threading.Event()
        heapq.heappush(self._sleepers, (self.now + duration, next(self._order), woken))
        self._all_asleep.set()
        if not woken.wait(PATIENCE):
            raise TimeoutError

    def run(self, works: Iterable[Callable[[], None]]) -> None:
        """Do all this work at a time, each in a thread of its own.

        Raises:
            BaseException: What went wrong in one of them, if anything did.
        """
        for work in works:
            self._resume(threading.Thread(target=self._do, args=(work,), daemon=True).start)
        while self._sleepers and not self._errors:
            self.now, _, woken = heapq.heappop(self._sleepers)
            self._resume(woken.set)
        if self._errors:
            raise self._errors[0]

    def _resume(self, go: Callable[[], None]) -> None:
        self._all_asleep.clear()
        go()
        if not self._all_asleep.wait(PATIENCE):
            raise TimeoutError

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again
            self._errors.append(error)
        finally:
            self._all_asleep.set()
