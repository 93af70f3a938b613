"""The people of the organisation, and which product each of them used on which day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from .options import FLOOR, Options
from .randomness import Draw, digest, tagged_id

NAMES: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("names.json").read_text("utf-8")
)

UNIFIED = "chat_cowork_unified"
LAUNCHES = {
    "chat": date.min,
    "claude_code": date.min,
    "cowork": date(2026, 1, 26),
    "claude_design": date(2026, 4, 20),
    "office_agent": date(2026, 2, 16),
    "science": date(2026, 6, 29),
    UNIFIED: date(2026, 8, 10),
}
"""The first day of each product in this organisation."""

_LIKINGS = (0.8, 0.5, 0.45, 0.2, 0.4, 0.12, 0.4)
_WEEKDAYS = (1.0, 1.0, 0.98, 0.96, 0.85, 0.12, 0.07)
_HOLIDAYS = {(1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31)}
_NEVER = date.max


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
        given, _, family = self.email.partition("@")[0].partition(".")
        return f"{given} {family}".title()

    def belongs(self, day: date) -> bool:
        """Tell whether the account exists on that day."""
        return self.joined <= day < self.left

    def away(self, day: date) -> bool:
        """Tell whether the person is on leave, about one week in fourteen."""
        return (day.toordinal() + self.index * 37) % 98 < 7

    def as_user(self) -> dict[str, Any]:
        """Give the user object of the API."""
        return {"id": self.id, "email_address": self.email, "type": "user"}


def hire(options: Options) -> list[Person]:
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
        leaves = draw.fraction() < 0.15
        people.append(
            Person(
                index=index,
                id=tagged_id("user", options.seed, index),
                email=address,
                joined=joined,
                left=joined + timedelta(days=40 + int(draw.fraction() * 300))
                if leaves
                else _NEVER,
                diligence=0.35 + 0.6 * draw.fraction(),
                likings=tuple(
                    liking if draw.fraction() < 0.5 else liking / 8 for liking in _LIKINGS
                ),
                linked=draw.fraction() < 0.5,
            )
        )
    return sorted(people, key=lambda person: person.email)


def rhythm(day: date) -> float:
    """Say how busy a day is, from 0 to 1."""
    return 0.03 if (day.month, day.day) in _HOLIDAYS else _WEEKDAYS[day.weekday()]


def products_used(person: Person, day: date, options: Options) -> tuple[str, ...]:
    """List the products that a person used; cheap, as windows ask for whole months."""
    if not person.belongs(day) or person.away(day):
        return ()
    dice = digest(options.seed, "active", person.index, day.toordinal())
    if dice[0] >= 256 * person.diligence * rhythm(day):
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
