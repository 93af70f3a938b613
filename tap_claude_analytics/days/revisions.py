"""Which days of usage and cost may still be revised, and which have been."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import pendulum

    from tap_claude_analytics.days.windows import Window

_DIGITS = 16


@dataclass(frozen=True)
class DaySeen:
    """A day that has been read and that the API may still revise.

    Attributes:
        digest: Digest of the day's totals just before it was read; empty if unknown.
        row_count: How many rows it had.
    """

    digest: str
    row_count: int


def digest_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a digest of the totals of a day, whatever the order of the rows."""
    texts = sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:_DIGITS]


def spans(
    days: Collection[pendulum.Date],
    row_counts: Mapping[pendulum.Date, int],
    *,
    most_days: int,
    most_rows: int,
) -> Iterator[Window]:
    """Combine days into the windows to ask for, oldest first.

    Two days share a request, with the days in between, if these have few rows: that saves
    a request.

    Args:
        days: The days to read.
        row_counts: How many rows days had, as far as known.
        most_days: How many days one request may span.
        most_rows: How many rows of days in between may be read without need.
    """
    first = last = None
    for day in sorted(days):
        if first is None or last is None:
            first = last = day
            continue
        between = [last.add(days=n) for n in range(1, (day - last).days)]
        is_near = all(gap in row_counts for gap in between) and (
            sum(row_counts[gap] for gap in between) <= most_rows
        )
        if is_near and (day - first).days < most_days:
            last = day
        else:
            yield first, last
            first = last = day
    if first is not None and last is not None:
        yield first, last
