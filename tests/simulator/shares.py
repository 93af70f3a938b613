"""Exact shares of figures."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from .reports.facts import EXACT

if TYPE_CHECKING:
    from collections.abc import Sequence


def split(
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


def split_money(amount: Decimal, weights: Sequence[int], turn: int = 0) -> list[Decimal]:
    """Split an amount, to its last digit."""
    exponent = min(0, int(amount.as_tuple().exponent))
    units = int(amount.scaleb(-exponent, EXACT))
    return [Decimal(share).scaleb(exponent, EXACT) for share in split(units, weights, turn)]
