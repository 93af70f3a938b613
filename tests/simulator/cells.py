"""Rows split into cells, the figures of one user in one product.

The cells of a row add up to it exactly. They follow from the row alone, so that they
follow its edits too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import compress
from random import Random
from typing import Any

from .company import ANY, LAUNCHES, Company
from .data import Row
from .endpoints import Endpoint, Path
from .randomness import number
from .reports.facts import EXACT

Flat = dict[Path, Any]
"""The leaves of a row by their path."""


MONEY = {"attributed_list_price", "estimated_overage_spend"}
# Objects that say who, not how much.
_WHOLE = {"created_by", "user"}
# The blocks of a row, each of which belongs to one product.
_BLOCKS = {
    "chat_metrics": "chat",
    "claude_code_metrics": "claude_code",
    "cowork_metrics": "cowork",
    "office_metrics": "office_agent",
    "chat_cowork_unified_metrics": "chat_cowork_unified",
}
# Counts of users, which add up only where nobody is counted twice.
_USER_COUNTS = {
    "distinct_user_count",
    "individual_auth_distinct_user_count",
    "install_count",
    "managed_auth_distinct_user_count",
}
# What is never more than another figure, in no portion either.
_AT_MOST: dict[Path, Path] = {
    ("published_artifacts_created_count",): ("artifacts_created_count",)
}
_CODE_ARTIFACTS_SINCE = date(2026, 8, 17)
_OFFICE_MONEY_SINCE = date(2026, 6, 18)
# One of so many rows has a user or a product that is not known; one of so many users of a
# thing uses it through a second product.
_NAMELESS_USER, _NAMELESS_PRODUCT, _SECOND_PRODUCT = 7, 11, 4
# Primes larger than any organisation: each leads through all of its people.
_STRIDES = (104_729, 224_737, 350_377, 479_909)


def pick(row: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401 - a JSON value
    """Give what a row holds at a path, null below what is null."""
    value: Any = row
    for key in path:
        if value is None:
            return None
        value = value[key]
    return value


def _flatten(node: Mapping[str, Any], at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Give every leaf of a row with its path; amounts of money as numbers."""
    for name, value in node.items():
        if isinstance(value, dict) and value and name not in _WHOLE:
            yield from _flatten(value, (*at, name))
        elif name in MONEY and value is not None:
            yield (*at, name), Decimal(value)
        else:
            yield (*at, name), value


def unflatten(flat: Flat) -> Row:
    """Make a row, which shares nothing with others; a block beats its being null."""
    row: Row = {}
    for path, value in flat.items():
        node = row
        for key in path[:-1]:
            if node.get(key) is None:
                node[key] = {}
            node = node[key]
        if isinstance(value, Decimal):
            node[path[-1]] = format(value, "f")
        elif value is not None or path[-1] not in node:
            node[path[-1]] = dict(value) if isinstance(value, dict) else value
    return row


def is_count(value: object) -> bool:
    """Tell whether a leaf is a count; booleans are none."""
    return type(value) is int


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


def split_rows(
    company: Company, endpoint: Endpoint, rows: Iterable[Row], day: date
) -> list[tuple[Row, list[Cell]]]:
    """Split the rows of a day; those that share a name are told apart by their order."""
    seen: Counter[tuple[object, ...]] = Counter()
    held = company.teams.held(day)
    active = company.activity(day)[ANY]
    circles: tuple[list[str], list[str]] = ([], [])
    for place, person in enumerate(company.people):
        circles[not active >> place & 1].append(person.id)
    splits = []
    for row in rows:
        name = tuple(pick(row, path) for path in endpoint.entity)
        entity = (*name, seen[name])
        seen[name] += 1
        if endpoint.name == "users":
            user, figures = pick(row, ("user", "id")), dict(_flatten(row))
            teams = held.get(user, ())
            cells = [
                Cell(entity=entity, user=user, user_id=user, teams=teams, figures=figures)
            ]
        else:
            turn = number(company.seed, "cells", endpoint.name, day, *entity)
            cells = _Cutter(endpoint, day, held, circles, entity, turn).cut(row)
        splits.append((row, cells))
    return splits


