"""Sums, shares and periods of the marts, and what they take from the tap's records.

A record is flat here, as its table is: `chat_metrics__message_count`.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.truth import Record

#: A count, money or None.
Cell: TypeAlias = Any
Key: TypeAlias = tuple[Any, ...]
Row: TypeAlias = dict[str, Any]
Mart: TypeAlias = dict[Key, Row]

_CHAT = "(message|action|dispatch_turn|distinct_session|distinct_conversation)_count"
_CODE = "core_metrics__(distinct_session|commit|pull_request)_count|tool_actions__.+"
#: What is activity, by product family.
FAMILIES = {
    "chat_cowork": (
        f"((chat|cowork)_metrics|chat_cowork_unified_metrics__(chat|sessions))__{_CHAT}"
    ),
    "claude_code": f"claude_code_metrics__({_CODE})",
    "office": r"office_metrics__\w+__(message|distinct_session)_count",
    "design": "design_metrics__message_count",
    "science": "science_metrics__message_count",
}
#: What is activity as well, but in no family.
ELSEWHERE = "claude_tag_metrics__active_message_count|web_search_count"

TOOLS = ("edit", "write", "multi_edit", "notebook_edit")
#: What people do with Claude Code beside edits.
WORK = {
    "session_count": "distinct_session_count",
    "lines_added_count": "lines_of_code__added_count",
    "lines_removed_count": "lines_of_code__removed_count",
    "commit_count": "commit_count",
    "pull_request_count": "pull_request_count",
}
#: The measures of the two reports of spend.
COST = ("cost_usd", "list_cost_usd")
USAGE = {
    "uncached_input_tokens": "uncached_input_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "output_tokens": "output_tokens",
    "total_tokens": "total_tokens",
    "request_count": "requests",
}


def flat(record: Record, *parents: str) -> Record:
    """Return a record with the fields of its objects beside its own."""
    fields: Record = {}
    for name, value in record.items():
        path = (*parents, name)
        nested = isinstance(value, dict)
        fields |= flat(value, *path) if nested else {"__".join(path): value}
    return fields


def total(values: Iterable[Cell]) -> Cell:
    """Return the sum of what is known, None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def whole(values: Iterable[Cell]) -> Cell:
    """Return the sum, None if a part is not known."""
    parts = list(values)
    return None if None in parts else sum(parts)


def share(part: Cell, of: Cell, factor: int = 1) -> Decimal | None:
    """Return a quotient, None where there is none."""
    return Decimal(factor) * Decimal(part) / of if of and part is not None else None


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def days_of(month: date) -> list[date]:
    """Return all days of a month."""
    return days_from(month, calendar.monthrange(month.year, month.month)[1])


def days_from(first: date, count: int) -> list[date]:
    """Return days in a row."""
    return [first + timedelta(days=n) for n in range(count)]


def used_families(record: Record) -> dict[str, bool]:
    """Say which families a user's day has activity in, and whether it has any."""

    def is_in(pattern: str) -> bool:
        return any(value and re.fullmatch(pattern, name) for name, value in record.items())

    used = {family: is_in(pattern) for family, pattern in FAMILIES.items()}
    return {**used, "all": any(used.values()) or is_in(ELSEWHERE)}


def with_unified(record: Record, product: str, count: str) -> Cell:
    """Add unified use to a product's own, where there is any."""
    part = {"chat": "chat", "cowork": "sessions"}[product]
    unified = f"chat_cowork_unified_metrics__{part}__{count}"
    own = record[f"{product}_metrics__{count}"]
    return whole((own, record[unified])) if unified in record else own


def frequency_class(days: int) -> str:
    """Return the class of so many days in 28."""
    names = {12: "most days", 4: "weekly", 2: "now and then", 1: "once"}
    return next(name for least, name in names.items() if days >= least)


def code_work(record: Record) -> Row:
    """Return what a user or team did with Claude Code on a day, beside edits."""
    core = "claude_code_metrics__core_metrics__"
    return {count: record.get(f"{core}{name}") for count, name in WORK.items()}


def code_edits(record: Record) -> dict[str, tuple[int, int]]:
    """Return the accepted and rejected edits of the tools of which both are known."""
    found: dict[str, tuple[Cell, Cell]] = {}
    for tool in TOOLS:
        name = f"claude_code_metrics__tool_actions__{tool}_tool__"
        pair = (record.get(f"{name}accepted_count"), record.get(f"{name}rejected_count"))
        if None not in pair:
            found[tool] = pair
    return found


def edit_counts(pairs: Iterable[tuple[int, int]]) -> Row:
    """Add edits up, and rate them."""
    given = list(pairs)
    accepted, rejected = total(p[0] for p in given), total(p[1] for p in given)
    decided = whole((accepted, rejected))
    return {
        "accepted_count": accepted,
        "rejected_count": rejected,
        "decided_count": decided,
        "acceptance_rate": share(accepted, decided, 100),
    }


def code_month(days: Sequence[Record]) -> Row:
    """Add days up, of what is known."""
    work, edits = [code_work(day) for day in days], [code_edits(day) for day in days]
    return {
        **{name: total(row[name] for row in work) for name in WORK},
        **edit_counts(pair for tools in edits for pair in tools.values()),
        "unknown_day_count": sum(
            None in row.values() or len(tools) < len(TOOLS)
            for row, tools in zip(work, edits, strict=True)
        ),
    }


def spend_figures(report: str, figures: Record) -> Row:
    """Return money in dollars, or tokens, by the names of the marts."""
    if report == "usage":
        return {name: figures[source] for name, source in USAGE.items()}
    return {
        "cost_usd": Decimal(figures["amount"]).scaleb(-2),
        "list_cost_usd": Decimal(figures["list_amount"]).scaleb(-2),
    }


def spend_sums(rows: Iterable[Mapping[str, Cell]]) -> Row:
    """Add rows of spend up, and what follows from the sums."""
    given = list(rows)
    row = {name: total(r[name] for r in given) for name in given[0]}
    cost, listed, tokens = row["cost_usd"], row["list_cost_usd"], row["total_tokens"]
    row["discount_usd"] = None if None in (cost, listed) else listed - cost
    row["discount_rate"] = share(row["discount_usd"], listed, 100)
    row["cost_per_million_tokens"] = share(cost, tokens, 1_000_000)
    if tokens is not None:
        inputs = tokens - row["output_tokens"]
        row["cache_read_share"] = share(row["cache_read_tokens"], inputs)
    return row
