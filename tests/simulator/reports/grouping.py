"""Sums of facts by time bucket and dimensions."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from .catalog import FANNED_OUT
from .clock import floor
from .facts import COST_TYPES, EXACT, NO_TOKENS, TOKEN_TYPES, TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from .facts import Fact

Component = tuple[str, str | None]
"""A cost type, and a token type where there is one."""


class Money(NamedTuple):
    """Discounted and list price, in cents."""

    amount: Decimal = Decimal(0)
    list_amount: Decimal = Decimal(0)


class Part(NamedTuple):
    """One row of a group's cost."""

    cost_type: str | None
    token_type: str | None
    money: Money


@dataclass(slots=True, kw_only=True, eq=False)
class Total:
    """The sum of the facts of one group; `group` has objects, not yet their JSON."""

    starting_at: datetime
    group: dict[str, object]
    requests: int = 0
    tokens: list[int] = field(default_factory=lambda: list(NO_TOKENS))
    web_searches: int = 0
    money: dict[Component, Money] = field(default_factory=dict)

    def add(self, fact: Fact) -> None:
        """Add a fact, inside a context that is precise enough."""
        self.requests += fact.requests
        self.tokens = list(map(add, self.tokens, fact.tokens))
        self.web_searches += fact.web_searches
        for cost_type, token_type, amount, list_amount in fact.charges:
            so_far = self.money.get((cost_type, token_type))
            self.money[cost_type, token_type] = (
                Money(so_far.amount + amount, so_far.list_amount + list_amount)
                if so_far
                else Money(amount, list_amount)
            )

    def metric(self, name: str) -> Decimal | int:
        """Give the figure to order by."""
        if name == "requests":
            return self.requests
        if name == "total_tokens":
            return sum(self.tokens)
        if name in TOKEN_TYPES:
            return self.tokens[TOKEN_TYPES.index(name)]
        amount, list_amount = _added(self.money.values())
        return list_amount if name == "list_amount" else amount

    def parts(self, dimensions: Iterable[str]) -> list[Part]:
        """Split the cost as far as the dimensions ask for it."""
        wanted = FANNED_OUT & set(dimensions)
        if not wanted:
            return [Part(None, None, _added(self.money.values()))]
        by_component: dict[Component, list[Money]] = {}
        for (cost_type, token_type), money in self.money.items():
            if wanted == {"token_type"} and cost_type != TOKENS:
                continue
            shown = token_type if "token_type" in wanted else None
            by_component.setdefault((cost_type, shown), []).append(money)
        return [
            Part(cost_type, token_type, _added(by_component[cost_type, token_type]))
            for cost_type in COST_TYPES
            for token_type in (None, *TOKEN_TYPES)
            if (cost_type, token_type) in by_component
        ]


def totals(
    facts: Iterable[Fact],
    *,
    width: str | None,
    start: datetime,
    dimensions: Sequence[str],
) -> list[Total]:
    """Sum facts; identities count one by one, however they are shown.

    Grouped by team, a fact counts in each of its teams.
    """
    plain = [
        "identity" if name == "actor" else name
        for name in dimensions
        if name not in FANNED_OUT and name != "rbac_group_id"
    ]
    by_team = "rbac_group_id" in dimensions
    found: dict[tuple[object, ...], Total] = {}
    with localcontext(EXACT):
        for fact in facts:
            bucket = floor(fact.at, width) if width else start
            values = tuple([getattr(fact, name) for name in plain])
            for team in (fact.rbac_group_ids or (None,)) if by_team else (None,):
                key = (bucket, team, values)
                total = found.get(key)
                if total is None:
                    group = dict(zip(plain, values, strict=True))
                    if by_team:
                        group["rbac_group_id"] = team
                    total = found[key] = Total(starting_at=bucket, group=group)
                total.add(fact)
    return list(found.values())


def _added(several: Iterable[Money]) -> Money:
    several = list(several)
    with localcontext(EXACT):
        return Money(
            sum((money.amount for money in several), Decimal(0)),
            sum((money.list_amount for money in several), Decimal(0)),
        )