@dataclass(frozen=True, slots=True, eq=False)
class _Cutter:
    """Cuts one row of a day.

    What is drawn hangs on the name and the day, so edits move as little as can be.
    """

    endpoint: Endpoint
    day: date
    held: Mapping[str, tuple[str, ...]]
    circles: tuple[list[str], list[str]]
    """The people who were active on that day, and the others."""

    entity: tuple[object, ...]
    turn: int

    def cut(self, row: Row) -> list[Cell]:
        """Give the cells of the row, at least one."""
        flat = dict(_flatten(row))
        people = row.get("distinct_user_count") or 0
        users = self._users(people) or [None]
        if people > 1 and self.turn % _NAMELESS_USER == 0:
            users[-1] = None
        dice = Random(self.turn)
        places = self._places(dice, len(users), self._products(flat), flat)
        products = [product for _, product in places]
        weights = [1 + die % 9 for die in dice.randbytes(len(places))]
        figures = _portions(flat, products, self.day, weights)
        counted = self._counted(flat, len(users))
        return [
            Cell(
                entity=self.entity,
                user=users[place] or (f"{self.turn} {place}" if people else None),
                user_id=users[place],
                teams=self.held.get(users[place] or "", ()),
                product=product,
                figures=dict(zip(flat, values, strict=True)),
                counted=counted[place],
            )
            for (place, product), values in zip(places, figures, strict=True)
        ]

    def _users(self, count: int) -> list[str | None]:
        """Draw users, the same ones first for every count.

        More than are active are drawn from all who ever were members, and still more
        are not known.
        """
        stride = _STRIDES[self.turn % len(_STRIDES)]
        drawn: list[str | None] = []
        for circle in self.circles:
            drawn += [
                circle[(self.turn + step * stride) % len(circle)]
                for step in range(min(count - len(drawn), len(circle)))
            ]
        return drawn + [None] * (count - len(drawn))

    def _products(self, flat: Flat) -> list[str | None]:
        """List the products that the row was used in."""
        if "product" not in self.endpoint.groups:
            return [None]
        if self.endpoint.name == "artifacts":
            code = self.day >= _CODE_ARTIFACTS_SINCE
            html = flat[("artifact_type",)] == "text/html"
            return ["chat", "claude_code", "cowork"] if code and html else ["chat"]
        paths = [path for path in flat if path[0] in _BLOCKS]
        # A figure says so, or cannot be computed though it may be one.
        launched = {block for block in _BLOCKS if self.day >= LAUNCHES[_BLOCKS[block]]}
        used = [
            path
            for path in paths
            if flat[path] or (flat[path] is None and path[1:] and path[0] in launched)
        ]
        blocks = dict.fromkeys(path[0] for path in used or paths[:1])
        return [_BLOCKS[block] for block in blocks] or [None]

    def _places(
        self, dice: Random, users: int, products: list[str | None], flat: Flat
    ) -> list[tuple[int, str | None]]:
        """Decide which user used the thing in which product; each of them did."""

        def product(step: int) -> str | None:
            return products[(step + self.turn) % len(products)]

        places = dict.fromkeys(
            (step % users, product(step)) for step in range(max(users, len(products)))
        )
        for user, die in enumerate(dice.randbytes(users)):
            if die % _SECOND_PRODUCT == 0:
                places[user, product(user + 1)] = None
        if self.turn % _NAMELESS_PRODUCT == 0:
            places[0, None] = None
        for name in MONEY:
            if flat.get((name,)) is not None and not any(
                _costs(name, product, self.day) for _, product in places
            ):
                places[0, "claude_code"] = None
        return list(places)

    def _counted(self, flat: Flat, users: int) -> list[tuple[Path, ...]]:
        """Decide for each user which user counts it is one of."""
        counts = [
            (path, value)
            for path, value in flat.items()
            if path[-1] in _USER_COUNTS and value and path != ("distinct_user_count",)
        ]
        return [
            tuple(
                path
                for turn, (path, value) in enumerate(counts, self.turn % 1000)
                if (place + turn) % users < value
            )
            for place in range(users)
        ]


def _costs(name: str, product: str | None, day: date) -> bool:
    """Tell whether money of this name can be attributed to a product."""
    if product == "office_agent":
        return day >= _OFFICE_MONEY_SINCE
    return product != "chat" or name != "attributed_list_price"


def _portions(
    flat: Flat, products: Sequence[str | None], day: date, weights: Sequence[int]
) -> list[tuple[Any, ...]]:
    """Give the values of all paths for each of the products, which may repeat.

    Nobody is counted yet, and what is no figure is there each time.
    """
    columns: dict[Path, list[Any]] = {}
    column: list[Any]
    for turn, (path, value) in enumerate(flat.items()):
        bound = columns.get(_AT_MOST.get(path, ()), [])
        if path[-1] in _USER_COUNTS and is_count(value):
            column = [0] * len(products)
        elif path[-1] in MONEY and value is not None:
            paying = [_costs(path[-1], product, day) for product in products]
            exponent = min(0, int(value.as_tuple().exponent))
            units = int(value.scaleb(-exponent, EXACT))
            shares = iter(_split(units, list(compress(weights, paying)), turn))
            column = [
                Decimal(next(shares)).scaleb(exponent, EXACT) if pays else None
                for pays in paying
            ]
        elif not is_count(value):
            column = [value] * len(products)
        elif 0 < value <= sum(bound):
            column = _split(value, bound, least=0)
        else:
            own = [_BLOCKS.get(path[0], product) == product for product in products]
            if not any(own):
                own = [True] * len(products)
            shares = iter(_split(value, list(compress(weights, own)), turn))
            column = [next(shares) if its else 0 for its in own]
        columns[path] = column
    return list(zip(*columns.values(), strict=True))


def _split(
    amount: int, weights: Sequence[int], turn: int = 0, *, least: int = 1
) -> list[int]:
    """Split a count into shares that add up to it, about as the weights say.

    Args:
        amount: The count.
        weights: One for each share, in sum more than 0.
        turn: Decides to whom what is left from rounding goes.
        least: What each share has at least, if there is enough. Without it, no share is
            more than its weight when the amount is not more than their sum.
    """
    each = least if amount >= least * len(weights) else 0
    rest, total = amount - each * len(weights), sum(weights)
    line, done, shares = turn % total, 0, []
    for weight in weights:
        line += rest * weight
        shares.append(line // total - done + each)
        done = line // total
    return shares
