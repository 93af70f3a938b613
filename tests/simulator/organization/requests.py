"""Requests for more: who asked when, and how it was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.simulator.options import FLOOR
from tests.simulator.randomness import digest, tagged_id

from .members import morning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.simulator.company import Company
    from tests.simulator.people import Person

MACHINE, GONE, SUPPORT, OWNER = "machine", "gone", "support", "owner"
_RESOLVERS = (MACHINE, GONE, SUPPORT, OWNER, OWNER)


@dataclass(frozen=True, kw_only=True)
class Increase:
    """One request as it stands; what was approved is an amount in minor units."""

    id: str
    person: Person
    period: str
    created_at: datetime
    resolved_at: datetime | None = None
    status: str = "pending"
    resolver: str = OWNER
    amount: str | None = None


@lru_cache(maxsize=4000)
def increases(company: Company, person: Person, day: date) -> tuple[Increase, ...]:
    """Give the requests of a person up to a day, at most one a month and pending."""
    return tuple(_increases(company, person, day))


def _increases(company: Company, person: Person, day: date) -> Iterator[Increase]:
    month = FLOOR
    while month <= day:
        dice = digest(company.seed, "increase", person.index, month, size=7)
        created = month + timedelta(days=dice[0] % 15)
        if dice[1] < 26 and created <= day and person.belongs(created):
            yield _as_it_stands(company, person, created, day, dice)
        month = (month + timedelta(days=31)).replace(day=1)


def _as_it_stands(
    company: Company, person: Person, created: date, day: date, dice: bytes
) -> Increase:
    request = Increase(
        id=tagged_id("slir", company.seed, person.index, created),
        person=person,
        period="monthly" if dice[2] % 5 else "weekly",
        created_at=morning(created, person.id, "asks"),
    )
    resolved = created + timedelta(days=1 + dice[3] % 12)
    if resolved > day:
        return request
    approved = dice[4] % 3 > 0
    return Increase(
        id=request.id,
        person=person,
        period=request.period,
        created_at=request.created_at,
        resolved_at=morning(resolved, person.id, "answer"),
        status="approved" if approved else "denied",
        # Only to raise a limit did Anthropic's support act, which is nobody's account.
        resolver=_RESOLVERS[dice[5] % 5] if approved else OWNER,
        amount=str(300 + 5 * dice[6]) if approved else None,
    )
