"""Marts of companies, put into DuckDB as the dbt package's contracts describe them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import jinja2
import yaml

from claude_page.marts import QUERIES, Marts
from tests import ROOT, duckdb_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    Rows = Iterable[Mapping[str, Any]]

SCHEMA, ORGANIZATION = "claude_analytics", "acme"

#: A Sunday, after the last day of a month.
LAST = date(2026, 11, 1)
MONTH = date(2026, 10, 1)
STREAMS = ("adoption", "org_summaries", "user_summaries", "cost", "usage")

#: Marts of streams that few load.
LATER = {
    "claude_members",
    "claude_members_daily",
    "claude_spend_limit_requests",
    "claude_spend_limits_daily",
    "claude_spend_limits_now",
}


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Return the columns of each mart and their types in DuckDB."""
    return {
        model["name"]: {column["name"]: _type(column["data_type"]) for column in columns}
        for path in sorted((ROOT / "transform" / "models" / "marts").glob("*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        for columns in [model["columns"]]
    }


@cache
def _type(template: str) -> str:
    return str(jinja2.Template(template).render(target={"type": "duckdb"}))


def build(path: Path, marts: Mapping[str, Rows], without: Iterable[str] = ()) -> None:
    """Make a DuckDB file with all marts, most of them empty.

    Args:
        path: The file.
        marts: Rows by mart; columns that a row lacks are null.
        without: Marts that are not built.
    """
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema {SCHEMA}")
        for mart, columns in contracts().items():
            if mart not in without:
                rows = [
                    {"organization": ORGANIZATION, **row} for row in marts.get(mart, ())
                ]
                assert all(row.keys() <= columns.keys() for row in rows), mart
                duckdb_rows.create(connection, f"{SCHEMA}.{mart}", columns, rows)


def read(rows: Mapping[str, Rows]) -> Marts:
    """Return rows of marts as if they had been read from a database."""
    named = {name: list(rows[mart]) for name, (mart, _) in QUERIES.items() if mart in rows}
    return Marts(ORGANIZATION, named, frozenset(named))


def days(first: date, last: date = LAST) -> list[date]:
    """Return the days from the first to the last."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def known(
    first: date, last: date = LAST, states: Mapping[date, str] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Return what is known of days: settled, unless another state is given."""
    told = {day: (states or {}).get(day, "settled") for day in days(first, last)}
    complete = [day for day, state in told.items() if state not in ("not read", "filling")]
    return {
        "claude_days": [
            {
                "stream": stream,
                "date": day,
                "is_read": state != "not read",
                "is_complete": day in complete,
                "row_count": None if state == "not read" else 1,
                "state": state,
            }
            for stream in STREAMS
            for day, state in told.items()
        ],
        "claude_freshness": [
            {
                "stream": stream,
                "first_read_day": first,
                "last_read_day": last,
                "last_complete_day": max(complete, default=None),
                "last_read_at": datetime(2026, 11, 4, 12, tzinfo=timezone.utc),
                "missing_day_count": list(told.values()).count("not read"),
                "incomplete_day_count": list(told.values()).count("filling"),
                "empty_day_count": 0,
                "days_behind": (date(2026, 11, 4) - last).days,
            }
            for stream in STREAMS
        ],
    }


def company(users: int, first: date, last: date = LAST) -> dict[str, list[dict[str, Any]]]:
    """Return marts of a company in which everybody does the same every day."""
    all_days = days(first, last)
    counted = {"assigned_seat_count": users, "is_complete": True}
    families = ("all", "chat_cowork", "claude_code")
    weeks = [day for day in all_days if day.weekday() == 0 and day + timedelta(6) <= last]
    enough = [day for day in all_days if day >= first + timedelta(27)]
    return {
        **known(first, last),
        "claude_adoption_daily": [
            {
                **counted,
                "date": day,
                "product": product,
                "daily_active_user_count": users,
                "weekly_active_user_count": users,
                "monthly_active_user_count": users,
            }
            for day in all_days
            for product in ("all", "chat", "chat_cowork_unified")
        ],
        "claude_seats_daily": [
            {
                **counted,
                "date": day,
                "active_7_count": users,
                "active_30_count": users,
                "seat_utilisation_7": 100,
            }
            for day in all_days
        ],
        "claude_active_users": [
            {
                "period_grain": "week",
                "period_start": week,
                "product_family": family,
                "family_active_user_count": users,
                "is_complete": True,
                **(
                    dict.fromkeys(("new_user_count", "returning_user_count"), 0)
                    | {"retained_user_count": users, "lost_user_count": 0}
                    if family == "all" and week != weeks[0]
                    else {}
                ),
            }
            for week in weeks
            for family in families
        ],
        "claude_frequency_daily": [
            {
                "date": day,
                "frequency": name,
                "user_count": (users if name == "most days" else 0)
                if day in enough
                else None,
                "is_complete": day in enough,
            }
            for day in all_days
            for name in ("most days", "weekly", "now and then", "once")
        ],
        "claude_code_tools_daily": [
            {
                "date": day,
                "tool": tool,
                "accepted_count": 3 * users,
                "rejected_count": users,
                "decided_count": 4 * users,
            }
            for day in all_days
            for tool in ("edit", "all")
        ],
        "claude_spend_daily": [
            {
                "date": day,
                "actor_type": "user_actor",
                "product_family": "claude_code",
                "model": "claude-opus-5",
                "currency": "USD",
                "cost_usd": "2.25",
                "list_cost_usd": "2.50",
                "unknown_row_count": 0,
                "cache_read_tokens": 80,
                "uncached_input_tokens": 20,
                "output_tokens": 10,
            }
            for day in all_days
        ],
        "claude_code_daily": [
            {"date": day, "user_id": "user_1", "session_count": 1, "is_active": True}
            for day in all_days
        ],
    }


def october(users: int, cost: str) -> dict[str, list[dict[str, Any]]]:
    """Return what October cost, of a company whose users all spend the same."""
    return {
        "claude_spend_org_monthly": [
            {
                "month_start": MONTH,
                "currency": "USD",
                "cost_usd": cost,
                "unknown_row_count": 0,
                "active_user_count": users,
                "cost_per_active_user": float(cost) / users,
                "spending_user_count": users,
                **(
                    {
                        "median_cost_per_spender": float(cost) / users,
                        "p90_cost_per_spender": float(cost) / users,
                        "top_decile_share": 0.1,
                    }
                    if users > 9
                    else {}
                ),
                "complete_day_count": 31,
                "month_to_date_usd": cost,
                "is_complete": True,
                "is_settled": True,
            }
        ],
        "claude_users": [
            {
                "user_id": f"user_{n}",
                "cost_month_start": MONTH,
                "cost_last_full_month_usd": float(cost) / users,
            }
            for n in range(users)
        ],
    }
