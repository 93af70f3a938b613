"""Which teams there are on a day, and who is in them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.simulator.options import FLOOR, ONE_DAY
from tests.simulator.randomness import digest, tagged_id
from tests.simulator.reports.clock import midnight, write

from .members import added_at, belonging, morning

if TYPE_CHECKING:
    from datetime import date

    from tests.simulator.company import Company

    Row = dict[str, Any]
    Since = dict[tuple[str, str], date]

TWIN_SINCE = FLOOR + timedelta(days=9)
"""When a second team of the same name is made, into which nobody comes."""


class Groups:
    """The teams of a company that still exist, with their current members."""

    def __init__(self, company: Company) -> None:
        """Nothing is computed before it is asked for."""
        self._company = company
        self._reached: tuple[date, Since] = (FLOOR, {})

    def teams(self, day: date) -> list[Row]:
        """Build the rows of teams; a team without a name has been deleted."""
        seed = self._company.seed
        named = [(team.id, team.name) for team in self._company.teams.all if team.name]
        made = {
            group: FLOOR - timedelta(days=100 - 10 * place)
            for place, (group, _) in enumerate(named)
        }
        twin = tagged_id("rbac_group", seed, "twin")
        if day >= TWIN_SINCE:
            named.append((twin, named[1][1]))
            made[twin] = TWIN_SINCE
        rows = []
        for place, (group, name) in enumerate(named):
            # The identity provider's teams are brought up to date every night.
            scim = place % 2 == 0
            created_at = morning(made[group], group)
            rows.append(
                {
                    "id": group,
                    "created_at": write(created_at),
                    "name": name,
                    "role_ids": self._roles(group, place, day),
                    "source_type": "scim" if scim else "direct",
                    "type": "rbac_group",
                    "updated_at": write(midnight(day) if scim else created_at),
                }
            )
        return rows

    def _roles(self, group: str, place: int, day: date) -> list[str] | None:
        """List the roles of a team, which sometimes cannot be told."""
        if digest(self._company.seed, "roles", group, day, size=1)[0] < 30:
            return None
        return [
            tagged_id("rbac_role", self._company.seed, number) for number in range(place)
        ]

    def members(self, day: date) -> list[Row]:
        """Build the rows of who is in which team, team by team."""
        since = self._since(day)
        people = belonging(self._company, day)
        return [
            {
                "created_at": write(max(morning(first, person.id), added_at(person))),
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
