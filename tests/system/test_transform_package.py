"""The dbt package in somebody else's project: two organisations, written down row by row."""

from __future__ import annotations

import os
import subprocess
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.system import warehouse
from tests.system.warehouse import Dbt, query

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.warehouse import Row

#: Forty days that end on the Sunday of the week 2026-12-28 to 2027-01-03.
DAYS = [date(2026, 11, 25) + timedelta(days=n) for n in range(40)]
SWITCHED, REMOVED, TWICE, EMPTIED, UNREAD = (
    date(2026, 12, n) for n in (30, 29, 24, 27, 28)
)

PROFILE = {
    "theirs": {
        "target": "duckdb",
        "outputs": {
            "duckdb": {"type": "duckdb", "path": "", "schema": "reports", "threads": 4}
        },
    }
}
VARIABLES = {
    "claude_analytics__organizations": {"Acme": "acme", "Globex": "globex"},
    "claude_analytics__today": "2027-01-06",
    **{
        f"claude_analytics__using_{stream}": True
        for stream in (
            "team_summaries",
            "members",
            "invites",
            "spend_limits",
            "spend_limit_requests",
            "teams",
            "team_members",
        )
    },
    **{
        f"claude_analytics__using_{stream}": False
        for stream in (
            "chat_projects",
            "skills",
            "connectors",
            "plugins",
            "artifacts",
            "usage",
        )
    },
}
#: What their own model makes of one of the marts.
MODEL = (
    "select organization, count(*) as user_count from {{ ref('claude_users') }} group by 1"
)


def at(day: date, hours: int = 10) -> str:
    """Return when a day was read: 40 days later, so that all is settled."""
    return f"{datetime.combine(day, datetime.min.time()) + timedelta(days=40, hours=hours)}"


def rows_of(day: date, *rows: Row, hours: int = 10) -> list[Row]:
    """Return rows of a day with their keys in time."""
    return [{"date": day.isoformat(), **row, "snapshot_at": at(day, hours)} for row in rows]


def readings(stream: str, days: list[date], empty: date | None = None) -> list[Row]:
    """Return readings, an empty one among them."""
    return [
        row
        for day in days
        for row in rows_of(
            day, {"stream": stream, "is_complete": True, "row_count": int(day != empty)}
        )
    ]


def messages(user: str, chat: int, unified: int | None = None) -> Row:
    """Return a user's day, as far as this test goes."""
    return {
        "user_id": user,
        "email_address": f"{user}@example.com",
        "chat_metrics__message_count": chat,
        "chat_cowork_unified_metrics__chat__message_count": unified,
    }


def edits(commits: int) -> Row:
    """Return some figures of Claude Code."""
    return {
        "claude_code_metrics__core_metrics__commit_count": commits,
        "claude_code_metrics__tool_actions__edit_tool__accepted_count": 1,
        "claude_code_metrics__tool_actions__edit_tool__rejected_count": 1,
    }


def cost(who: str | None, amount: float, *, deleted: bool | None = None) -> Row:
    """Return a row of cost; without a name, of nobody."""
    return {
        "starting_at": "2026-12-10 00:00:00",
        "row_key": f"{who} {amount}",
        "actor_type": who and ("user_actor" if deleted is not None else "api_actor"),
        "actor_id": who,
        "actor_email_address": None,
        "actor__deleted": deleted,
        "product": "claude_code",
        "model": "claude-opus-5-5",
        "currency": "USD",
        "amount_usd": amount,
        "list_amount_usd": amount,
        "is_final": True,
    }


def adoption(product: str, monthly: int, rate: float | None) -> Row:
    """Return a row of adoption."""
    counts = {f"{period}_active_user_count": 5 for period in ("daily", "weekly")}
    rates = {f"{p}_adoption_rate": rate for p in ("daily", "weekly", "monthly")}
    seats = {"assigned_seat_count": 59, "monthly_active_user_count": monthly}
    return {"product": product, **counts, **seats, **rates}


def limit(who: str, amount: int | None, spent: int) -> Row:
    """Return a spend limit of a team."""
    return {
        "actor_id": who,
        "period": "monthly",
        "actor__type": "user_actor",
        "amount": amount,
        "amount_in_currency": None if amount is None else amount / 100,
        "currency": "USD",
        "period_to_date_spend": spent,
        "period_to_date_spend_in_currency": spent / 100,
        "source__type": "rbac_group",
        "source__rbac_group_id": "sales",
    }


