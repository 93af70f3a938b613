"""Which days of usage and cost may still be revised, and which of them have been."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.errors import RunFailedError
from tap_claude_analytics.windows import parse_day

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import pendulum

    from tap_claude_analytics.answers import Row
    from tap_claude_analytics.windows import Window

#: Where a stream's state keeps the days that are not final; one text, since Meltano merges
#: states key by key, and what is gone from a map would come back.
REVISABLE = "revisable_days"

_DIGITS = 16


@dataclass(frozen=True)
class DaySeen:
    """A day that was read and is not final.

    Attributes:
        digest: Of the day's totals just before it was read; empty if they are not known.
        row_count: How many rows it had.
    """

    digest: str
    row_count: int


def digest_of(rows: Iterable[Row]) -> str:
    """Return a digest of a day's totals, whatever the order of the rows."""
    texts = sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:_DIGITS]


def read_days(stream: str, stream_state: Mapping[str, Any]) -> dict[pendulum.Date, DaySeen]:
    """Return the days that a stream's state names as not final.

    Raises:
        RunFailedError: If it is not what ``write_days`` has written.
    """
    text = stream_state.get(REVISABLE) or ""
    try:
        return dict(map(_parse, text.split()))
    except (AttributeError, TypeError, ValueError):
        msg = (
            f"The state's {REVISABLE} of stream {stream} is not what this tap writes."
            " Restore the state, or start again with --full-refresh."
        )
        raise RunFailedError(msg) from None


def _parse(entry: str) -> tuple[pendulum.Date, DaySeen]:
    day, digest, row_count = entry.split("/")
    return parse_day(day), DaySeen(digest, int(row_count))


def write_days(stream_state: dict[str, Any], days: Mapping[pendulum.Date, DaySeen]) -> None:
    """Write the days that are not final into a stream's state."""
    stream_state[REVISABLE] = " ".join(
        f"{day.isoformat()}/{seen.digest}/{seen.row_count}"
        for day, seen in sorted(days.items())
    )


def spans(
    days: Collection[pendulum.Date],
    row_counts: Mapping[pendulum.Date, int],
    *,
    most_days: int,
    most_rows: int,
) -> Iterator[Window]:
    """Cut days into the spans to ask for, oldest first.

    A request is saved where two days are asked for together, with the days in between, if
    these have few rows.

    Args:
        days: The days to read.
        row_counts: How many rows days had, as far as is known.
        most_days: The most days that a span may have.
        most_rows: The most rows of days in between that are read for nothing.
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
