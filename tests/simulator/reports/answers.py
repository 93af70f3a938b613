"""Answers to questions about usage and cost: sums of facts, as rows, page by page."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from functools import lru_cache
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulator.options import OLDER
from tests.simulator.protocol import refuse, turn_to

from .clock import WIDTHS, floor, write
from .facts import COST_TYPES, EXACT, NO_TOKENS, SESSION, TOKEN_TYPES, TOKENS, Identity
from .questions import BETA_HEADER, FANNED_OUT, Shape, find_report, understand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from tests.simulator.options import Options
    from tests.simulator.protocol import Key, Keys
    from tests.simulator.traffic import Request

    from .facts import Fact
    from .ledger import Ledger
    from .questions import Question, Report

    Row = dict[str, Any]
    Component = tuple[str | None, str | None]
    """A cost type, and a token type where there is one."""

# Groups that a bucket of the legacy reports shows at most.
_TOP = 100


class Reports:
    """Answers requests from the facts of the ledger."""

    def __init__(self, options: Options, ledger: Ledger, keys: Keys) -> None:
        """Keep the latest questions summed and encoded, for the pages to come."""
        self._options = options
        self._ledger = ledger
        self._keys = keys
        self._encoded = lru_cache(maxsize=4)(self._encode)

    def answer(self, request: Request, today: date, generation: str) -> bytes:
        """Answer a request, or raise what refuses it."""
        report = find_report(request.path)
        key = self._check_access(report, request)
        clock = self._ledger.clock(today)
        question, limit = understand(report, request.params, clock)
        if "organization_ids[]" in request.params and not key.linked:
            refuse("organization_ids[]: needs the key of a parent organization")
        version = self._ledger.edits.version
        page, more, cursor = turn_to(
            self._options,
            self._encoded(question, version, generation),
            limit,
            (report.name, request.params),
            (question.start, question.end),
        )
        shown = more or self._options.echo_last_cursor
        envelope: Row = {"has_more": more, "next_page": cursor if shown else None}
        if self._options.tell_refreshed:
            envelope |= {"data_refreshed_at": write(clock.refreshed_at)}
        # What was left out after paging is an empty chunk.
        rows = b", ".join(filter(None, page))
        return b'{"data": [%b], %b' % (rows, json.dumps(envelope).encode()[1:])

    def truth(self, question: Question) -> list[Row]:
        """Give all rows of a question, or all of its buckets."""
        return [row for rows in self._chunks(question) for row in rows]

    def _check_access(self, report: Report, request: Request) -> Key:
        admin = not report.legacy
        key = self._keys.check(request.headers, refusal=401, admin=admin)
        if not self._options.reports:
            refuse("this plan has no reports on usage and cost", report.refusal)
        betas = request.headers.get("anthropic-beta", "").replace(" ", "").split(",")
        if not report.legacy and BETA_HEADER not in betas:
            refuse(f"anthropic-beta: this endpoint is in beta and needs {BETA_HEADER}")
        return key

    def _encode(self, question: Question, _version: int, generation: str) -> list[bytes]:
        spell = _older if generation == OLDER else dict
        return [
            b", ".join(json.dumps(spell(row)).encode() for row in rows)
            for rows in self._chunks(question)
        ]

    def _chunks(self, question: Question) -> list[list[Row]]:
        """Build what counts as one for `limit`: a group's rows, or a bucket."""
        summed = _totals(question, self._facts(question))
        if question.report.shape is Shape.BUCKETS:
            return [[bucket] for bucket in _buckets(question, summed)]
        return [_grouped_rows(question, total) for total in summed]

    def _facts(self, question: Question) -> Iterator[Fact]:
        """Give the facts that the report knows and that pass all filters."""
        for fact in self._ledger.between(question.start, question.end, question.today):
            known = _as_known(question.report, fact)
            if known is not None and all(
                _passes(known, field, values) for field, values in question.filters
            ):
                yield known


def _as_known(report: Report, fact: Fact) -> Fact | None:
    """Give what a report knows of a fact: the older ones do not know agent sessions."""
    if report.shape is Shape.USERS and fact.actor_type != "user_actor":
        return None
    if not report.money:
        return fact if fact.used else None
    if report.legacy and any(charge.cost_type == SESSION for charge in fact.charges):
        charges = tuple(charge for charge in fact.charges if charge.cost_type != SESSION)
        fact = dataclasses.replace(fact, charges=charges)
    return fact if fact.charges else None


def _passes(fact: Fact, field: str, values: frozenset[str]) -> bool:
    value = getattr(fact, field)
    if isinstance(value, tuple):
        return not values.isdisjoint(value)
    if value is None:
        nothing = {"inference_geo": "not_available", "api_key_id": ""}.get(field)
        return nothing in values
    if field == "product" and value == "claude_tag":
        return not values.isdisjoint({value, "claude-tag"})
    return value in values


class _Money(NamedTuple):
    """Discounted and list price, in cents."""

    amount: Decimal = Decimal(0)
    list_amount: Decimal = Decimal(0)

    def plus(self, amount: Decimal, list_amount: Decimal) -> _Money:
        """Add prices, inside a context that is precise enough."""
        return _Money(self.amount + amount, self.list_amount + list_amount)


@dataclass(slots=True, kw_only=True, eq=False)
class _Total:
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


def _totals(question: Question, facts: Iterable[Fact]) -> list[_Total]:
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
    found: dict[tuple[object, ...], _Total] = {}
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
                    total = found[key] = _Total(starting_at=bucket, group=group)
                total.add(fact)
    ascending = question.ascending and not question.by_time
    summed = list(found.values())
    summed.sort(key=lambda total: total.metric(question.order_by), reverse=not ascending)
    if question.by_time:
        summed.sort(key=lambda total: total.starting_at, reverse=not question.ascending)
    return summed


def _grouped_rows(question: Question, total: _Total) -> list[Row]:
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


def _buckets(question: Question, totals: list[_Total]) -> Iterator[Row]:
    """Build all buckets of the range, empty ones too, from sums in order of rank."""
    by_bucket: dict[datetime, list[_Total]] = {}
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


def _older(row: Row) -> Row:
    """Spell a row as the older API generation does: `email` of an actor."""
    if "group" in row:
        return {**row, "group": _older(row["group"])}
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


def _measured(question: Question, total: _Total) -> Iterator[tuple[Row, Row]]:
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
        yield group, usage
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
