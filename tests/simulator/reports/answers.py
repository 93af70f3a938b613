"""Answers to questions about usage and cost, page by page."""

from __future__ import annotations

import dataclasses
import json
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.simulator.errors import ApiError, bad_request
from tests.simulator.options import OLDER
from tests.simulator.pages import turn_to

from .catalog import BETA_HEADER, Shape, find_report
from .clock import midnight, write
from .facts import SESSION
from .grouping import totals
from .rows import buckets, grouped_rows, older, ranked
from .rules import Question, understand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from tests.simulator.access import Key, Keys
    from tests.simulator.options import Options
    from tests.simulator.traffic import Request

    from .catalog import Report
    from .facts import Fact
    from .ledger import Ledger
    from .rows import Row

_CACHED_QUESTIONS = 4
_NOT_AVAILABLE = "not_available"


class Reports:
    """Answers requests from the facts of the ledger."""

    def __init__(self, options: Options, ledger: Ledger, keys: Keys) -> None:
        """Keep the latest questions summed and encoded, for the pages to come."""
        self._options = options
        self._ledger = ledger
        self._keys = keys
        self._encoded = lru_cache(maxsize=_CACHED_QUESTIONS)(self._encode)

    def answer(self, request: Request, today: date, generation: str) -> bytes:
        """Answer a request.

        Raises:
            ApiError: It is refused.
        """
        report = find_report(request.path)
        key = self._check_access(report, request)
        clock = self._ledger.clock(today)
        question, limit = understand(report, request.params, clock)
        if "organization_ids[]" in request.params and not key.linked:
            message = "organization_ids[]: needs the key of a parent organization"
            raise bad_request(message)
        chunks = self._encoded(report, question, today, self._ledger.version(), generation)
        page, more, cursor = turn_to(
            self._options,
            chunks,
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

    def truth(self, report: Report, question: Question, today: date) -> list[Row]:
        """Give all rows of a question, or all of its buckets."""
        return [row for rows in self._chunks(report, question, today) for row in rows]

    def question(
        self, report: Report, days: tuple[date, date], width: str, group_by: Iterable[str]
    ) -> Question:
        """Ask for days, the last one not included, by ascending time."""
        return Question(
            start=midnight(days[0]),
            end=midnight(days[1]),
            width=width,
            group_by=tuple(group_by),
            order_by=report.metrics[0],
            by_time=True,
            ascending=True,
        )

    def _check_access(self, report: Report, request: Request) -> Key:
        admin = not report.legacy
        key = self._keys.check(request.headers, refusal=401, admin=admin)
        if not self._options.reports:
            raise ApiError(report.refusal, "this plan has no reports on usage and cost")
        betas = request.headers.get("anthropic-beta", "").replace(" ", "").split(",")
        if not report.legacy and BETA_HEADER not in betas:
            message = f"anthropic-beta: this endpoint is in beta and needs {BETA_HEADER}"
            raise bad_request(message)
        if not report.legacy and self._options.hipaa_ready:
            message = "organizations with HIPAA readiness do not have this report"
            raise ApiError(400, message, code="organization_not_eligible")
        return key

    def _encode(
        self,
        report: Report,
        question: Question,
        today: date,
        _version: int,
        generation: str,
    ) -> list[bytes]:
        spell = older if generation == OLDER else dict
        return [
            b", ".join(json.dumps(spell(row)).encode() for row in rows)
            for rows in self._chunks(report, question, today)
        ]

    def _chunks(self, report: Report, question: Question, today: date) -> list[list[Row]]:
        """Build what counts as one for `limit`: a group's rows, or a bucket."""
        users = report.shape is Shape.USERS
        summed = totals(
            self._facts(report, question, today),
            width=question.width,
            start=question.start,
            dimensions=(*question.group_by, *(("actor",) if users else ())),
        )
        summed = ranked(question, summed)
        if report.shape is Shape.BUCKETS:
            return [[bucket] for bucket in buckets(report, question, summed, today)]
        return [grouped_rows(report, question, total, today) for total in summed]

    def _facts(self, report: Report, question: Question, today: date) -> Iterator[Fact]:
        """Give the facts that the report knows and that pass all filters."""
        filters = [
            (report.filters[name].field, values) for name, values in question.filters
        ]
        for fact in self._ledger.between(question.start, question.end, today):
            known = _as_known(report, fact)
            if known is not None and all(
                _passes(known, field, values) for field, values in filters
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
        nothing = {"inference_geo": _NOT_AVAILABLE, "api_key_id": ""}.get(field)
        return nothing in values
    if field == "product" and value == "claude_tag":
        return not values.isdisjoint({value, "claude-tag"})
    return value in values
