"""The teams (RBAC groups) of the organisation, and who held which of them on which day."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import UUID

from .options import FLOOR
from .randomness import digest, tagged_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from .people import Person

_NAMES = ("Engineering", "Sales", "Finance", None, "Support")
"""The team without a name has been deleted, so nobody can tell its name any more."""

_TERM = 40
"""Days after which those who rotate change teams."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """One RBAC group; filters take its UUID in place of its id."""

    id: str
    name: str | None
    uuid: str


class Teams:
    """All teams, and the people in them; every day can be computed on its own."""

    def __init__(self, seed: int, people: Sequence[Person]) -> None:
        """Found the teams."""
        self.all = tuple(
            Team(
                id=tagged_id("rbac_group", seed, place),
                name=name,
                uuid=str(UUID(bytes=digest("rbac_group uuid", seed, place), version=4)),
            )
            for place, name in enumerate(_NAMES)
        )
        self.names = {team.id: team.name for team in self.all}
        self._by_uuid = {team.uuid: team.id for team in self.all}
        self._people = people
        self._days = lru_cache(maxsize=1000)(self._compute)
        self._members = lru_cache(maxsize=1000)(self._gather)

    def held(self, day: date) -> Mapping[str, tuple[str, ...]]:
        """Give the ids of the teams that users held at any point of a day, by user id.

        Who held none is not in it.
        """
        return MappingProxyType(self._days(day))

    def members(self, teams: frozenset[str], day: date) -> int:
        """Give who held one of the teams on a day, one bit each as in `Company`."""
        return self._members(teams, day)

    def _gather(self, teams: frozenset[str], day: date) -> int:
        held = self._days(day)
        return sum(
            1 << place
            for place, person in enumerate(self._people)
            if not teams.isdisjoint(held.get(person.id, ()))
        )

    def ids(self, values: Iterable[str]) -> frozenset[str]:
        """Give the ids that the values of a filter mean, be they ids or UUIDs."""
        return frozenset(self._by_uuid.get(value.lower(), value) for value in values)

    def _compute(self, day: date) -> dict[str, tuple[str, ...]]:
        held = {
            person.id: tuple(self.all[place].id for place in _places(person.index, day))
            for person in self._people
        }
        return {user: teams for user, teams in held.items() if teams}


def _places(index: int, day: date) -> list[int]:
    """List the places of the teams that a person held on a day.

    Every sixth person is in no team ever. Of the others some join late or leave, some
    rotate and hold both teams on the day of the change, and some are in two.
    """
    age = (day - FLOOR).days
    late = index % 7 == 3 and age < index * 11 % 60
    gone = index % 7 == 5 and age > 4 + index * 13 % 200
    if index % 6 == 0 or late or gone:
        return []
    first = index % len(_NAMES)
    places = [first]
    if index % 3 == 2:
        term, day_of_term = divmod(age + index * 7, _TERM)
        places = [first + term] + ([] if day_of_term else [first + term - 1])
    if index % 4 == 1:
        places.append(places[0] + 2)
    return sorted({place % len(_NAMES) for place in places})
