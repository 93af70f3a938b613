"""Figures of the simulated organisation in the terms of the marts."""

from __future__ import annotations

import calendar
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.truth import Record

#: A count, money or None.
Cell: TypeAlias = Any
Key: TypeAlias = tuple[Any, ...]
Mart: TypeAlias = dict[Key, dict[str, Any]]

FAMILIES = ("chat_cowork", "claude_code", "office", "design", "science")
TOOLS = ("edit", "write", "multi_edit", "notebook_edit")
WORK = ("session", "lines_added", "lines_removed", "commit", "pull_request")
TOKENS = {
    "uncached_input_tokens": "uncached_input_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "output_tokens": "output_tokens",
    "total_tokens": "total_tokens",
}


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
    return (
        Decimal(factor) * Decimal(part) / Decimal(of) if of and part is not None else None
    )


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def week_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def days_of(month: date) -> list[date]:
    """Return all days of a month."""
    _, count = calendar.monthrange(month.year, month.month)
    return [month + timedelta(days=n) for n in range(count)]


def figure(record: Record, *path: str) -> Cell:
    """Return what lies at the end of a path, None where it breaks off."""
    value: Any = record
    for name in path:
        value = None if value is None else value.get(name)
    return value


def used_families(record: Record) -> dict[str, bool]:
    """Say which families a user's day has activity in."""
    unified = record.get("chat_cowork_unified_metrics") or {}
    code = record["claude_code_metrics"] or {"core_metrics": {}, "tool_actions": {}}
    work, tools = code["core_metrics"], code["tool_actions"]

    def some(*values: int | None) -> bool:
        return any(value or 0 for value in values)

    used = {
        "chat_cowork": some(
            *(
                (block or {}).get(name)
                for block in (
                    record["chat_metrics"],
                    record["cowork_metrics"],
                    unified.get("chat"),
                    unified.get("sessions"),
                )
                for name in (
                    "message_count",
                    "action_count",
                    "dispatch_turn_count",
                    "distinct_session_count",
                    "distinct_conversation_count",
                )
            )
        ),
        "claude_code": some(
            *(
                work.get(name)
                for name in (
                    "distinct_session_count",
                    "commit_count",
                    "pull_request_count",
                )
            ),
            *(count for tool in tools.values() for count in tool.values()),
        ),
        "office": some(
            *(
                app[name]
                for app in record["office_metrics"].values()
                for name in ("message_count", "distinct_session_count")
            )
        ),
        "design": some(record["design_metrics"]["message_count"]),
        "science": some(record["science_metrics"]["message_count"]),
    }
    tag = figure(record, "claude_tag_metrics", "active_message_count")
    return {**used, "all": any(used.values()) or some(tag, record["web_search_count"])}


def with_unified(record: Record, product: str, name: str) -> Cell:
    """Add unified use to a product's own."""
    plain = record[f"{product}_metrics"][name]
    part = {"chat": "chat", "cowork": "sessions"}[product]
    block = figure(record, "chat_cowork_unified_metrics", part)
    return plain if block is None else whole((plain, block[name]))


def frequency_class(days: int) -> str:
    """Return the class of so many days in 28."""
    names = {12: "most days", 4: "weekly", 2: "now and then", 1: "once"}
    return next(name for least, name in names.items() if days >= least)


def code_figures(record: Record, key: str) -> dict[str, Any]:
    """Return the figures of Claude Code of a record of a user or team."""
    block = record["claude_code_metrics"] or {}
    core, tools = block.get("core_metrics", {}), block.get("tool_actions", {})
    by_tool: dict[str, tuple[int, int] | None] = {}
    for tool in TOOLS:
        pair = tools.get(f"{tool}_tool", {})
        counts = (pair.get("accepted_count"), pair.get("rejected_count"))
        by_tool[tool] = None if None in counts else counts
    lines = core.get("lines_of_code", {})
    return {
        "key": record[key],
        "date": record["date"],
        "by_tool": by_tool,
        "tools": [pair for pair in by_tool.values() if pair],
        "session_count": core.get("distinct_session_count"),
        "lines_added_count": lines.get("added_count"),
        "lines_removed_count": lines.get("removed_count"),
        "commit_count": core.get("commit_count"),
        "pull_request_count": core.get("pull_request_count"),
    }


def edit_counts(pairs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Add edits up, and rate them."""
    accepted, rejected = total(p[0] for p in pairs), total(p[1] for p in pairs)
    decided = whole((accepted, rejected))
    return {
        "accepted_count": accepted,
        "rejected_count": rejected,
        "decided_count": decided,
        "acceptance_rate": share(accepted, decided, 100),
    }


def with_rate(row: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of a day with its edits."""
    work = {f"{name}_count": row[f"{name}_count"] for name in WORK}
    return {
        **work,
        **edit_counts(row["tools"]),
        "unknown_tool_count": 4 - len(row["tools"]),
    }


def code_months(rows: Iterable[dict[str, Any]]) -> Mart:
    """Add days up to months, of what is known."""
    months: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        months[month_of(row["date"]), row["key"]].append(row)
    return {
        key: {
            **{f"{w}_count": total(d[f"{w}_count"] for d in days) for w in WORK},
            **edit_counts([pair for day in days for pair in day["tools"]]),
            "unknown_day_count": sum(
                len(d["tools"]) < 4 or None in [d[f"{w}_count"] for w in WORK] for d in days
            ),
        }
        for key, days in months.items()
    }


def spend_figures(report: str, figures: Record) -> dict[str, Any]:
    """Return money in dollars, or tokens, by the names of the marts."""
    if report == "cost":
        return {
            "cost_usd": Decimal(figures["amount"]).scaleb(-2),
            "list_cost_usd": Decimal(figures["list_amount"]).scaleb(-2),
        }
    return {
        **{name: figures[source] for name, source in TOKENS.items()},
        "request_count": figures["requests"],
    }


def spend_sums(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Add rows of spend up, and what follows from the sums."""
    given = list(rows)
    row = {name: total(r[name] for r in given) for name in given[0]}
    cost, listed, tokens = row["cost_usd"], row["list_cost_usd"], row["total_tokens"]
    known = None not in (cost, listed)
    row["discount_usd"] = listed - cost if known else None
    row["discount_rate"] = share(listed - cost, listed, 100) if known else None
    row["cost_per_million_tokens"] = share(cost, tokens, 1_000_000)
    if tokens is not None:
        inputs = tokens - row["output_tokens"]
        row["cache_read_share"] = share(row["cache_read_tokens"], inputs)
    return row


def artifact_id(record: Record) -> str:
    """Return what an artifact is called among things."""
    return f"{record['artifact_type']} ({'' if record['is_shared'] else 'not '}shared)"


#: Kind to stream, id and uses.
THINGS: dict[str, tuple[str, Callable[[Record], Any], Callable[[Record], Any]]] = {
    "skill": ("skills", lambda r: r["skill_name"], lambda r: r["invocation_count"]),
    "connector": (
        "connectors",
        lambda r: r["connector_name"],
        lambda r: whole(
            r[f"{kind}_call_count"] for kind in ("read", "write", "unclassified")
        ),
    ),
    "plugin": ("plugins", lambda r: r["plugin_key"], lambda r: r["invocation_count"]),
    "artifact": ("artifacts", artifact_id, lambda r: r["artifacts_created_count"]),
    "project": ("chat_projects", lambda r: r["project_id"], lambda r: r["message_count"]),
}
