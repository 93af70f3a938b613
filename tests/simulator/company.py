"""The organisation: its people, its teams, and who was active when.

Every day can be computed on its own. Sets of people are bits, one for each person in the
order of `Company.people`, so that rolling windows are unions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from .data import NAMES
from .options import FLOOR, Options
from .randomness import Draw, digest, tagged_id

ANY = "any"
CLAUDE_TAG = "claude_tag"
CLAUDE_TAG_LAUNCH = date(2026, 3, 2)
UNIFIED = "chat_cowork_unified"
# The first day of each product in this organisation.
LAUNCHES = {
    "chat": date.min,
    "claude_code": date.min,
    "cowork": date(2026, 1, 26),
    "claude_design": date(2026, 4, 20),
    "office_agent": date(2026, 2, 16),
    "science": date(2026, 6, 29),
    UNIFIED: date(2026, 8, 10),
}
_LIKINGS = (0.8, 0.5, 0.45, 0.2, 0.4, 0.12, 0.4)
_WEEKDAYS = (1.0, 1.0, 0.98, 0.96, 0.85, 0.12, 0.07)
_HOLIDAYS = {(1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31)}

# The team without a name has been deleted, so nobody can tell its name any more.
_TEAMS = ("Engineering", "Sales", "Finance", None, "Support")
# Days after which those who rotate change teams.
_TERM = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One account."""

    index: int
    id: str
    email: str
    joined: date
    left: date
    diligence: float
    likings: tuple[float, ...]
    linked: bool

    @property
    def name(self) -> str:
        """The full name, as far as the address tells it."""
        return self.email.partition("@")[0].replace(".", " ", 1).title()

    def belongs(self, day: date) -> bool:
        """Tell whether the account exists on that day."""
        return self.joined <= day < self.left

    def as_user(self) -> dict[str, Any]:
        """Give the user object of the API."""
        return {"id": self.id, "email_address": self.email, "type": "user"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """One RBAC group."""

    id: str
    name: str | None


def products_used(person: Person, day: date, options: Options) -> tuple[str, ...]:
    """List the products that a person used; cheap, as windows ask for whole months."""
    # About one week in fourteen is a holiday.
    away = (day.toordinal() + person.index * 37) % 98 < 7
    if away or not person.belongs(day):
        return ()
    dice = digest(options.seed, "active", person.index, day.toordinal())
    if dice[0] >= 256 * person.diligence * _rhythm(day):
        return ()
    # Habits form over the first year.
    habit = 256 * (0.6 + 0.4 * min(1.0, (day - FLOOR).days / 365))
    used = tuple(
        product
        for (product, launch), liking, die in zip(
            LAUNCHES.items(), person.likings, dice[1:], strict=False
        )
        if die < liking * habit and day >= launch
    )
    return used or ("chat",)


def _rhythm(day: date) -> float:
    """Say how busy a day is, from 0 to 1."""
    return 0.03 if (day.month, day.day) in _HOLIDAYS else _WEEKDAYS[day.weekday()]


def _hire(options: Options) -> list[Person]:
    """Draw everybody who is ever a member, by address."""
    addresses: set[str] = set()
    people = []
    for index in range(options.users):
        draw = Draw(options.seed, "person", index)
        given, family = (
            names[int(draw.fraction() * len(names))]
            for names in (NAMES["given"], NAMES["family"])
        )
        address = f"{given}.{family}@example.com"
        if address in addresses:
            address = f"{given}.{family}{index}@example.com"
        addresses.add(address)
        early = draw.fraction() < 0.6
        joined = FLOOR + timedelta(days=-30 if early else int(draw.fraction() * 320))
        left = date.max
        if draw.fraction() < 0.15:
            left = joined + timedelta(days=40 + int(draw.fraction() * 300))
        people.append(
            Person(
                index=index,
                id=tagged_id("user", options.seed, index),
                email=address,
                joined=joined,
                left=left,
                diligence=0.35 + 0.6 * draw.fraction(),
                likings=tuple(
                    liking if draw.fraction() < 0.5 else liking / 8 for liking in _LIKINGS
                ),
                linked=draw.fraction() < 0.5,
            )
        )
    return sorted(people, key=lambda person: person.email)


class Teams:
    """All teams, and the people in them."""

    def __init__(self, seed: int, people: Sequence[Person]) -> None:
        """Found the teams."""
        self.all = tuple(
            Team(
                id=tagged_id("rbac_group", seed, place),
                name=name,
            )
            for place, name in enumerate(_TEAMS)
        )
        self.names = {team.id: team.name for team in self.all}
        self._people = people
        self.held = lru_cache(maxsize=1000)(self._held)
        self.members = lru_cache(maxsize=1000)(self._members)

    def _members(self, teams: frozenset[str], day: date) -> int:
        """Give who held one of the teams on a day."""
        held = self.held(day)
        return sum(
            1 << place
            for place, person in enumerate(self._people)
            if not teams.isdisjoint(held.get(person.id, ()))
        )

    def _held(self, day: date) -> Mapping[str, tuple[str, ...]]:
        """Give the ids of the teams that users held at any point of a day, by user id.

        Who held none is not in it.
        """
        held = {
            person.id: tuple(self.all[place].id for place in _places(person.index, day))
            for person in self._people
        }
        return MappingProxyType({user: teams for user, teams in held.items() if teams})


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
    first = index % len(_TEAMS)
    places = [first]
    if index % 3 == 2:
        term, day_of_term = divmod(age + index * 7, _TERM)
        places = [first + term] + ([] if day_of_term else [first + term - 1])
    if index % 4 == 1:
        places.append(places[0] + 2)
    return sorted({place % len(_TEAMS) for place in places})


class Company:
    """The organisation that a seed makes."""

    def __init__(self, options: Options) -> None:
        """Hire everybody; nothing else is computed before it is asked for."""
        self.options = options
        self.seed = options.seed
        self.people = _hire(options)
        self.teams = Teams(options.seed, self.people)
        self.activity = lru_cache(maxsize=1000)(self._activity)

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
            active = self.activity(past)[product]
            union |= active if teams is None else active & self.teams.members(teams, past)
        return union.bit_count()

    def _activity(self, day: date) -> Mapping[str, int]:
        """Give the people active on a day by product, and in any product."""
        active = dict.fromkeys((*LAUNCHES, ANY, CLAUDE_TAG), 0)
        tagging = day >= CLAUDE_TAG_LAUNCH
        for place, person in enumerate(self.people):
            bit = 1 << place
            used = products_used(person, day, self.options)
            for product in used:
                active[product] |= bit
            if used:
                active[ANY] |= bit
                if tagging and person.linked and (person.index + day.toordinal()) % 3 == 0:
                    active[CLAUDE_TAG] |= bit
        if tagging:
            # Slack users without a linked account have bits behind those of the people.
            for place in range(1 + len(self.people) // 5):
                dice = digest(self.seed, "stranger", place, day, size=1)
                if dice[0] < 80 * _rhythm(day):
                    active[CLAUDE_TAG] |= 1 << len(self.people) + place
        return MappingProxyType(active)
