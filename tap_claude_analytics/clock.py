"""The one place that reads the clock and waits."""

from __future__ import annotations

import time

import pendulum


def now() -> pendulum.DateTime:
    """Return the current instant, in UTC."""
    return pendulum.now("UTC")


def today() -> pendulum.Date:
    """Return the current UTC calendar day, the only kind of day the API knows."""
    return now().date()


def sleep(seconds: float) -> None:
    """Wait; every wait of the tap is one of these."""
    time.sleep(seconds)
