"""The dbt package in somebody else's project, with two organisations."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import pytest
import yaml

from tests.system import warehouse
from tests.system.transform_rows import (
    ACME,
    DAYS,
    EMPTIED,
    GLOBEX,
    LAST,
    SWITCHED,
    TWICE,
    UNREAD,
)
from tests.system.warehouse import Cell, Dbt, query

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ON = (
    "team_summaries",
    "members",
    "invites",
    "spend_limits",
    "spend_limit_requests",
    "teams",
    "team_members",
)
OFF = ("chat_projects", "skills", "connectors", "plugins", "artifacts", "usage")
VARIABLES = {
    "claude_analytics__organizations": {"Acme": "acme", "Globex": "globex"},
    "claude_analytics__today": "2027-01-06",
    **{f"claude_analytics__using_{stream}": True for stream in ON},
    **{f"claude_analytics__using_{stream}": False for stream in OFF},
}

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="dbt-core 1.11 does not run on Python 3.14"
)

#: What their own model makes of one of the marts.
MODEL = (
    "select organization, count(*) as user_count from {{ ref('claude_users') }} group by 1"
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file, built by a project that installs the package from a git repository."""
    folder = tmp_path_factory.mktemp("theirs")
    path = folder / "claude.duckdb"
    warehouse.create(path, "acme", ACME)
    warehouse.create(path, "globex", GLOBEX)
    repository = folder / "repository"
    left = shutil.ignore_patterns("target", "logs", "dbt_packages")
    shutil.copytree(warehouse.PACKAGE, repository / "transform", ignore=left)
    git = ("git", "-c", "user.name=me", "-c", "user.email=me@example.com")
    for arguments in (["init", "-qb", "main"], ["add", "."], ["commit", "-qm", "It"]):
        subprocess.run([*git, *arguments], cwd=repository, check=True)
    project = folder / "project"
    (project / "models").mkdir(parents=True)
    (project / "models" / "users_of_claude.sql").write_text(MODEL, encoding="utf-8")
    profile = {"type": "duckdb", "path": str(path), "schema": "reports", "threads": 4}
    package = {"git": str(repository), "subdirectory": "transform", "revision": "main"}
    for name, content in {
        "dbt_project.yml": {"name": "theirs", "profile": "theirs", "vars": VARIABLES},
        "profiles.yml": {"theirs": {"target": "duckdb", "outputs": {"duckdb": profile}}},
        "packages.yml": {"packages": [package]},
    }.items():
        (project / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    dbt = Dbt(warehouse.install_dbt(folder / "dbt"), os.environ, folder / "run", project)
    dbt.run("deps")
    dbt.run("build")
    return path


Read: TypeAlias = "Callable[..., list[Cell]]"


@pytest.fixture
def read(database: Path) -> Read:
    """Returns cells of a mart, of one organisation."""

    def rows(columns: str, rest: str, organization: str = "Acme") -> list[Cell]:
        also = "and" if " where " in rest else "where"
        statement = (
            f"select {columns} from reports.{rest} {also} organization = '{organization}'"
        )
        found = query(database, f"{statement} order by all")
        return [tuple(row.values()) for row in found]

    return rows


def test_their_own_models_use_the_marts(database: Path, read: Read) -> None:
    """And every mart keeps organisations apart."""
    assert read("user_count", "users_of_claude") == [(7,)]
    assert read("user_count", "users_of_claude", "Globex") == [(7,)]
    organizations = {
        mart: {row["organization"] for row in query(database, f"from reports.{mart}")}
        for mart in warehouse.mart_keys()
    }
    empty = {mart for mart, found in organizations.items() if not found}
    assert empty == {"claude_things_28", "claude_things_daily"}
    assert all(organizations[m] == {"Acme", "Globex"} for m in organizations.keys() - empty)


def test_what_counts_of_a_day(read: Read) -> None:
    """Rows older than their reading are out, of rows with one key the latest is in."""
    found = read("date, user_id, chat_message_count, is_active", "claude_users_daily")
    assert found == [
        (DAYS[0], "ann", 1, True),
        (TWICE, "bob", 4, True),
        (SWITCHED, "ann", 5, True),
        (SWITCHED, "idle", 0, False),
        (LAST, "bob", 1, True),
    ]


def test_without_a_column_that_came_later(read: Read) -> None:
    """The models build, and the counts are of what there was."""
    found = read(
        "chat_message_count",
        f"claude_users_daily where date = '{SWITCHED}'",
        "Globex",
    )
    assert found == [(0,), (3,)]


@pytest.mark.parametrize(
    ("organization", "unread", "week"), [("Acme", 0, 2), ("Globex", None, None)]
)
def test_nothing_is_not_unknown(
    read: Read, organization: str, unread: int | None, week: int | None
) -> None:
    """A day that was emptied is 0, one that was not read is null, and so is its week."""
    found = read(
        "period_grain, period_start, family_active_user_count",
        "claude_active_users where product_family = 'all'",
        organization,
    )
    counts = {(grain, start): count for grain, start, count in found}
    assert counts["day", EMPTIED] == 0
    assert counts["day", UNREAD] == unread
    assert counts["week", date(2026, 12, 28)] == week


def test_new_and_lost(read: Read) -> None:
    """People of a week against those of the week before."""
    found = read(
        "period_start, new_user_count, retained_user_count, lost_user_count",
        "claude_active_users where period_grain = 'week' and product_family = 'all'"
        " and period_start >= '2026-12-14'",
    )
    assert found == [
        (date(2026, 12, 14), 0, 0, 0),
        (date(2026, 12, 21), 1, 0, 0),
        (date(2026, 12, 28), 0, 1, 0),
    ]


def test_a_month_is_the_bill(read: Read) -> None:
    """With deleted users, others than users, and nobody."""
    columns = "actor_type, actor_id, is_deleted, cost_usd, is_settled"
    found = read(columns, "claude_spend_monthly where month_start = '2026-12-01'")
    assert sorted(found, key=str) == [
        ("api_actor", "key", None, Decimal("0.25"), True),
        ("unknown", None, None, Decimal(3), True),
        ("user_actor", "ann", False, Decimal("1.5"), True),
        ("user_actor", "dan", True, Decimal("2.25"), True),
    ]
    [(bill,)] = read(
        "cost_usd", "claude_spend_org_monthly where month_start = '2026-12-01'"
    )
    assert bill == 7
    found = read("user_id, cost_last_full_month_usd", "claude_users")
    assert dict(found) == {
        **dict.fromkeys(("bob", "eve", "idle", "new-bob"), 0),
        "ann": Decimal("1.5"),
        "dan": Decimal("2.25"),
        "zed": 0,
    }


def test_slack_users_need_no_seat(read: Read) -> None:
    """They have no rate and are in no total."""
    columns = "product, monthly_active_user_count, monthly_adoption_rate, window_days"
    found = read(columns, f"claude_adoption_daily where date = '{LAST}'")
    assert found == [("all", 60, None, 30), ("claude_tag", 500, None, 28)]
    columns = "active_30_count, seats_minus_active_30"
    assert read(columns, f"claude_seats_daily where date = '{LAST}'") == [(60, -1)]


def test_teams_overlap(read: Read) -> None:
    """A person in two teams counts in both, and once in the organisation."""
    columns = "rbac_group_id, team_name, commit_count, current_members_active_count"
    found = read(columns, "claude_code_team_monthly where month_start = '2027-01-01'")
    assert found == [("it", "Sales", 2, None), ("sales", "Sales", 2, None)]
    columns = "commit_count, acceptance_rate"
    where = "claude_code_org_monthly where month_start = '2027-01-01'"
    assert read(columns, where) == [(2, 50)]
    columns = "rbac_group_id, member_count"
    assert read(columns, "claude_teams") == [("it", 0), ("sales", 2)]


def test_members_without_activity(read: Read) -> None:
    """Of the latest snapshot; who is known by address only is told so."""
    columns = "user_id, last_active_date, days_since_active, is_never_active"
    assert read(columns, "claude_members") == [
        ("ann", SWITCHED, 4, False),
        ("eve", None, None, True),
        ("new-bob", None, None, True),
    ]
    columns = "date, member_count, ever_active_member_count, never_active_member_count"
    assert read(columns, "claude_members_daily") == [
        (DAYS[-2], 2, 1, 1),
        (LAST, 3, 1, 2),
    ]
    columns = "user_id, is_member, matched_by, name"
    assert read(columns, "claude_users") == [
        ("ann", True, "user_id", "Ann"),
        ("bob", True, "email_address", "Bob"),
        ("dan", False, None, None),
        ("eve", True, "user_id", "Eve"),
        ("idle", False, None, None),
        ("new-bob", True, "user_id", "Bob"),
        ("zed", False, None, None),
    ]
    where = f"claude_frequency_daily where date = '{LAST}'"
    assert dict(read("frequency, user_count", where)) == {
        "most days": 0,
        "weekly": 0,
        "now and then": 1,
        "once": 1,
        "none": 2,
    }


def test_limits_and_requests(read: Read) -> None:
    """The latest snapshot of each."""
    columns = "actor_id, state, limit_amount, spent_share, source_name"
    assert read(columns, "claude_spend_limits_now") == [
        ("ann", "high", 10, 0.95, "Sales"),
        ("eve", "unlimited", None, None, "Sales"),
    ]
    columns = "request_id, is_pending, days_waiting"
    assert read(columns, "claude_spend_limit_requests") == [
        ("r1", True, 2),
        ("r2", False, None),
    ]
    columns = "invite_id, is_pending, invite_acceptance_days"
    assert read(columns, "claude_invites") == [
        ("done", False, 1.5),
        ("late", False, None),
        ("open", True, None),
    ]


def test_freshness(read: Read) -> None:
    """Missing days, empty ones, and how far behind a stream is."""
    columns = "missing_day_count, empty_day_count, days_behind"
    where = "claude_freshness where stream = 'user_summaries'"
    assert read(columns, where) == [(0, 1, 3)]
    assert read(columns, where, "Globex") == [(1, 1, 3)]
    where = f"claude_days where stream = 'user_summaries' and date = '{UNREAD}'"
    assert read("state, row_count", where, "Globex") == [("not read", None)]
