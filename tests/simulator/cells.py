"""Rows split into cells, the figures of one user in one product.

The cells of a row add up to it exactly. They follow from the row alone, so that they
follow its edits too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any, TypeGuard

from .company import ANY, Company
from .data import Row
from .endpoints import Endpoint
from .randomness import number

TEAM = "rbac_group_id"
MONEY = ("attributed_list_price", "estimated_overage_spend")
# The blocks of a row, each of which belongs to one product.
_BLOCKS = {
    "chat_metrics": "chat",
    "claude_code_metrics": "claude_code",
    "cowork_metrics": "cowork",
    "office_metrics": "office_agent",
    "chat_cowork_unified_metrics": "chat_cowork_unified",
}
# Where things without blocks are made.
_WITHOUT_BLOCKS = ("chat", "cowork")
# One of so many rows has a user, or a product, that is not known.
_NAMELESS_USER, _NAMELESS_PRODUCT = 7, 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The figures of one user in one product; amounts of money are numbers.

    Attributes:
        user: Tells users apart, also those who are not known; null is nobody.
        dimensions: The values of each, which are several of one who held several teams.
    """

    user: str | None
    dimensions: Mapping[str, tuple[str | None, ...]]
    figures: Row


def split_rows(
    company: Company, endpoint: Endpoint, rows: Iterable[Row], day: date
) -> Iterator[list[Cell]]:
    """Split each row of a day."""
    held = company.teams.held(day)
    active = company.activity(day)[ANY]
    people = [each.id for at, each in enumerate(company.people) if active >> at & 1]
    for row in rows:
        if endpoint.name == "users":
            user = row["user"]["id"]
            dimensions = {"user_id": (user,), TEAM: held.get(user) or (None,)}
            yield [Cell(user=user, dimensions=dimensions, figures=row)]
            continue
        # What filters know a row by is its name.
        name = (row.get(dimension) for dimension in sorted(endpoint.filters))
        dice = Random(number(company.seed, "cells", endpoint.name, day, *name))
        count = min(row.get("distinct_user_count") or 1, len(people))
        yield [*_split(row, dice.sample(people, count), held, dice)]


def _split(
    row: Row, users: Sequence[str], held: Mapping[str, tuple[str, ...]], dice: Random
) -> Iterator[Cell]:
    """Give each user and each product its turn, until every one of them had it."""
    nameless = users[-1:] if dice.randrange(_NAMELESS_USER) == 0 else ()
    products: list[str | None] = [
        product for block, product in _BLOCKS.items() if _is_used(row.get(block) or 0)
    ]
    products = products or [*_WITHOUT_BLOCKS]
    if dice.randrange(_NAMELESS_PRODUCT) == 0:
        products.append(None)
    turns = range(max(len(users), len(products)))
    turn_users = [users[turn % len(users)] if users else None for turn in turns]
    turn_products = [products[turn % len(products)] for turn in turns]
    columns = {}
    for name, value in row.items():
        own = [_BLOCKS.get(name) in {None, product} for product in turn_products]
        is_amount = name in MONEY and value is not None
        columns[name] = _shares(Decimal(value) if is_amount else value, own)
    for turn, user, product in zip(turns, turn_users, turn_products, strict=True):
        dimensions = {
            "product": (product,),
            "user_id": (None if user in nameless else user,),
            TEAM: held.get(user or "") or (None,),
        }
        figures = {name: column[turn] for name, column in columns.items()}
        yield Cell(user=user, dimensions=dimensions, figures=figures)


def _is_used(block: object) -> bool:
    """Tell whether there is anything but zeros; what cannot be computed may be anything."""
    if isinstance(block, dict):
        return any(map(_is_used, block.values()))
    return block != 0


def is_figure(value: object) -> TypeGuard[int | Decimal]:
    """Tell whether a value can be split and added up; booleans cannot."""
    return type(value) in {int, Decimal}


def _shares(value: object, own: Sequence[bool]) -> list[Any]:
    """Split the figures of a value among the places that own it; others have none of it.

    What is no figure is in every place.
    """
    if isinstance(value, dict) and value:
        columns = [_shares(part, own) for part in value.values()]
        parts = zip(*columns, strict=True)
        return [dict(zip(value, part, strict=True)) for part in parts]
    if not is_figure(value):
        return [value] * len(own)
    each, rest = divmod(value, sum(own) or 1)
    shares = []
    for owns in own:
        more = min(rest, 1) if owns else 0
        shares.append(each + more if owns else 0)
        rest -= more
    return shares
