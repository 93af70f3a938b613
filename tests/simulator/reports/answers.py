"""Answers to questions about usage and cost: sums of facts, as rows, page by page."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from tests.simulator.data import Row
from tests.simulator.options import OLDER, Options
from tests.simulator.protocol import Keys, refuse, turn_to
from tests.simulator.traffic import Request

from .clock import WIDTHS, floor, write
from .facts import COST_TYPES, EXACT, TOKEN_TYPES, TOKENS, Charge, Fact
from .ledger import Ledger
from .questions import BETA_HEADER, FANNED_OUT, REPORTS, Question, understand

_TEAM = "rbac_group_id"
# The components of a cost in the order of their rows: a cost type, and a token type.
_COMPONENTS = [(None, None), *product(COST_TYPES, (None, *TOKEN_TYPES))]


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
        report = REPORTS[request.path]
        self._keys.check(request.headers, refusal=401)
        betas = request.headers.get("anthropic-beta", "")
        if not report.legacy and BETA_HEADER not in betas:
            refuse(f"anthropic-beta: this endpoint is in beta and needs {BETA_HEADER}")
        question, limit = understand(report, request.params, today)
        page, more, cursor = turn_to(
            self._options,
            self._encoded(question, self._ledger.edits.version, generation),
            limit,
            (report.name, request.params),
            (question.start, question.end),
        )
        shown = more or self._options.echo_last_cursor
        envelope: Row = {"has_more": more, "next_page": cursor if shown else None}
        if self._options.tell_refreshed:
            envelope["data_refreshed_at"] = write(self._ledger.refreshed_at(today))
        # What was left out after paging is an empty chunk.
        rows = b", ".join(filter(None, page))
        return b'{"data": [%b], %b' % (rows, json.dumps(envelope).encode()[1:])

    def truth(self, question: Question) -> list[Row]:
        """Give all rows of a question, or all of its buckets."""
        return [row for rows in self._chunks(question) for row in rows]

    def _encode(self, question: Question, _version: int, generation: str) -> list[bytes]:
        chunks = [
            b", ".join(json.dumps(row).encode() for row in rows)
            for rows in self._chunks(question)
        ]
        if generation == OLDER:
            return [chunk.replace(b'"email_address":', b'"email":') for chunk in chunks]
        return chunks

    def _chunks(self, question: Question) -> list[list[Row]]:
        """Build what counts as one for `limit`: a group's rows, or a bucket."""
        groups = _grouped(question, self._facts(question))
        if question.report.has_buckets:
            return [[bucket] for bucket in _buckets(question, groups)]
        return [[*_rows(question, group)] for group in groups]

    def _facts(self, question: Question) -> Iterator[Fact]:
        """Give the facts that the report knows and that pass all filters."""
        report = question.report
        for fact in self._ledger.between(question.start, question.end, question.today):
            # Agent sessions are no usage, and the older reports do not know them.
            if (
                (fact.requests or (report.money and not report.legacy))
                and (fact.actor_type == "user_actor" or not report.of_users)
                and all(_passes(fact, *wanted) for wanted in question.filters)
            ):
                yield fact


def _passes(fact: Fact, field: str, wanted: frozenset[str]) -> bool:
    value = getattr(fact, field)
    return not wanted.isdisjoint(value if isinstance(value, tuple) else (value,))


class _Group(NamedTuple):
    """The facts of a bucket that have the same dimensions, one of them the actor."""

    starting_at: datetime
    dimensions: dict[str, Any]
    facts: list[Fact]


def _grouped(question: Question, facts: Iterable[Fact]) -> list[_Group]:
    """Group facts; identities count one by one, however they are shown.

    Grouped by team, a fact counts in each of its teams. The largest group comes first; in
    the newer reports the oldest, and of one time the largest.
    """
    names = [n for n in question.group_by if n not in {*FANNED_OUT, _TEAM}]
    if question.report.of_users:
        names.append("actor")
    by_team = _TEAM in question.group_by
    found: defaultdict[tuple[datetime, str | None, tuple[Any, ...]], list[Fact]]
    found = defaultdict(list)
    for fact in facts:
        bucket = floor(fact.at, question.width)
        values = tuple([getattr(fact, name) for name in names])
        for team in (fact.rbac_group_ids if by_team else ()) or (None,):
            found[bucket, team, values].append(fact)
    groups = [
        _Group(bucket, dict(zip(names, values, strict=True)) | {_TEAM: team}, of_group)
        for (bucket, team, values), of_group in found.items()
    ]

    def metric(group: _Group) -> Decimal:
        if question.report.money:
            return sum((fact.amount for fact in group.facts), Decimal(0))
        return Decimal(sum(sum(fact.tokens) for fact in group.facts))

    with localcontext(EXACT):
        groups.sort(key=metric, reverse=True)
    if not question.report.legacy:
        groups.sort(key=lambda group: group.starting_at)
    return groups


