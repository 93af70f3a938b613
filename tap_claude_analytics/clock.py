"""The one place that reads the clock and waits."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pendulum

if TYPE_CHECKING:
    import threading

#: Set when nobody wants any more what the current thread is working for.
ABANDONED: ContextVar[threading.Event] = ContextVar("abandoned")


class AbandonedError(Exception):
    """The work of this thread is no longer wanted."""


def now() -> pendulum.DateTime:
    """Return the current instant, in UTC."""
    return pendulum.now("UTC")


def today() -> pendulum.Date:
    """Return the current UTC calendar day, the only kind of day the API knows."""
    return now().date()


def seconds() -> float:
    """Return the seconds since some instant, for differences only."""
    return time.monotonic()


def sleep(duration: float) -> None:
    """Wait so many seconds; every wait of the tap is one of these.

    Raises:
        AbandonedError: If the thread's work is no longer wanted.
    """
    abandoned = ABANDONED.get(None)
    if abandoned is None:
        time.sleep(duration)
    elif abandoned.wait(duration):
        raise AbandonedError
