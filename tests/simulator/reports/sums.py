"""Sums of facts by time bucket and dimensions, and the JSON of their rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

from .catalog import FANNED_OUT, Shape
from .clock import WIDTHS, floor, write
from .facts import COST_TYPES, EXACT, NO_TOKENS, TOKEN_TYPES, TOKENS, Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from .catalog import Report
    from .facts import Fact
    from .rules import Question

    Row = dict[str, Any]
    Component = tuple[str | None, str | None]
    """A cost type, and a token type where there is one."""

# Groups that a bucket of the legacy reports shows at most.
_TOP = 100


class _Money(NamedTuple):
    """Discounted and list price, in cents."""

    amount: Decimal = Decimal(0)
    list_amount: Decimal = Decimal(0)

    def plus(self, amount: Decimal, list_amount: Decimal) -> _Money:
        """Add prices, inside a context that is precise enough."""
        return _Money(self.amount + amount, self.list_amount + list_amount)


@dataclass(slots=True, kw_only=True, eq=False)
class Total:
    """The sum of the facts of one group; `group` has objects, not yet their JSON."""

    starting_at: datetime
    group: dict[str, object]
    requests: int = 0
    tokens: list[int] = field(default_factory=lambda: list(NO_TOKENS))
    web_searches: int = 0
    money: dict[Component, _Money] = field(default_factory=dict)

    def add(self, fact: Fact) -> None:
        """Add a fact, inside a context that is precise enough."""
        self.requests += fact.requests
        self.tokens = list(map(add, self.tokens, fact.tokens))
        self.web_searches += fact.web_searches
        for cost_type, token_type, *prices in fact.charges:
            so_far = self.money.get((cost_type, token_type))
            self.money[cost_type, token_type] = (
                so_far.plus(*prices) if so_far else _Money(*prices)
            )

    def metric(self, name: str) -> Decimal | int:
        """Give the figure to order by."""
        if name == "requests":
            return self.requests
        if name == "total_tokens":
            return sum(self.tokens)
        if name in TOKEN_TYPES:
            return self.tokens[TOKEN_TYPES.index(name)]
        amount, list_amount = self.parts(())[None, None]
        return list_amount if name == "list_amount" else amount

    def parts(self, dimensions: Iterable[str]) -> dict[Component, _Money]:
        """Split the cost as far as the dimensions ask for it."""
        wanted = FANNED_OUT & set(dimensions)
        parts: dict[Component, _Money] = {} if wanted else {(None, None): _Money()}
        with localcontext(EXACT):
            for (cost_type, token_type), money in self.money.items():
                if wanted == {"token_type"} and cost_type != TOKENS:
                    continue
                shown = (
                    cost_type if wanted else None,
                    token_type if "token_type" in wanted else None,
                )
                parts[shown] = parts.get(shown, _Money()).plus(*money)
        order = [(None, None), *((c, t) for c in COST_TYPES for t in (None, *TOKEN_TYPES))]
        return {component: parts[component] for component in order if component in parts}


def totals(question: Question, facts: Iterable[Fact]) -> list[Total]:
    """Sum facts; identities count one by one, however they are shown.

    Grouped by team, a fact counts in each of its teams. The sums come in the order of the
    metric, or of time and then of the metric.
    """
    dimensions = [name for name in question.group_by if name not in FANNED_OUT]
    if question.report.shape is Shape.USERS:
        dimensions.append("actor")
    by_team = "rbac_group_id" in dimensions
    plain = [
        "identity" if name == "actor" else name
        for name in dimensions
        if name != "rbac_group_id"
    ]
    found: dict[tuple[object, ...], Total] = {}
    with localcontext(EXACT):
        for fact in facts:
            bucket = floor(fact.at, question.width) if question.width else question.start
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
    ascending = question.ascending and not question.by_time
    summed = list(found.values())
    summed.sort(key=lambda total: total.metric(question.order_by), reverse=not ascending)
    if question.by_time:
        summed.sort(key=lambda total: total.starting_at, reverse=not question.ascending)
    return summed


def grouped_rows(question: Question, total: Total) -> list[Row]:
    """Build the rows of one group: one, or one for each component of its cost."""
    identity = total.group.get("identity")
    gone = isinstance(identity, Identity) and identity.left <= question.today
    if gone and question.exclude_deleted:
        return []
    bounds = _bounds(question, total.starting_at)
    parts = _measured(question, total)
    if question.report.shape is Shape.FLAT:
        name = "cost" if question.report.money else "usage"
        return [{**bounds, "group": group, name: measures} for group, measures in parts]
    if question.width is None:
        bounds = dict.fromkeys(bounds)
    return [{**bounds, **group, **measures} for group, measures in parts]


def buckets(question: Question, totals: list[Total]) -> Iterator[Row]:
    """Build all buckets of the range, empty ones too, from sums in order of rank."""
    by_bucket: dict[datetime, list[Total]] = {}
    for total in totals:
        by_bucket.setdefault(total.starting_at, []).append(total)
    starting_at = question.start
    while starting_at < question.end:
        results = [
            {**group, **measures}
            for total in by_bucket.get(starting_at, ())
            for group, measures in _measured(question, total)
        ]
        yield {**_bounds(question, starting_at), "results": results[:_TOP]}
        starting_at += WIDTHS[question.width or "1d"]


def older(row: Row) -> Row:
    """Spell a row as the older API generation does: `email` of an actor."""
    if "group" in row:
        return {**row, "group": older(row["group"])}
    actor = row.get("actor")
    if not actor or "email_address" not in actor:
        return row
    renamed = {
        "email" if name == "email_address" else name: value for name, value in actor.items()
    }
    return {**row, "actor": renamed}


def _amount(amount: Decimal) -> str:
    """Write cents with all digits there are, and six at least."""
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction.ljust(6, '0')}"


def _bounds(question: Question, starting_at: datetime) -> Row:
    end = starting_at + WIDTHS[question.width] if question.width else question.end
    return {"starting_at": write(starting_at), "ending_at": write(end)}


def _measured(question: Question, total: Total) -> Iterator[tuple[Row, Row]]:
    """Give dimensions and measures of each row of a group."""
    report = question.report
    group: Row = dict.fromkeys(sorted(report.groups))
    for name, value in total.group.items():
        if isinstance(value, Identity):
            group["actor"] = value.actor(question.today)
        elif value == "claude_tag" and report.legacy:
            group[name] = "claude-tag"
        else:
            group[name] = value
    if not report.money:
        yield group, _usage(report, total)
        return
    split = FANNED_OUT & set(question.group_by)
    for (cost_type, token_type), money in total.parts(question.group_by).items():
        measures = {
            "amount": _amount(money.amount),
            "currency": "USD",
            "list_amount": _amount(money.list_amount),
            "requests": None if split else total.requests,
        }
        yield {**group, "cost_type": cost_type, "token_type": token_type}, measures


def _usage(report: Report, total: Total) -> Row:
    uncached, read, five_minutes, one_hour, output = total.tokens
    usage: Row = {
        "cache_creation": {
            "ephemeral_1h_input_tokens": one_hour,
            "ephemeral_5m_input_tokens": five_minutes,
        },
        "cache_read_input_tokens": read,
        "output_tokens": output,
        "requests": total.requests,
        "server_tool_use": {"web_search_requests": total.web_searches},
        "uncached_input_tokens": uncached,
    }
    if report.shape is not Shape.BUCKETS:
        usage["total_tokens"] = sum(total.tokens)
    return usage
