"""Marts of companies, put into DuckDB as the dbt package's contracts describe them."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import jinja2
import yaml

from claude_page.spans import Span
from tests import ROOT, duckdb_rows

#: The rows of each mart.
Rows: TypeAlias = "dict[str, list[dict[str, Any]]]"

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
    return {
        model["name"]: {
            column["name"]: jinja2.Template(column["data_type"]).render(
                target={"type": "duckdb"}
            )
            for column in model["columns"]
        }
        for file in sorted((ROOT / "transform" / "models" / "marts").glob("*.yml"))
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
    }


def build(path: Path, marts: Rows, without: Iterable[str] = ()) -> None:
    """Make a DuckDB file with all marts, most of them empty; missing columns are null."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema {SCHEMA}")
        for mart, columns in contracts().items():
            if mart not in without:
                rows = [{"organization": ORGANIZATION, **r} for r in marts.get(mart, ())]
                assert all(row.keys() <= columns.keys() for row in rows), mart
                duckdb_rows.create(connection, f"{SCHEMA}.{mart}", columns, rows)


def known(first: date, last: date = LAST, states: Mapping[date, str] | None = None) -> Rows:
    """Return what is known of days: settled, unless another state is given."""
    told = dict.fromkeys(Span(first, last), "settled") | dict(states or {})
    of_stream = {
        "last_read_day": last,
        "last_complete_day": last,
        "last_read_at": NOON,
        "days_behind": (NOON.date() - last).days,
        "missing_day_count": 0,
        "empty_day_count": 0,
    }
    return {
        "claude_days": [
            {"stream": stream, "date": day, "row_count": 1, "state": state}
            for stream in STREAMS
            for day, state in told.items()
        ],
        "claude_freshness": [{"stream": stream, **of_stream} for stream in STREAMS],
    }


def company(users: int, first: date) -> Rows:
    """Return marts of a company in which everybody does the same every day."""

    def daily(**row: object) -> list[dict[str, Any]]:
        return [{"date": day, **row} for day in Span(first, LAST)]

    users_of_product = {
        f"{period}_active_user_count": users for period in ("daily", "weekly", "monthly")
    }
    seats = {"assigned_seat_count": users, "is_complete": True}
    changes = ("new_user_count", "returning_user_count", "lost_user_count")
    stayed = {"retained_user_count": users, **dict.fromkeys(changes, 0)}
    frequencies = {
        "most days": users,
        **dict.fromkeys(("weekly", "now and then", "once"), 0),
    }
    return {
        **known(first),
        "claude_adoption_daily": [
            row
            for product in ("all", "chat", "chat_cowork_unified")
            for row in daily(product=product, **users_of_product, **seats)
        ],
        "claude_seats_daily": daily(
            active_7_count=users, active_30_count=users, seat_utilisation_7=100, **seats
        ),
        "claude_active_users": [
            {
                "period_grain": "week",
                "period_start": week.first,
                "product_family": family,
                "family_active_user_count": users,
                **(dict.fromkeys(stayed) if week.first == first else stayed),
            }
            for week in Span(first, LAST).weeks()
            for family in ("all", "chat_cowork", "claude_code")
        ],
        # Frequency is of 28 days, so the first ones have none.
        "claude_frequency_daily": [
            {**row, "user_count": count}
            for name, count in frequencies.items()
            for row in daily(frequency=name)[27:]
        ],
        "claude_code_tools_daily": [
            row
            for tool in ("edit", "all")
            for row in daily(tool=tool, accepted_count=3 * users, decided_count=4 * users)
        ],
        "claude_spend_daily": daily(
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
        "claude_code_daily": daily(session_count=1),
    }


def october(users: int, cost: str) -> Rows:
    """Return what October cost, of a company whose users all spend the same."""
    each = float(cost) / users
    month = {
        "month_start": MONTH,
        "complete_day_count": 31,
        "is_settled": True,
        "currency": "USD",
        "cost_usd": Decimal(cost),
        "month_to_date_usd": Decimal(cost),
        "last_month_same_days_usd": None,
        "month_to_date_change": None,
        "active_user_count": users,
        "spending_user_count": users,
        "cost_per_active_user": each,
    }
    if users >= 10:
        month |= {"median_cost_per_spender": each, "p90_cost_per_spender": each}
        month["top_decile_share"] = 0.1
    spender = {"cost_month_start": MONTH, "cost_last_full_month_usd": each}
    return {"claude_spend_org_monthly": [month], "claude_users": [spender] * users}
