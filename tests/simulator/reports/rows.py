"""From sums to the JSON of rows, in the three shapes of the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .catalog import FANNED_OUT, Shape
from .clock import WIDTHS, write
from .identities import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from decimal import Decimal

    from .catalog import Report
    from .grouping import Total
    from .rules import Question

Row = dict[str, Any]

TOP = 100
"""Groups that a bucket of the legacy reports shows at most."""

_LEGACY_SPELLING = {"claude_tag": "claude-tag"}
_FEWEST_DIGITS = 6


def grouped_rows(
    report: Report, question: Question, total: Total, today: date
) -> list[Row]:
    """Build the rows of one group: one, or one for each component of its cost."""
    identity = total.group.get("identity")
    if (
        question.exclude_deleted
        and isinstance(identity, Identity)
        and identity.deleted(today)
    ):
        return []
    bounds = _bounds(question, total.starting_at)
    rows = []
    for group, measures in _measured(report, question, total, today):
        if report.shape is Shape.FLAT:
            measured = {"cost" if report.money else "usage": measures}
            rows.append({**bounds, "group": group, **measured})
        else:
            if question.width is None:
                bounds = dict.fromkeys(bounds)
            rows.append({**bounds, **group, **measures})
    return rows


def buckets(
    report: Report, question: Question, totals: list[Total], today: date
) -> list[Row]:
    """Build all buckets of the range, empty ones too, from sums in order of rank."""
    by_bucket: dict[datetime, list[Total]] = {}
    for total in totals:
        by_bucket.setdefault(total.starting_at, []).append(total)
    rows = []
    starting_at = question.start
    while starting_at < question.end:
        results = [
            {**group, **measures}
            for total in by_bucket.get(starting_at, ())
            for group, measures in _measured(report, question, total, today)
        ]
        bounds = _bounds(question, starting_at)
        rows.append({**bounds, "results": results[:TOP]})
        starting_at += WIDTHS[question.width or "1d"]
    return rows


def older(row: Row) -> Row:
    """Spell a row as the older API generation does: `email` of an actor."""
    holder = row.get("group", row)
    actor = holder.get("actor")
    if not actor or "email_address" not in actor:
        return row
    renamed = {
        "email" if name == "email_address" else name: value for name, value in actor.items()
    }
    if "group" in row:
        return {**row, "group": {**holder, "actor": renamed}}
    return {**row, "actor": renamed}


def write_amount(amount: Decimal) -> str:
    """Write cents with all digits there are, and six at least."""
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(_FEWEST_DIGITS, '0')}"


def ranked(question: Question, totals: list[Total]) -> list[Total]:
    """Order sums by the metric, or by time and then by the metric."""
    rank = {id(total): total.metric(question.order_by) for total in totals}
    ascending = question.ascending and not question.by_time
    totals = sorted(totals, key=lambda total: rank[id(total)], reverse=not ascending)
    if question.by_time:
        totals.sort(key=lambda total: total.starting_at, reverse=not question.ascending)
    return totals


def _bounds(question: Question, starting_at: datetime) -> Row:
    end = starting_at + WIDTHS[question.width] if question.width else question.end
    return {"starting_at": write(starting_at), "ending_at": write(end)}


def _measured(
    report: Report, question: Question, total: Total, today: date
) -> Iterator[tuple[Row, Row]]:
    """Give dimensions and measures of each row of a group."""
    group = _group(report, total, today)
    if not report.money:
        yield group, _usage(report, total)
        return
    split = FANNED_OUT & set(question.group_by)
    for cost_type, token_type, money in total.parts(question.group_by):
        measures = {
            "amount": write_amount(money.amount),
            "currency": "USD",
            "list_amount": write_amount(money.list_amount),
            "requests": None if split else total.requests,
        }
        yield {**group, "cost_type": cost_type, "token_type": token_type}, measures


def _group(report: Report, total: Total, today: date) -> Row:
    group: Row = dict.fromkeys(sorted(report.groups))
    if report.shape is Shape.USERS:
        group["actor"] = None
    for name, value in total.group.items():
        if isinstance(value, Identity):
            group["actor"] = value.actor(today)
        elif name == "product" and report.legacy:
            group[name] = _LEGACY_SPELLING.get(str(value), value)
        else:
            group[name] = value
    return group


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
