"""The rules of the time range."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulator.errors import bad_request

from .clock import floor, parse, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .clock import Clock

MAX_SPAN = timedelta(days=31)
MAX_MINUTES_SPAN = timedelta(hours=24)


def read_span(
    scalars: Mapping[str, str], width: str | None, clock: Clock, *, end_needed: bool
) -> tuple[datetime, datetime]:
    """Read the range; both ends are rounded down to whole buckets.

    Raises:
        ApiError: It breaks a rule.
    """
    start = _moment("starting_at", scalars)
    if start is None:
        message = "starting_at: required"
        raise bad_request(message)
    if start < clock.earliest:
        message = f"starting_at: must not be before {write(clock.earliest)}"
        raise bad_request(message)
    end = _moment("ending_at", scalars)
    if end is None:
        if end_needed:
            message = "ending_at: required with buckets of time"
            raise bad_request(message)
        end = max(start, min(clock.now, start + MAX_SPAN))
    elif end <= start:
        message = "ending_at: must be later than starting_at"
        raise bad_request(message)
    most = MAX_MINUTES_SPAN if width == "1m" else MAX_SPAN
    if end - start > most:
        message = f"ending_at: the range may span at most {most}, not {end - start}"
        raise bad_request(message)
    return floor(start, width), floor(end, width)


def _moment(name: str, scalars: Mapping[str, str]) -> datetime | None:
    text = scalars.get(name)
    if text is None:
        return None
    moment = parse(text)
    if moment is None:
        message = f"{name}: must be an RFC 3339 timestamp with an offset, got {text!r}"
        raise bad_request(message)
    return moment
