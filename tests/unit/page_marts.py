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
#: Four days later the marts are read.
NOON = datetime(2026, 11, 4, 12, tzinfo=timezone.utc)
STREAMS = ("adoption", "org_summaries", "user_summaries", "cost", "usage")

#: Marts of streams that few load.
LATER = {
    *("claude_members", "claude_members_daily", "claude_spend_limit_requests"),
    *("claude_spend_limits_daily", "claude_spend_limits_now"),
}


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Return the types of the columns of each mart, in DuckDB."""
    files = sorted((ROOT / "transform" / "models" / "marts").glob("*.yml"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    models = [m for text in texts for m in yaml.safe_load(text)["models"]]
    duckdb_target = {"type": "duckdb"}
    return {
        model["name"]: {
            column["name"]: jinja2.Template(column["data_type"]).render(
                target=duckdb_target
            )
            for column in model["columns"]
        }
        for model in models
    }


def build(path: Path, marts: Mapping[str, Rows], without: Iterable[str] = ()) -> None:
    """Make a DuckDB file with all marts, most of them empty; missing columns are null."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema {SCHEMA}")
        for mart, columns in contracts().items():
            if mart not in without:
                rows = [{"organization": ORGANIZATION, **r} for r in marts.get(mart, ())]
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
                "last_read_at": NOON,
                "missing_day_count": list(told.values()).count("not read"),
                "incomplete_day_count": list(told.values()).count("filling"),
                "empty_day_count": 0,
                "days_behind": (NOON.date() - last).days,
            }
            for stream in STREAMS
        ],
    }


def company(users: int, first: date) -> dict[str, list[dict[str, Any]]]:
    """Return marts of a company in which everybody does the same every day."""
    all_days = days(first)
    seats: dict[str, Any] = {"assigned_seat_count": users, "is_complete": True}
    weeks = [day for day in all_days if day.weekday() == 0 and day + timedelta(6) <= LAST]
    stayed = {"retained_user_count": users}
    stayed |= dict.fromkeys(
        ("new_user_count", "returning_user_count", "lost_user_count"), 0
    )
    # Frequency is of 28 days, so the first ones have none.
    frequencies = dict.fromkeys(("weekly", "now and then", "once"), 0) | {
        "most days": users
    }

    def daily(**row: object) -> list[dict[str, Any]]:
        return [{"date": day, **row} for day in all_days]

    return {
        **known(first),
        "claude_adoption_daily": [
            row
            for product in ("all", "chat", "chat_cowork_unified")
            for row in daily(
                product=product,
                daily_active_user_count=users,
                weekly_active_user_count=users,
                monthly_active_user_count=users,
                **seats,
            )
        ],
        "claude_seats_daily": daily(
            active_7_count=users, active_30_count=users, seat_utilisation_7=100, **seats
        ),
        "claude_active_users": [
            {
                "period_grain": "week",
                "period_start": week,
                "product_family": family,
                "family_active_user_count": users,
                "is_complete": True,
                **(stayed if family == "all" and week != weeks[0] else {}),
            }
            for week in weeks
            for family in ("all", "chat_cowork", "claude_code")
        ],
        "claude_frequency_daily": [
            {
                "date": day,
                "frequency": name,
                "user_count": count if place >= 27 else None,
                "is_complete": place >= 27,
            }
            for place, day in enumerate(all_days)
            for name, count in frequencies.items()
        ],
        "claude_code_tools_daily": [
            row
            for tool in ("edit", "all")
            for row in daily(
                tool=tool,
                accepted_count=3 * users,
                rejected_count=users,
                decided_count=4 * users,
            )
        ],
        "claude_spend_daily": daily(
            actor_type="user_actor",
            product_family="claude_code",
            model="claude-opus-5",
            currency="USD",
            cost_usd="2.25",
            list_cost_usd="2.50",
            unknown_row_count=0,
            cache_read_tokens=80,
            uncached_input_tokens=20,
            output_tokens=10,
        ),
        "claude_code_daily": daily(user_id="user_1", session_count=1, is_active=True),
    }


def october(users: int, cost: str) -> dict[str, list[dict[str, Any]]]:
    """Return what October cost, of a company whose users all spend the same."""
    each = float(cost) / users
    spread = {"median_cost_per_spender": each, "p90_cost_per_spender": each}
    return {
        "claude_spend_org_monthly": [
            {
                "month_start": MONTH,
                "currency": "USD",
                "cost_usd": cost,
                "unknown_row_count": 0,
                "active_user_count": users,
                "cost_per_active_user": each,
                "spending_user_count": users,
                **(spread | {"top_decile_share": 0.1} if users > 9 else {}),
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
                "cost_last_full_month_usd": each,
            }
            for n in range(users)
        ],
    }
