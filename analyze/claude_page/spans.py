"""Days and weeks: the ranges that charts are drawn for, and where the data has gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from claude_page.marts import Marts

DAY = timedelta(days=1)
SUNDAY = 6
WEEK = timedelta(weeks=1)

#: The ranges that a reader can choose from, by their length in days.
LENGTHS = {"28 days": 28, "13 weeks": 91}
CHOSEN = "13 weeks"

#: The longest range whose ticks are weeks, not months.
DAYS_OF_WEEK_TICKS = 28


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both included."""

    first: date
    last: date

    def __len__(self) -> int:
        """Return the number of days."""
        return (self.last - self.first).days + 1

    def __contains__(self, day: date) -> bool:
        """Tell whether a day is in it."""
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        """Yield every day."""
        return (self.first + n * DAY for n in range(len(self)))

    def weeks(self) -> Iterator[Span]:
        """Yield the ISO weeks that begin in it, whole ones."""
        monday = self.first + (-self.first.weekday() % 7) * DAY
        while monday <= self.last:
            yield Span(monday, monday + 6 * DAY)
            monday += WEEK

    def ticks(self) -> dict[date, str]:
        """Return the days that an axis names, at most about seven."""
        if len(self) <= DAYS_OF_WEEK_TICKS:
            step = max(1, len(self) // 4)
            days = [day for n, day in enumerate(self) if n % step == 0]
            return {day: f"{day.day} {day:%b}" for day in days}
        firsts = [day for day in self if day.day == 1]
        step = -(-len(firsts) // 7)
        named: dict[date, str] = {}
        for day in firsts[::step]:
            new_year = not named or day.year != max(named).year
            named[day] = f"{day:%b %Y}" if new_year else f"{day:%b}"
        return named


def last(days: int, until: date) -> Span:
    """Return so many days up to a day."""
    return Span(until - (days - 1) * DAY, until)


def ranges(whole: Span | None) -> dict[str, Span]:
    """Return the ranges to choose from: those shorter than what there is, and all of it."""
    if whole is None:
        return {}
    shorter = {
        name: last(days, whole.last) for name, days in LENGTHS.items() if days < len(whole)
    }
    return {**shorter, "all days": whole}


def chosen(names: Iterable[str]) -> str | None:
    """Return the range that is shown first."""
    offered = list(names)
    return CHOSEN if CHOSEN in offered else offered[-1] if offered else None


class Calendar:
    """What is known of each day of each stream."""

    def __init__(self, marts: Marts) -> None:
        """Take what `claude_days` says."""
        self._states: dict[str, dict[date, str]] = {}
        for row in marts["days"]:
            self._states.setdefault(row["stream"], {})[row["date"]] = (
                "empty"
                if row["state"] == "settled" and row["row_count"] == 0
                else row["state"]
            )

    @property
    def streams(self) -> list[str]:
        """The streams that were ever read."""
        return sorted(self._states)

    def states(self, stream: str) -> Mapping[date, str]:
        """Return the state of each day from the first to the last one read."""
        return self._states.get(stream, {})

    def state(self, stream: str, day: date) -> str:
        """Return the state of a day."""
        return self.states(stream).get(day, "not read")

    def is_read(self, stream: str, day: date) -> bool:
        """Tell whether a day was read."""
        return self.state(stream, day) != "not read"

    def is_complete(self, stream: str, day: date) -> bool:
        """Tell whether a day was read after it was over."""
        return self.state(stream, day) not in ("not read", "filling")

    def is_settled(self, stream: str, day: date) -> bool:
        """Tell whether a day will not be revised any more."""
        return self.state(stream, day) in ("settled", "empty")

    def last_complete(self, stream: str) -> date | None:
        """Return the last day that was read after it was over."""
        days = [day for day in self.states(stream) if self.is_complete(stream, day)]
        return max(days, default=None)

    def settled_up_to(self, stream: str) -> date | None:
        """Return the last day before the first that may change or was not read."""
        found = None
        for day in sorted(self.states(stream)):
            if not self.is_settled(stream, day):
                break
            found = day
        return found

    def whole(self, streams: Sequence[str]) -> Span | None:
        """Return the days from the first to the last that any of the streams was read."""
        days = [day for stream in streams for day in self.states(stream)]
        return Span(min(days), max(days)) if days else None


def runs(
    days: Iterable[date], kind: Callable[[date], object]
) -> Iterator[tuple[Span, object]]:
    """Yield stretches of consecutive days of one kind.

    Args:
        days: Days in order.
        kind: What kind of day it is.

    Yields:
        The first and last day of each stretch, and its kind.
    """
    first = previous = None
    current: object = None
    for day in days:
        if first is None or previous is None:
            first, current = day, kind(day)
        elif day != previous + DAY or kind(day) != current:
            yield Span(first, previous), current
            first, current = day, kind(day)
        previous = day
    if first is not None and previous is not None:
        yield Span(first, previous), current
