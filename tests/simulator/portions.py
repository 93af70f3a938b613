"""The figures of a row, dealt out to products so that they add up to the row's."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .flat import MONEY, is_count
from .reports.facts import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .flat import Flat, Path

BLOCKS = {
    "chat_metrics": "chat",
    "claude_code_metrics": "claude_code",
    "cowork_metrics": "cowork",
    "office_metrics": "office_agent",
    "chat_cowork_unified_metrics": "chat_cowork_unified",
}
"""The blocks of a row, each of which belongs to one product."""

USER_COUNTS = {
    "distinct_user_count",
    "individual_auth_distinct_user_count",
    "install_count",
    "managed_auth_distinct_user_count",
}
"""Counts of users, which add up only where nobody is counted twice."""

_AT_MOST: dict[Path, Path] = {
    ("published_artifacts_created_count",): ("artifacts_created_count",)
}
"""What is never more than another figure, in no portion either."""

_OFFICE_MONEY_SINCE = date(2026, 6, 18)


def costs(name: str, product: str | None, day: date) -> bool:
    """Tell whether money of this name can be attributed to a product."""
    if product == "office_agent":
        return day >= _OFFICE_MONEY_SINCE
    return product != "chat" or name != "attributed_list_price"


def portions(
    flat: Flat, products: Sequence[str | None], day: date, weights: Sequence[int]
) -> list[tuple[Any, ...]]:
    """Give the values of all paths for each of the products, which may repeat.

    Nobody is counted yet, and what is no figure is there each time.
    """
    columns: dict[Path, list[Any]] = {}
    for turn, (path, value) in enumerate(flat.items()):
        bound = columns.get(_AT_MOST.get(path, ()), [])
        if path[-1] in USER_COUNTS and is_count(value):
            column = [0] * len(products)
        elif path[-1] in MONEY and value is not None:
            paying = [costs(path[-1], product, day) for product in products]
            shares = _split_money(value, _kept(weights, paying), turn)
            column = _dealt(shares, paying, None)
        elif not is_count(value):
            column = [value] * len(products)
        elif 0 < value <= sum(bound):
            column = list(_split(value, bound, least=0))
        else:
            own = [BLOCKS.get(path[0], product) == product for product in products]
            if not any(own):
                own = [True] * len(products)
            column = _dealt(_split(value, _kept(weights, own), turn), own, 0)
        columns[path] = column
    return list(zip(*columns.values(), strict=True))


def _kept(weights: Sequence[int], keep: Sequence[bool]) -> list[int]:
    return [weight for weight, kept in zip(weights, keep, strict=True) if kept]


def _dealt(shares: Iterable[object], keep: Sequence[bool], other: int | None) -> list[Any]:
    """Give the shares to those who have one, and something else to the others."""
    rest = iter(shares)
    return [next(rest) if kept else other for kept in keep]


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


def _split_money(amount: Decimal, weights: Sequence[int], turn: int = 0) -> list[Decimal]:
    """Split an amount, to its last digit."""
    exponent = min(0, int(amount.as_tuple().exponent))
    units = int(amount.scaleb(-exponent, EXACT))
    return [
        Decimal(share).scaleb(exponent, EXACT) for share in _split(units, weights, turn)
    ]
