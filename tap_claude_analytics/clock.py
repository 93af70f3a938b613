"""The one place that reads the clock."""

from __future__ import annotations

import pendulum


def now() -> pendulum.DateTime:
    """Return the current instant, in UTC."""
    return pendulum.now("UTC")


def today() -> pendulum.Date:
    """Return the current UTC calendar day, the only kind of day the API knows."""
    return now().date()
