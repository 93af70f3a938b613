"""The organisation: who was active when, as sets whose unions are rolling windows."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from .people import LAUNCHES, hire, products_used, rhythm
from .randomness import digest
from .teams import Teams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .options import Options

ANY = "any"
CLAUDE_TAG = "claude_tag"
CLAUDE_TAG_LAUNCH = date(2026, 3, 2)

Activity = dict[str, int]
"""A product and the set of people active in it, one bit a person."""


class Company:
    """The organisation that a seed makes; every day can be computed on its own."""

    def __init__(self, options: Options) -> None:
        """Hire everybody; nothing else is computed before it is asked for."""
        self.options = options
        self.seed = options.seed
        self.people = hire(options)
        self.teams = Teams(options.seed, self.people)
        self._days = lru_cache(maxsize=1000)(self._compute)

    def activity(self, day: date) -> Mapping[str, int]:
        """Give the people active on a day by product, and in any product.

        Each is one bit, in the order of `people`.
        """
        return MappingProxyType(self._days(day))

    def active_count(self, day: date) -> int:
        """Count the people active on a day."""
        return self.activity(day)[ANY].bit_count()

    def active_within(
        self, product: str, day: date, days: int, teams: frozenset[str] | None = None
    ) -> int:
        """Count who was active in the `days` days up to `day`, in one of the teams then."""
        union = 0
        for back in range(days):
            past = day - timedelta(days=back)
            active = self._days(past)[product]
            union |= active if teams is None else active & self.teams.members(teams, past)
        return union.bit_count()

    def headcount(self, day: date) -> int:
        """Count the accounts of a day, active or not."""
        return sum(person.belongs(day) for person in self.people)

    def _compute(self, day: date) -> Activity:
        active: Activity = dict.fromkeys((*LAUNCHES, ANY, CLAUDE_TAG), 0)
        ordinal = day.toordinal()
        tagging = day >= CLAUDE_TAG_LAUNCH
        for place, person in enumerate(self.people):
            bit = 1 << place
            used = products_used(person, day, self.options)
            for product in used:
                active[product] |= bit
            if used:
                active[ANY] |= bit
                if tagging and person.linked and (person.index + ordinal) % 3 == 0:
                    active[CLAUDE_TAG] |= bit
        if tagging:
            active[CLAUDE_TAG] |= self._strangers(day) << len(self.people)
        return active

    def _strangers(self, day: date) -> int:
        """Give the active Slack users without a linked account, one bit each."""
        few = 1 + len(self.people) // 5
        dice = [
            digest(self.seed, "stranger", place, day, size=1)[0] for place in range(few)
        ]
        return sum(1 << place for place, die in enumerate(dice) if die < 80 * rhythm(day))
