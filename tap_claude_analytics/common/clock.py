"""The clock of days, waits and pace: the only module that tells the day and sleeps.

How long the network takes is measured with ``time.monotonic``, whatever this clock says.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

import pendulum

if TYPE_CHECKING:
    import threading

#: Set once the work of the current thread is no longer needed.
CANCELLED: ContextVar[threading.Event] = ContextVar("cancelled")


class CancelledError(Exception):
    """The work of this thread is no longer needed."""


def now() -> pendulum.DateTime:
    """Return the current instant, in UTC."""
    return pendulum.now("UTC")


def today() -> pendulum.Date:
    """Return the current UTC calendar day, the only kind of day the API knows."""
    return now().date()


def seconds() -> float:
    """Return seconds of a monotonic clock, for differences only."""
    return time.monotonic()


def sleep(duration: float) -> None:
    """Sleep; every wait of the tap ends up here.

    Args:
        duration: Seconds.

    Raises:
        CancelledError: If the work of this thread is no longer needed.
    """
    cancelled = CANCELLED.get(None)
    if cancelled is None:
        time.sleep(duration)
    elif cancelled.wait(duration):
        raise CancelledError