def _rows(question: Question, group: _Group) -> Iterator[Row]:
    """Build the rows of one group: one, or one for each component of its cost."""
    report = question.report
    if question.exclude_deleted and group.dimensions["actor"].left <= question.today:
        return
    bounds = _bounds(question, group.starting_at)
    for dimensions, measures in _measured(question, group):
        if report.legacy:
            yield {**bounds, **dimensions, **measures}
        else:
            name = "cost" if report.money else "usage"
            yield {**bounds, "group": dimensions, name: measures}


def _buckets(question: Question, groups: list[_Group]) -> Iterator[Row]:
    """Build all buckets of the range, empty ones too, from groups in order of rank."""
    results: defaultdict[datetime, list[Row]] = defaultdict(list)
    for group in groups:
        results[group.starting_at] += [
            {**dimensions, **measures}
            for dimensions, measures in _measured(question, group)
        ]
    starting_at = question.start
    while starting_at < question.end:
        yield {**_bounds(question, starting_at), "results": results[starting_at]}
        starting_at += WIDTHS[question.width]


def _bounds(question: Question, starting_at: datetime) -> Row:
    ending_at = starting_at + WIDTHS[question.width]
    return {"starting_at": write(starting_at), "ending_at": write(ending_at)}


def _measured(question: Question, group: _Group) -> Iterator[tuple[Row, Row]]:
    """Give dimensions and measures of each row of a group."""
    report, facts = question.report, group.facts
    dimensions: Row = dict.fromkeys(sorted(report.groups)) | group.dimensions
    if "actor" in group.dimensions:
        dimensions["actor"] = group.dimensions["actor"].actor(question.today)
    if report.legacy and dimensions["product"] == "claude_tag":
        dimensions["product"] = "claude-tag"
    requests = sum(fact.requests for fact in facts)
    if not report.money:
        columns = zip(*(fact.tokens for fact in facts), strict=True)
        tokens = [sum(column) for column in columns]
        uncached, read, five_minutes, one_hour, output = tokens
        usage: Row = {
            "cache_creation": {
                "ephemeral_1h_input_tokens": one_hour,
                "ephemeral_5m_input_tokens": five_minutes,
            },
            "cache_read_input_tokens": read,
            "output_tokens": output,
            "requests": requests,
            "server_tool_use": {
                "web_search_requests": sum(fact.web_searches for fact in facts)
            },
            "uncached_input_tokens": uncached,
        }
        if not report.has_buckets:
            usage["total_tokens"] = sum(tokens)
        yield dimensions, usage
        return
    split = FANNED_OUT & set(question.group_by)
    parts: defaultdict[tuple[str | None, str | None], list[Charge]] = defaultdict(list)
    for charge in (charge for fact in facts for charge in fact.charges):
        if split != {"token_type"} or charge.cost_type == TOKENS:
            cost_type = charge.cost_type if split else None
            token_type = charge.token_type if "token_type" in split else None
            parts[cost_type, token_type].append(charge)
    for cost_type, token_type in sorted(parts, key=_COMPONENTS.index):
        charges = parts[cost_type, token_type]
        measures = {
            "amount": _total(charge.amount for charge in charges),
            "currency": "USD",
            "list_amount": _total(charge.list_amount for charge in charges),
            "requests": None if split else requests,
        }
        yield {**dimensions, "cost_type": cost_type, "token_type": token_type}, measures


def _total(amounts: Iterable[Decimal]) -> str:
    """Sum cents, and write all digits there are, and six at least."""
    with localcontext(EXACT):
        whole, _, fraction = f"{sum(amounts, Decimal(0)):f}".partition(".")
    return f"{whole}.{fraction.ljust(6, '0')}"
