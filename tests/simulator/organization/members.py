"""Who is a member on a day, and in which role."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.simulator.randomness import number
from tests.simulator.reports.clock import midnight, write

if TYPE_CHECKING:
    from datetime import date

    from tests.simulator.company import Company
    from tests.simulator.people import Person

    Row = dict[str, Any]

ROLES = {
    "primary_owner": "admin",
    "owner": "developer",
    "membership_admin": "billing",
    "managed": "claude_code_user",
    "user": "user",
}
"""The roles of an Enterprise organisation, and those that a Console one has instead."""

_HALF_A_DAY = 43_200
_PROMOTED_AFTER = timedelta(days=60)


def morning(day: date, *parts: object) -> datetime:
    """Give a moment before the noon of a day, which is when the API is asked."""
    seconds = number("morning", day, *parts) % _HALF_A_DAY
    return midnight(day) + timedelta(seconds=seconds)


def added_at(person: Person) -> datetime:
    """Tell when a person joined, which is when the invite was accepted."""
    return morning(person.joined, person.id)


def belonging(company: Company, day: date) -> list[Person]:
    """List the members of a day in the order in which they joined."""
    members = [person for person in company.people if person.belongs(day)]
    return sorted(members, key=lambda person: (added_at(person), person.id))


@lru_cache(maxsize=8)
def primary_owner(company: Company) -> Person:
    """Find the one who joined first and never leaves, or else simply the first."""
    return min(
        company.people, key=lambda person: (-person.left.toordinal(), added_at(person))
    )


def role(company: Company, person: Person, day: date) -> str:
    """Tell the role of a member; some become owners after two months."""
    if person is primary_owner(company):
        name = "primary_owner"
    elif person.index % 11 == 3 and day - person.joined >= _PROMOTED_AFTER:
        name = "owner"
    elif person.index % 9 == 5:
        name = "membership_admin"
    else:
        name = "managed" if person.index % 8 == 7 else "user"
    return ROLES[name] if company.options.console else name


def members(company: Company, day: date) -> list[Row]:
    """Build the rows of a day."""
    return [
        {
            "id": person.id,
            "added_at": write(added_at(person)),
            "email": person.email,
            "name": person.name,
            "role": role(company, person, day),
            "type": "user",
        }
        for person in belonging(company, day)
    ]
