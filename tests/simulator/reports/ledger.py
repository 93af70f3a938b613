"""The facts of each day as known today: revised, edited, and up to the last refresh."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.simulator.options import FLOOR
from tests.simulator.randomness import digest

from .clock import Clock
from .events import Events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from tests.simulator.company import Company

    from .facts import Fact

    Change = Callable[[list[Fact]], list[Fact]]

FINAL_AGE = 30
"""Days after which nothing is revised any more."""

_CACHED_DAYS = 100


class Ledger:
    """Facts by day, the same for every endpoint."""

    def __init__(self, company: Company) -> None:
        """Nothing is computed before it is asked for."""
        self._options = company.options
        self._events = Events(company)
        self._edits: defaultdict[date, list[Change]] = defaultdict(list)
        self._lock = threading.Lock()
        self._revised = lru_cache(maxsize=_CACHED_DAYS)(self._compute)

    def clock(self, today: date) -> Clock:
        """Tell how far the data go on a day."""
        return Clock(today, self._options.refreshed_hours)

    def revise(self, day: date, change: Change) -> None:
        """Change the facts of a day, after all earlier changes of that day."""
        with self._lock:
            self._edits[day].append(change)

    def version(self) -> int:
        """Count the edits, for caches to tell old sums from new ones."""
        with self._lock:
            return sum(map(len, self._edits.values()))

    def facts(self, day: date, today: date) -> list[Fact]:
        """List the facts of a day that are known today."""
        if day < FLOOR or day > today:
            return []
        age = FINAL_AGE
        if self._options.revisions:
            age = min((today - day).days, FINAL_AGE)
        facts = list(self._revised(day, age))
        with self._lock:
            changes = tuple(self._edits.get(day, ()))
        for change in changes:
            facts = change(facts)
        refreshed_at = self.clock(today).refreshed_at
        return [fact for fact in facts if fact.at < refreshed_at]

    def between(self, start: datetime, end: datetime, today: date) -> Iterator[Fact]:
        """Give the facts from `start` up to and without `end`."""
        day = start.date()
        while day <= min(end.date(), today):
            for fact in self.facts(day, today):
                if start <= fact.at < end:
                    yield fact
            day += timedelta(days=1)

    def _compute(self, day: date, age: int) -> tuple[Fact, ...]:
        facts = self._events.of_day(day)
        if age < FINAL_AGE:
            facts = list(self._provisional(facts, age))
        return tuple(facts)

    def _provisional(self, facts: list[Fact], age: int) -> Iterator[Fact]:
        """Vary facts until they are final: some are missing yet, some will go."""
        for place, fact in enumerate(facts):
            key = (self._options.seed, "revision", fact.identity.key, fact.at, place)
            # Each fact changes every third day, not all on the same one.
            dice = digest(*key, (age + place % 3) // 3, size=3)
            if dice[0] < 8:
                continue
            yield fact.scaled(1 + Decimal(dice[1] % 7 - 3) / 100)
            if dice[2] < 8:
                yield self._events.passing(fact)
