"""Answers to questions about usage and cost, page by page."""

from __future__ import annotations

import dataclasses
import json
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.simulator.options import OLDER
from tests.simulator.protocol import refuse, turn_to

from .catalog import BETA_HEADER, Shape, find_report
from .clock import write
from .facts import SESSION
from .rules import understand
from .sums import buckets, grouped_rows, older, totals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tests.simulator.options import Options
    from tests.simulator.protocol import Key, Keys
    from tests.simulator.traffic import Request

    from .catalog import Report
    from .facts import Fact
    from .ledger import Ledger
    from .rules import Question
    from .sums import Row


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
        spell = older if generation == OLDER else dict
        return [
            b", ".join(json.dumps(spell(row)).encode() for row in rows)
            for rows in self._chunks(question)
        ]

    def _chunks(self, question: Question) -> list[list[Row]]:
        """Build what counts as one for `limit`: a group's rows, or a bucket."""
        summed = totals(question, self._facts(question))
        if question.report.shape is Shape.BUCKETS:
            return [[bucket] for bucket in buckets(question, summed)]
        return [grouped_rows(question, total) for total in summed]

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
