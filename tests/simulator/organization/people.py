"""Who is a member on a day, who has been invited, and who is in which team."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from tests.simulator.company import Company, Person
from tests.simulator.data import Row
from tests.simulator.options import FLOOR, ONE_DAY
from tests.simulator.randomness import digest, number, tagged_id
from tests.simulator.reports.clock import midnight, noon, write

Since = dict[tuple[str, str], date]


_HALF_A_DAY = 43_200
_PROMOTED_AFTER = timedelta(days=60)
_INVITED_AHEAD = timedelta(days=14)
_INVITE_VALID = timedelta(days=21)
# How long a deleted invite is still listed.
_DELETED_SHOWN = timedelta(days=30)
# When a second team of the same name is made, into which nobody comes.
_TWIN_SINCE = FLOOR + timedelta(days=9)


def morning(day: date, *parts: object) -> datetime:
    """Give a moment before the noon of a day, which is when the API is asked."""
    seconds = number("morning", day, *parts) % _HALF_A_DAY
    return midnight(day) + timedelta(seconds=seconds)


def months_until(day: date) -> Iterator[date]:
    """Give the first day of each month up to a day."""
    month = FLOOR
    while month <= day:
        yield month
        month = (month + timedelta(days=31)).replace(day=1)


def _added_at(person: Person) -> datetime:
    """Tell when a person joined, which is when the invite was accepted."""
    return morning(person.joined, person.id)


def belonging(company: Company, day: date) -> list[Person]:
    """List the members of a day in the order in which they joined."""
    members = [person for person in company.people if person.belongs(day)]
    return sorted(members, key=lambda person: (_added_at(person), person.id))


@lru_cache(maxsize=8)
def primary_owner(company: Company) -> Person:
    """Find the one who joined first and never leaves, or else simply the first."""
    return min(
        company.people, key=lambda person: (-person.left.toordinal(), _added_at(person))
    )


def _role(company: Company, person: Person, day: date) -> str:
    """Tell the role of a member; some become owners after two months."""
    if person is primary_owner(company):
        return "primary_owner"
    if person.index % 11 == 3 and day - person.joined >= _PROMOTED_AFTER:
        return "owner"
    if person.index % 9 == 5:
        return "membership_admin"
    return "managed" if person.index % 8 == 7 else "user"


def members(company: Company, day: date) -> list[Row]:
    """Build the rows of a day."""
    return [
        {
            "id": person.id,
            "added_at": write(_added_at(person)),
            "email": person.email,
            "name": person.name,
            "role": _role(company, person, day),
            "type": "user",
        }
        for person in belonging(company, day)
    ]


def invites(company: Company, day: date) -> list[Row]:
    """Build the rows of a day, in the order in which the invites were sent."""
    sent = [*_of_people(company)]
    # Guests never come.
    for month in months_until(day):
        guests = range(2 + len(company.people) // 25)
        sent += [_of_guest(company.seed, f"{month:%Y-%m}.{n}", month) for n in guests]
    rows = [_invite(noon(day), **invite) for invite in sent]
    return sorted(filter(None, rows), key=lambda row: (row["invited_at"], row["id"]))


@lru_cache(maxsize=8)
def _of_people(company: Company) -> list[dict[str, Any]]:
    """Give the invites of all who ever join."""
    return [
        {
            "invited_at": morning(person.joined - _INVITED_AHEAD, person.id),
            "accepted_at": _added_at(person),
            "id": tagged_id("invite", company.seed, person.index),
            "email": person.email,
            "role": _role(company, person, person.joined),
            "groups": company.teams.held(person.joined).get(person.id, ()),
        }
        for person in company.people
    ]


@lru_cache(maxsize=1000)
def _of_guest(seed: int, name: str, month: date) -> dict[str, Any]:
    """Give the invite of somebody who never joins."""
    dice = digest(seed, "guest", name, size=3)
    invited_on = month + timedelta(days=dice[0] % 28)
    deleted_on = invited_on + timedelta(days=1 + dice[1] % 10)
    return {
        "invited_at": morning(invited_on, name),
        "deleted_at": morning(deleted_on, name) if dice[2] % 2 else None,
        "id": tagged_id("invite", seed, "guest", name),
        "email": f"guest.{name}@example.org",
        "role": "user",
        "groups": (),
    }


def _invite(
    now: datetime,
    invited_at: datetime,
    *,
    accepted_at: datetime | None = None,
    deleted_at: datetime | None = None,
    **who: Any,
) -> Row | None:
    """Build the row of an invite, unless it is not listed yet or any more."""
    if now < invited_at or (deleted_at and now >= deleted_at + _DELETED_SHOWN):
        return None
    status = "pending" if now < invited_at + _INVITE_VALID else "expired"
    if deleted_at and deleted_at <= now:
        status = "deleted"
    accepted = accepted_at if accepted_at and accepted_at <= now else None
    return {
        "id": who["id"],
        "accepted_at": write(accepted) if accepted else None,
        "email": who["email"],
        "expires_at": write(invited_at + _INVITE_VALID),
        "invited_at": write(invited_at),
        "rbac_group_ids": list(who["groups"]),
        "role": who["role"],
        "status": "accepted" if accepted else status,
        "type": "invite",
    }


class Groups:
    """The teams of a company that still exist, with their current members."""

    def __init__(self, company: Company) -> None:
        """Nothing is computed before it is asked for."""
        self._company = company
        self._reached: tuple[date, Since] = (FLOOR, {})

    def teams(self, day: date) -> list[Row]:
        """Build the rows of teams; a team without a name has been deleted."""
        seed = self._company.seed
        named = [team for team in self._company.teams.all if team.name]
        made = [
            (team.id, team.name, FLOOR - timedelta(days=100 - 10 * place))
            for place, team in enumerate(named)
        ]
        if day >= _TWIN_SINCE:
            made.append((tagged_id("rbac_group", seed, "twin"), named[1].name, _TWIN_SINCE))
        rows = []
        for place, (group, name, made_on) in enumerate(made):
            # The identity provider's teams are brought up to date every night.
            scim = place % 2 == 0
            created_at = morning(made_on, group)
            # Now and then the roles cannot be told.
            known = digest(seed, "roles", group, day, size=1)[0] >= 30
            roles = [tagged_id("rbac_role", seed, role) for role in range(place)]
            row = {
                "id": group,
                "created_at": write(created_at),
                "name": name,
                "role_ids": roles if known else None,
                "source_type": "scim" if scim else "direct",
                "type": "rbac_group",
                "updated_at": write(midnight(day) if scim else created_at),
            }
            rows.append(row)
        return rows

    def members(self, day: date) -> list[Row]:
        """Build the rows of who is in which team, team by team."""
        since = self._since(day)
        people = belonging(self._company, day)
        return [
            {
                "created_at": write(max(morning(first, person.id), _added_at(person))),
                "email": person.email,
                "rbac_group_id": team.id,
                "type": "rbac_group_member",
                "user_id": person.id,
            }
            for team in self._company.teams.all
            if team.name
            for person in people
            if (first := since.get((person.id, team.id))) is not None
        ]

    def _since(self, day: date) -> Since:
        """Tell since when everybody is in the teams of a day without a break."""
        past, since = self._reached
        if past > day + ONE_DAY:
            past, since = FLOOR, {}
        while past <= day:
            since = {
                (user, team): since.get((user, team), past)
                for user, teams in self._company.teams.held(past).items()
                for team in teams
            }
            past += ONE_DAY
        # The next day goes on from here.
        self._reached = past, since
        return since
