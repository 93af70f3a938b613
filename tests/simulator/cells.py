"""Rows split into cells, the figures of one user in one product.

The cells of a row add up to it exactly. They follow from the row alone, so that they
follow its edits too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from .company import ANY
from .flat import MONEY, flatten, pick
from .people import LAUNCHES
from .portions import BLOCKS, USER_COUNTS, costs, portions
from .randomness import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .company import Company
    from .endpoints import Endpoint
    from .flat import Flat, Path
    from .store import Row

_CODE_ARTIFACTS_SINCE = date(2026, 8, 17)
_NAMELESS_USER, _NAMELESS_PRODUCT, _SECOND_PRODUCT = 7, 11, 4
"""One of so many rows has a user or a product that is not known; one of so many users
of a thing uses it through a second product."""

_STRIDES = (104_729, 224_737, 350_377, 479_909)
"""Primes larger than any organisation: each leads through all of its people."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """The figures of one user in one product, with the teams the user held that day.

    `user` tells users apart, also those whose `user_id` is not known; null is nobody.
    `counted` has the user counts that this user is one of, besides the one of all.
    """

    entity: tuple[object, ...]
    user: str | None
    user_id: str | None
    teams: tuple[str, ...] = ()
    product: str | None = None
    figures: Flat
    counted: tuple[Path, ...] = ()


class Split(NamedTuple):
    """A row and its cells."""

    row: Row
    cells: tuple[Cell, ...]


def split_rows(
    company: Company, endpoint: Endpoint, rows: Iterable[Row], day: date
) -> list[Split]:
    """Split the rows of a day; those that share a name are told apart by their order."""
    seen: Counter[tuple[object, ...]] = Counter()
    crowd = _Crowd(company, day)
    splits = []
    for row in rows:
        name = tuple(pick(row, path) for path in endpoint.entity)
        entity = (*name, seen[name])
        seen[name] += 1
        if endpoint.name == "users":
            cells = [_of_user(company, entity, row, day)]
        else:
            cells = _Cutter(company, endpoint, day, entity).cut(row, crowd)
        splits.append(Split(row, tuple(cells)))
    return splits


def _of_user(company: Company, entity: tuple[object, ...], row: Row, day: date) -> Cell:
    user = pick(row, ("user", "id"))
    teams = company.teams.held(day).get(user, ())
    return Cell(entity=entity, user=user, user_id=user, teams=teams, figures=flatten(row))


class _Crowd:
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


class _Cutter:
    """Cuts one row."""

    def __init__(
        self, company: Company, endpoint: Endpoint, day: date, entity: tuple[object, ...]
    ) -> None:
        self._held = company.teams.held(day)
        self._endpoint = endpoint
        self._day = day
        self._entity = entity
        # What is drawn hangs on the name and the day, so edits move as little as can be.
        self._turn = number(company.seed, "cells", endpoint.name, day, *entity)
        self._random = Random(self._turn)

    def cut(self, row: Row, crowd: _Crowd) -> list[Cell]:
        """Give the cells of the row, at least one."""
        flat = flatten(row)
        people = row.get("distinct_user_count") or 0
        users = crowd.draw(people, self._turn) or [None]
        if people > 1 and self._turn % _NAMELESS_USER == 0:
            users[-1] = None
        places = self._places(len(users), self._products(flat), flat)
        products = [product for _, product in places]
        weights = [1 + die % 9 for die in self._random.randbytes(len(places))]
        figures = portions(flat, products, self._day, weights)
        counted = self._counted(flat, len(users))
        return [
            Cell(
                entity=self._entity,
                user=users[place] or (f"{self._turn} {place}" if people else None),
                user_id=users[place],
                teams=self._held.get(users[place] or "", ()),
                product=product,
                figures=dict(zip(flat, values, strict=True)),
                counted=counted[place],
            )
            for (place, product), values in zip(places, figures, strict=True)
        ]

    def _products(self, flat: Flat) -> list[str | None]:
        """List the products that the row was used in."""
        if "product" not in self._endpoint.groups:
            return [None]
        if self._endpoint.name == "artifacts":
            code = self._day >= _CODE_ARTIFACTS_SINCE
            html = flat[("artifact_type",)] == "text/html"
            return ["chat", "claude_code", "cowork"] if code and html else ["chat"]
        blocks = dict.fromkeys(path[0] for path in flat if path[0] in BLOCKS)
        used = dict.fromkeys(
            path[0]
            for path, value in flat.items()
            if path[0] in BLOCKS and self._is_used(path, value)
        )
        return [BLOCKS[block] for block in used or list(blocks)[:1]] or [None]

    def _is_used(self, path: Path, value: object) -> bool:
        """Tell whether a figure says so, or cannot be computed though it may be one."""
        cannot_tell = value is None and len(path) > 1
        return bool(value) or (cannot_tell and self._day >= LAUNCHES[BLOCKS[path[0]]])

    def _places(
        self, users: int, products: list[str | None], flat: Flat
    ) -> list[tuple[int, str | None]]:
        """Decide which user used the thing in which product; each of them did."""

        def product(step: int) -> str | None:
            return products[(step + self._turn) % len(products)]

        places = dict.fromkeys(
            (step % users, product(step)) for step in range(max(users, len(products)))
        )
        for user, die in enumerate(self._random.randbytes(users)):
            if die % _SECOND_PRODUCT == 0:
                places[user, product(user + 1)] = None
        if self._turn % _NAMELESS_PRODUCT == 0:
            places[0, None] = None
        for name in MONEY:
            if flat.get((name,)) is not None and not any(
                costs(name, product, self._day) for _, product in places
            ):
                places[0, "claude_code"] = None
        return list(places)

    def _counted(self, flat: Flat, users: int) -> list[tuple[Path, ...]]:
        """Decide for each user which user counts it is one of."""
        counts = [
            (path, value)
            for path, value in flat.items()
            if path[-1] in USER_COUNTS and value and path != ("distinct_user_count",)
        ]
        return [
            tuple(
                path
                for turn, (path, value) in enumerate(counts, self._turn % 1000)
                if (place + turn) % users < value
            )
            for place in range(users)
        ]
