"""What is read of the marts, in SQL that PostgreSQL and DuckDB both understand.

Whatever grows with people times days is added up in the database, and names of people are
not selected unless they are asked for.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claude_page.database import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from claude_page.database import Query, Row

#: How many things of a kind are shown.
TOP = 8
TOKENS = (
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
)
WORK = (
    "session_count",
    "lines_added_count",
    "lines_removed_count",
    "commit_count",
    "pull_request_count",
)
UNKNOWN = ["count(*) - count(session_count) as unknown_count"]
ACTORS = """
    case actor_type when 'user_actor' then 'users' when 'unknown' then 'nobody'
    else 'others' end
"""


def _total(column: str) -> str:
    return f"cast(sum({column}) as bigint) as {column}"


def _select(keys: str, *columns: Iterable[str]) -> str:
    return f"select {', '.join([keys, *itertools.chain(*columns)])}"


#: The mart and what is asked of it; `{organization}` limits it to one organisation.
QUERIES = {
    "days": ("claude_days", "select stream, date, is_read, is_complete, row_count, state"),
    "freshness": ("claude_freshness", "select *"),
    "adoption": ("claude_adoption_daily", "select *"),
    "seats": ("claude_seats_daily", "select *"),
    "people": ("claude_active_users", "select *"),
    "frequency": ("claude_frequency_daily", "select *"),
    "members_daily": ("claude_members_daily", "select *"),
    "members": (
        "claude_members",
        "select snapshot_date, days_since_active, is_never_active, activity_from",
    ),
    "things": ("claude_things_28", "select *"),
    "code": ("claude_code_daily", _select("date", map(_total, WORK), UNKNOWN)),
    "tools": ("claude_code_tools_daily", "select *"),
    "teams": ("claude_code_team_daily", "select *"),
    "spend": (
        "claude_spend_daily",
        _select(
            "date, product_family, model, currency",
            ["sum(cost_usd) as cost_usd", "sum(list_cost_usd) as list_cost_usd"],
            map(_total, ("unknown_row_count", *TOKENS)),
        ),
    ),
    "months": ("claude_spend_org_monthly", "select *"),
    "actors": (
        "claude_spend_monthly",
        f"select month_start, currency, {ACTORS} as actors, sum(cost_usd) as cost_usd",
    ),
    "spenders": (
        "claude_users",
        "select cost_month_start, cost_last_full_month_usd as cost_usd",
    ),
    "limits": ("claude_spend_limits_now", "select period, state, count(*) as count"),
    "requests": (
        "claude_spend_limit_requests",
        "select count(*) as count, max(days_waiting) as days_waiting",
    ),
}
#: What follows `where organization = $1`.
ENDS = {
    "people": "and period_grain = 'week'",
    "things": f"and use_rank <= {TOP}",
    "code": "group by date",
    # Weeks enough to cover 28 days, however late the last of them is complete.
    "teams": "and date > (select max(date) from {schema}.claude_code_team_daily) - 60",
    "spend": "group by date, product_family, model, currency",
    "actors": "group by 1, 2, 3",
    "spenders": "and cost_last_full_month_usd > 0",
    "limits": "group by period, state",
    "requests": "and is_pending",
}
NAMES = ", name, email_address"


@dataclass(frozen=True)
class Marts:
    """The rows of one organisation, by what they are asked for."""

    organization: str
    rows: Mapping[str, Sequence[Row]]
    #: What there is a table of, with rows or without.
    built: frozenset[str]

    def __getitem__(self, name: str) -> Sequence[Row]:
        """Return rows, none if there is no such mart."""
        return self.rows.get(name, ())


def read(
    query: Query, schema: str, organization: str | None = None, *, people: bool = False
) -> Marts:
    """Read what the page needs.

    Args:
        query: Runs a statement.
        schema: Where the marts are.
        organization: Whose rows, as the marts name it; by default of the only one.
        people: Whether names of people are read.

    Returns:
        The rows of one organisation.

    Raises:
        DatabaseError: There are no marts, or more than one organisation to choose from.
    """
    tables = query(
        "select table_name from information_schema.tables where table_schema = $1", [schema]
    )
    found = {row["table_name"] for row in tables}
    if not {"claude_freshness", "claude_days"} <= found:
        message = (
            f"the schema {schema} has no marts: run `dbt build` first, or set DBT_SCHEMA"
        )
        raise DatabaseError(message)
    chosen = _choose(query, schema, organization)
    built = {name: mart for name, (mart, _) in QUERIES.items() if mart in found}
    rows = {}
    for name, mart in built.items():
        asked = QUERIES[name][1] + (NAMES if people and name == "members" else "")
        end = ENDS.get(name, "").format(schema=schema)
        statement = f"{asked} from {schema}.{mart} where organization = $1 {end}"
        rows[name] = query(statement, [chosen])
    return Marts(chosen, rows, frozenset(built))


def _choose(query: Query, schema: str, organization: str | None) -> str:
    statement = f"select distinct organization from {schema}.claude_freshness order by 1"
    names = [row["organization"] for row in query(statement, [])]
    if organization is None and len(names) == 1:
        return str(names[0])
    if organization in names:
        return str(organization)
    if organization is None and not names:
        return ""
    message = f"choose one with --organization: {', '.join(names) or 'there is none'}"
    raise DatabaseError(message)