LAST = DAYS[-1]
SNAPSHOTS = ("members", "invites", "spend_limits", "spend_limit_requests", "teams")

ACME: dict[str, list[Row]] = {
    "readings": [
        *readings("user_summaries", DAYS, EMPTIED),
        *readings("team_summaries", DAYS),
        *readings("org_summaries", DAYS),
        *readings("adoption", DAYS),
        *readings("cost", DAYS),
        *(
            row
            for stream in (*SNAPSHOTS, "team_members")
            for row in readings(stream, DAYS[-2:])
        ),
    ],
    "user_summaries": [
        *rows_of(DAYS[0], {**messages("ann", 1), **edits(1)}),
        *rows_of(SWITCHED, messages("ann", 3, 2), messages("idle", 0, 0)),
        # The day was read again, without this user.
        *rows_of(REMOVED, messages("gone", 9), hours=9),
        # A target that appends has what was read before beside what counts.
        *rows_of(TWICE, messages("bob", 1), hours=11),
        *rows_of(TWICE, messages("bob", 4), hours=12),
        *rows_of(EMPTIED, messages("bob", 9), hours=9),
        *rows_of(LAST, {**messages("bob", 1), **edits(2)}),
    ],
    "team_summaries": rows_of(
        LAST,
        *(
            {"rbac_group_id": team, "distinct_user_count": 1, **edits(2)}
            for team in ("it", "sales")
        ),
    ),
    "org_summaries": rows_of(
        LAST,
        {
            "assigned_seat_count": 59,
            "pending_invite_count": 1,
            "daily_active_user_count": 5,
            "weekly_active_user_count": 5,
            "monthly_active_user_count": 60,
        },
    ),
    "adoption": rows_of(LAST, adoption("all", 60, None), adoption("claude_tag", 500, None)),
    "cost": rows_of(
        date(2026, 12, 10),
        cost("ann", 1.5, deleted=False),
        cost("dan", 2.25, deleted=True),
        cost("key", 0.25),
        cost(None, 3.0),
    ),
    "members": [
        *rows_of(DAYS[-2], *({"user_id": user} for user in ("ann", "zed"))),
        *rows_of(
            LAST,
            {"user_id": "ann", "email": "ann@example.com", "name": "Ann", "role": "admin"},
            {
                "user_id": "new-bob",
                "email": "Bob@example.com",
                "name": "Bob",
                "role": "user",
            },
            {"user_id": "eve", "email": "eve@example.com", "name": "Eve", "role": "user"},
        ),
    ],
    "invites": rows_of(
        LAST,
        *(
            {
                "invite_id": name,
                "status": status,
                "invited_at": "2027-01-01 00:00:00",
                "expires_at": expires,
                "accepted_at": accepted,
            }
            for name, status, expires, accepted in (
                ("open", "pending", "2027-12-01 00:00:00", None),
                ("late", "pending", "2027-01-15 00:00:00", None),
                ("done", "accepted", "2027-12-01 00:00:00", "2027-01-02 12:00:00"),
            )
        ),
    ),
    "spend_limits": rows_of(LAST, limit("ann", 1000, 950), limit("eve", None, 0)),
    "spend_limit_requests": rows_of(
        LAST,
        {
            "request_id": "r1",
            "actor_id": "ann",
            "status": "pending",
            "created_at": "2027-02-10",
        },
        {
            "request_id": "r2",
            "actor_id": "ann",
            "status": "denied",
            "created_at": "2027-02-10",
        },
    ),
    "teams": rows_of(
        LAST, *({"rbac_group_id": i, "name": "Sales"} for i in ("sales", "it"))
    ),
    "team_members": [
        *rows_of(DAYS[-2], {"rbac_group_id": "it", "user_id": "zed"}),
        *rows_of(LAST, *({"rbac_group_id": "sales", "user_id": u} for u in ("ann", "bob"))),
    ],
}
#: The same tables, loaded before there was unified use, and with a day that was not read.
GLOBEX = {
    **ACME,
    "readings": [row for row in ACME["readings"] if row["date"] != UNREAD.isoformat()],
    "user_summaries": [
        {name: value for name, value in row.items() if "unified" not in name}
        for row in ACME["user_summaries"]
    ],
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file, built by a project that installs the package from a git repository."""
    folder = tmp_path_factory.mktemp("theirs")
    path = folder / "claude.duckdb"
    warehouse.create(path, "acme", ACME)
    warehouse.create(path, "globex", GLOBEX)
    repository = folder / "repository"
    warehouse.install_copy(repository / "transform")
    for command in (
        ["git", "init", "-q"],
        ["git", "add", "."],
        [
            "git",
            "-c",
            "user.name=me",
            "-c",
            "user.email=me@example.com",
            "commit",
            "-qm",
            "x",
        ],
        ["git", "branch", "-m", "main"],
    ):
        subprocess.run(command, cwd=repository, check=True)
    project = folder / "project"
    (project / "models").mkdir(parents=True)
    (project / "models" / "users_of_claude.sql").write_text(MODEL, encoding="utf-8")
    profile = {**PROFILE["theirs"]["outputs"]["duckdb"], "path": str(path)}  # type: ignore[index]
    for name, content in {
        "dbt_project.yml": {"name": "theirs", "profile": "theirs", "vars": VARIABLES},
        "profiles.yml": {"theirs": {"target": "duckdb", "outputs": {"duckdb": profile}}},
        "packages.yml": {
            "packages": [
                {"git": str(repository), "subdirectory": "transform", "revision": "main"}
            ]
        },
    }.items():
        (project / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    dbt = Dbt({**os.environ}, folder / "dbt", project, project)
    dbt.run("deps")
    dbt.run("build")
    return path


def rows(database: Path, columns: str, rest: str, organization: str = "Acme") -> list[Any]:
    """Return cells of a mart, of one organisation."""
    found = query(
        database,
        f"select {columns} from reports.{rest}"
        f"{' and' if ' where ' in rest else ' where'} organization = '{organization}'"
        " order by all",
    )
    return [tuple(row.values()) for row in found]


def test_their_own_models_use_the_marts(database: Path) -> None:
    """And every mart keeps organisations apart."""
    assert rows(database, "user_count", "users_of_claude") == [(7,)]
    assert rows(database, "user_count", "users_of_claude", "Globex") == [(7,)]
    for mart in warehouse.keys():
        found = query(database, f"select distinct organization from reports.{mart}")
        assert {row["organization"] for row in found} <= {"Acme", "Globex"}, mart


def test_what_counts_of_a_day(database: Path) -> None:
    """Rows older than their reading are out, of rows with one key the latest is in."""
    found = rows(
        database, "date, user_id, chat_message_count, is_active", "claude_users_daily"
    )
    assert found == [
        (DAYS[0], "ann", 1, True),
        (TWICE, "bob", 4, True),
        (SWITCHED, "ann", 5, True),
        (SWITCHED, "idle", 0, False),
        (LAST, "bob", 1, True),
    ]


def test_without_a_column_that_came_later(database: Path) -> None:
    """The models build, and the counts are of what there was."""
    found = rows(
        database,
        "chat_message_count",
        f"claude_users_daily where date = '{SWITCHED}'",
        "Globex",
    )
    assert found == [(0,), (3,)]


@pytest.mark.parametrize(
    ("organization", "emptied", "unread", "week"),
    [("Acme", 0, 0, 2), ("Globex", 0, None, None)],
)
def test_nothing_is_not_unknown(
    database: Path, organization: str, emptied: int, unread: int | None, week: int | None
) -> None:
    """A day that was emptied is 0, one that was not read is null, and so is its week."""

    def count(grain: str, start: date) -> Any:  # noqa: ANN401  a count or None
        where = f"claude_active_users where period_grain = '{grain}' and period_start = '{start}'"
        columns = "family_active_user_count"
        [(value,)] = rows(
            database, columns, f"{where} and product_family = 'all'", organization
        )
        return value

    assert count("day", EMPTIED) == emptied
    assert count("day", UNREAD) == unread
    assert count("week", date(2026, 12, 28)) == week


def test_new_and_lost(database: Path) -> None:
    """People of a month against the month before; one that began before the load is unknown."""
    found = rows(
        database,
        "period_start, new_user_count, retained_user_count, lost_user_count",
        "claude_active_users where period_grain = 'week' and product_family = 'all'"
        " and period_start >= '2026-12-14'",
    )
    assert found == [
        (date(2026, 12, 14), 0, 0, 0),
        (date(2026, 12, 21), 1, 0, 0),
        (date(2026, 12, 28), 0, 1, 0),
    ]


def test_a_month_is_the_bill(database: Path) -> None:
    """With deleted users, others than users, and nobody."""
    columns = "actor_type, actor_id, is_deleted, cost_usd, is_settled"
    found = rows(database, columns, "claude_spend_monthly where month_start = '2026-12-01'")
    assert sorted(found, key=str) == [
        ("api_actor", "key", None, Decimal("0.25"), True),
        ("unknown", None, None, Decimal(3), True),
        ("user_actor", "ann", False, Decimal("1.5"), True),
        ("user_actor", "dan", True, Decimal("2.25"), True),
    ]
    [(bill,)] = rows(
        database, "cost_usd", "claude_spend_org_monthly where month_start = '2026-12-01'"
    )
    assert bill == 7
    found = rows(database, "user_id, cost_last_full_month_usd", "claude_users")
    assert dict(found) == {
        **dict.fromkeys(("bob", "eve", "idle", "new-bob"), 0),
        "ann": Decimal("1.5"),
        "dan": Decimal("2.25"),
        "zed": 0,
    }


def test_slack_users_need_no_seat(database: Path) -> None:
    """They have no rate and are in no total."""
    columns = "product, monthly_active_user_count, monthly_adoption_rate, window_days"
    found = rows(database, columns, f"claude_adoption_daily where date = '{LAST}'")
    assert found == [("all", 60, None, 30), ("claude_tag", 500, None, 28)]
    columns = "active_30_count, seats_minus_active_30"
    assert rows(database, columns, f"claude_seats_daily where date = '{LAST}'") == [
        (60, -1)
    ]


def test_teams_overlap(database: Path) -> None:
    """A person in two teams counts in both, and once in the organisation."""
    columns = "rbac_group_id, team_name, commit_count, current_members_active_count"
    found = rows(
        database, columns, "claude_code_team_monthly where month_start = '2027-01-01'"
    )
    assert found == [("it", "Sales", 2, None), ("sales", "Sales", 2, None)]
    columns = "commit_count, acceptance_rate"
    where = "claude_code_org_monthly where month_start = '2027-01-01'"
    assert rows(database, columns, where) == [(2, 50)]
    columns = "rbac_group_id, member_count"
    assert rows(database, columns, "claude_teams") == [("it", 0), ("sales", 2)]


def test_members_without_activity(database: Path) -> None:
    """Of the latest snapshot; who is known by address only is told so."""
    columns = "user_id, last_active_date, days_since_active, is_never_active"
    assert rows(database, columns, "claude_members") == [
        ("ann", SWITCHED, 4, False),
        ("eve", None, None, True),
        ("new-bob", None, None, True),
    ]
    columns = "date, member_count, ever_active_member_count, never_active_member_count"
    assert rows(database, columns, "claude_members_daily") == [
        (DAYS[-2], 2, 1, 1),
        (LAST, 3, 1, 2),
    ]
    columns = "user_id, is_member, matched_by, name"
    assert rows(database, columns, "claude_users") == [
        ("ann", True, "user_id", "Ann"),
        ("bob", True, "email_address", "Bob"),
        ("dan", False, None, None),
        ("eve", True, "user_id", "Eve"),
        ("idle", False, None, None),
        ("new-bob", True, "user_id", "Bob"),
        ("zed", False, None, None),
    ]
    where = f"claude_frequency_daily where date = '{LAST}'"
    assert dict(rows(database, "frequency, user_count", where)) == {
        "most days": 0,
        "weekly": 0,
        "now and then": 1,
        "once": 1,
        "none": 2,
    }


def test_limits_and_requests(database: Path) -> None:
    """The latest snapshot of each."""
    columns = "actor_id, state, limit_amount, spent_share, source_name"
    assert rows(database, columns, "claude_spend_limits_now") == [
        ("ann", "high", 10, 0.95, "Sales"),
        ("eve", "unlimited", None, None, "Sales"),
    ]
    columns = "request_id, is_pending, days_waiting"
    assert rows(database, columns, "claude_spend_limit_requests") == [
        ("r1", True, 2),
        ("r2", False, None),
    ]
    columns = "invite_id, is_pending, invite_acceptance_days"
    assert rows(database, columns, "claude_invites") == [
        ("done", False, 1.5),
        ("late", False, None),
        ("open", True, None),
    ]


def test_freshness(database: Path) -> None:
    """Missing days, empty ones, and how far behind a stream is."""
    columns = "missing_day_count, empty_day_count, days_behind"
    where = "claude_freshness where stream = 'user_summaries'"
    assert rows(database, columns, where) == [(0, 1, 3)]
    assert rows(database, columns, where, "Globex") == [(1, 1, 3)]
    where = f"claude_days where stream = 'user_summaries' and date = '{UNREAD}'"
    assert rows(database, "state, row_count", where, "Globex") == [("not read", None)]
