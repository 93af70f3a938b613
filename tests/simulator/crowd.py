"""Who used the things of a day: people drawn from those who were active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .company import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from .company import Company

_STRIDES = (104_729, 224_737, 350_377, 479_909)
"""Primes larger than any organisation: each leads through all of its people."""


class Crowd:
    """The people of one day."""

    def __init__(self, company: Company, day: date) -> None:
        """Tell the active people from the others."""
        active = company.activity(day)[ANY]
        self._circles: tuple[list[str], list[str]] = ([], [])
        for place, person in enumerate(company.people):
            self._circles[not active >> place & 1].append(person.id)

    def draw(self, count: int, turn: int) -> list[str | None]:
        """Draw users, the same ones first for every count.

        More than are active are drawn from all who ever were members, and still more
        are not known.
        """
        drawn: list[str | None] = list(self._walk(count, turn))
        return drawn + [None] * (count - len(drawn))

    def _walk(self, count: int, turn: int) -> Iterator[str]:
        stride = _STRIDES[turn % len(_STRIDES)]
        for circle in self._circles:
            for step in range(min(count, len(circle))):
                yield circle[(turn + step * stride) % len(circle)]
            count = max(0, count - len(circle))
