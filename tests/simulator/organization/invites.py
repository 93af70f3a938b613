"""Who has been invited: everybody who joined or will, and guests who never come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.simulator.options import FLOOR
from tests.simulator.randomness import digest, tagged_id
from tests.simulator.reports.clock import midnight, write

from .members import ROLES, added_at, morning, role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.simulator.company import Company

    Row = dict[str, Any]

AHEAD = timedelta(days=14)
"""How long before they join people are invited."""

_VALID = timedelta(days=21)
_SHOWN = timedelta(days=30)
"""How long a deleted invite is still listed."""


@dataclass(frozen=True, kw_only=True)
class _Invite:
    """One invite; it is accepted, deleted, or expires."""

    id: str
    email: str
    role: str
    groups: tuple[str, ...] = ()
    invited_at: datetime
    accepted_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def expires_at(self) -> datetime:
        return self.invited_at + _VALID

    def status(self, now: datetime) -> str | None:
        """Tell the status, or None while or when it is not listed."""
        if now < self.invited_at:
            return None
        if self.accepted_at and self.accepted_at <= now:
            return "accepted"
        if self.deleted_at and self.deleted_at <= now:
            return "deleted" if now < self.deleted_at + _SHOWN else None
        return "pending" if now < self.expires_at else "expired"


def invites(company: Company, day: date) -> list[Row]:
    """Build the rows of a day, in the order in which the invites were sent."""
    now = midnight(day) + timedelta(hours=12)
    rows = []
    for invite in sorted(_all(company, day), key=lambda one: (one.invited_at, one.id)):
        status = invite.status(now)
        if status is not None:
            accepted_at = invite.accepted_at if status == "accepted" else None
            rows.append(
                {
                    "id": invite.id,
                    "accepted_at": write(accepted_at) if accepted_at else None,
                    "email": invite.email,
                    "expires_at": write(invite.expires_at),
                    "invited_at": write(invite.invited_at),
                    "rbac_group_ids": list(invite.groups),
                    "role": invite.role,
                    "status": status,
                    "type": "invite",
                }
            )
    return rows


def pending_count(company: Company, day: date) -> int:
    """Count the invites of a day that are pending."""
    now = midnight(day) + timedelta(hours=12)
    return sum(invite.status(now) == "pending" for invite in _all(company, day))


def _all(company: Company, day: date) -> Iterator[_Invite]:
    """Give all invites that have been sent by a day."""
    for invite in _of_people(company):
        if invite.invited_at.date() <= day:
            yield invite
    month = FLOOR
    while month <= day:
        for place in range(2 + len(company.people) // 25):
            invite = _of_guest(company, month, place)
            if invite.invited_at.date() <= day:
                yield invite
        month = (month + timedelta(days=31)).replace(day=1)


@lru_cache(maxsize=8)
def _of_people(company: Company) -> list[_Invite]:
    """Give the invites of all who ever join."""
    return [
        _Invite(
            id=tagged_id("invite", company.seed, person.index),
            email=person.email,
            role=role(company, person, person.joined),
            groups=company.teams.held(person.joined).get(person.id, ()),
            invited_at=morning(person.joined - AHEAD, person.id),
            accepted_at=added_at(person),
        )
        for person in company.people
    ]


@lru_cache(maxsize=1000)
def _of_guest(company: Company, month: date, place: int) -> _Invite:
    name = f"{month:%Y-%m}.{place}"
    dice = digest(company.seed, "guest", name, size=3)
    invited_on = month + timedelta(days=dice[0] % 28)
    deleted_on = invited_on + timedelta(days=1 + dice[1] % 10)
    return _Invite(
        id=tagged_id("invite", company.seed, "guest", name),
        email=f"guest.{name}@example.org",
        role=ROLES["user"] if company.options.console else "user",
        invited_at=morning(invited_on, name),
        deleted_at=morning(deleted_on, name) if dice[2] % 2 else None,
    )
