"""The SQL in ``sql/postgres``: every number is the simulator's truth, worked out anew."""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import ROOT, truth
from tests.sandbox import Sandbox
from tests.simulator import Options
from tests.system import views
from tests.system.views import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import psycopg

    from tests.system.meltano_fixture import MeltanoProject
    from tests.truth import Record

Cells = tuple[Any, ...]

#: More digits than any sum has.
EXACT = Context(prec=100)

#: The days that the views of skills and connectors look at.
LATEST = DAYS[-28:]
TODAY = views.TODAY


@pytest.fixture(scope="module")
def box(meltano_project: MeltanoProject) -> Iterator[Sandbox]:
    """A sandbox with all tables and views, made as the files say."""
    options = Options(users=16, projects=4, skills=5, connectors=5, plugins=3)
    with Sandbox(options) as sandbox:
        views.fill(sandbox, meltano_project)
        for name in (views.CURRENT_ROWS, *views.VIEWS):
            made = views.psql(sandbox, *views.command_in(name))
            assert made.returncode == 0, made.stderr
        yield sandbox


def rows(box: Sandbox, view: str, *columns: str) -> list[Cells]:
    """Return columns of a view."""
    return box.query(f"select {', '.join(columns)} from {views.SCHEMA}.{view}")


def true_records(box: Sandbox, stream: str, days: Iterable[date] = DAYS) -> list[Record]:
    """Return what a stream holds in truth, with days as such."""
    return [
        {**record, "date": day}
        for day in days
        for record in truth.records(box.simulator, stream, day)
    ]


def total(values: Iterable[Decimal | int | None]) -> Decimal | None:
    """Return the sum of what is known, None if nothing is."""
    known = [Decimal(value) for value in values if value is not None]
    with localcontext(EXACT):
        return sum(known, Decimal(0)) if known else None


def dollars(bill: Iterable[Record], name: str) -> Decimal:
    """Return the sum of amounts that are in cents."""
    with localcontext(EXACT):
        return sum((Decimal(row[name]) for row in bill), Decimal(0)).scaleb(-2)


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def grouped(records: Iterable[Record], *keys: str) -> dict[Cells, list[Record]]:
    """Return the records under their months and the values of keys."""
    groups = defaultdict(list)
    for record in records:
        group = (month_of(record["date"]), *(record[key] for key in keys))
        groups[group].append(record)
    return groups


@pytest.mark.parametrize("stream", views.STREAMS)
def test_current_rows(box: Sandbox, stream: str) -> None:
    """Every row that is true, and none besides, though others are in the table."""
    keys = truth.KEYS[stream]
    current = Counter(rows(box, f"current_{stream}", *keys))
    expected = true_records(box, stream)
    assert current == Counter(tuple(record[key] for key in keys) for record in expected)
    if stream not in {"adoption", "org_summaries"}:
        stale = Counter(rows(box, stream, *keys)) - current
        assert stale
        assert {cells[0] for cells in stale} <= {views.VANISHED, views.EMPTIED}


def test_views_may_have_a_schema_of_their_own(box: Sandbox) -> None:
    """And all of them are made there, for every table there is."""
    path = f"create schema reports; set search_path to reports, {views.SCHEMA}"
    files = [f"-f{name}.sql" for name in (views.CURRENT_ROWS, *views.VIEWS)]
    made = views.psql(box, "-v", "ON_ERROR_STOP=1", "-c", path, *files)
    assert made.returncode == 0, made.stderr
    names = box.query("select viewname from pg_views where schemaname = 'reports'")
    assert {name for (name,) in names} == {
        *views.VIEWS,
        *(f"current_{stream}" for stream in (*views.STREAMS, "cost")),
    }


def test_seat_utilisation(box: Sandbox) -> None:
    """What the API says of each day, and the seats that nobody used for a month."""
    columns = (
        *("date", "assigned_seat_count", "pending_invite_count"),
        *(f"{p}_active_user_count" for p in ("daily", "weekly", "monthly")),
        *(f"{p}_adoption_rate" for p in ("daily", "weekly", "monthly")),
    )
    expected = Counter[Cells]()
    for record in true_records(box, "org_summaries"):
        seats = record["assigned_seat_count"]
        idle = None if seats is None else seats - record["monthly_active_user_count"]
        expected[(*(record[column] for column in columns), idle)] += 1
    landed = Counter(rows(box, "seat_utilisation", *columns, "idle_seat_count"))
    assert landed == expected
    assert any(idle is None for *_, idle in landed)


def test_weekly_active_users_by_product(box: Sandbox) -> None:
    """A week is what its Sunday says, null where that is null, and never a sum."""
    sundays = [day for day in DAYS if day.isoweekday() == 7]
    expected = {
        (r["date"] - timedelta(days=6), r["product"]): (
            r["weekly_active_user_count"],
            r["weekly_adoption_rate"],
            r["assigned_seat_count"],
        )
        for r in true_records(box, "adoption", sundays)
    }
    landed = rows(box, "weekly_active_users_by_product", "*")
    assert {cells[:2]: cells[2:] for cells in landed} == expected
    assert len(landed) == len(expected) == 5 * 9
    assert expected[date(2026, 10, 26), "chat"] == (None, None, None)
    assert expected[date(2026, 10, 26), "all"][0] == 7


def assert_top(
    landed: Sequence[Cells], records: Iterable[Record], name: str, *counts: str
) -> None:
    """Check a view of the top skills or connectors against the records of its days."""
    used = defaultdict(list)
    for record in records:
        used[record[f"{name}_name"]].append(record)
    expected = {
        key: (
            next(filter(None, (r[f"{name}_display_name"] for r in days[::-1])), None),
            *(
                total(r[count] for r in days if r[counts[0]] is not None)
                for count in counts
            ),
            sum(r[counts[0]] is None for r in days),
            len(days),
            max(r["distinct_user_count"] for r in days),
            LATEST[0],
            LATEST[-1],
        )
        for key, days in used.items()
    }
    assert {key: tuple(cells) for _, key, *cells in landed} == expected
    known = sorted(filter(None, (cells[1] for cells in expected.values())), reverse=True)
    for place, _, _, count, *_ in landed:
        assert place == (known.index(count) if count else len(known)) + 1
    assert any(unknown for *_, unknown, _, _, _, _ in landed)


def test_top_skills(box: Sandbox) -> None:
    """The last 28 days that were read, by how often a skill was used."""
    records = true_records(box, "skills", LATEST)
    assert_top(rows(box, "top_skills", "*"), records, "skill", "invocation_count")


def test_top_connectors(box: Sandbox) -> None:
    """The last 28 days that were read, by calls; if one kind is null, so are they."""
    kinds = [f"{kind}_call_count" for kind in ("read", "write", "unclassified")]
    records = true_records(box, "connectors", LATEST)
    for record in records:
        calls = [record[kind] for kind in kinds]
        record["call_count"] = None if None in calls else sum(calls)
    landed = rows(box, "top_connectors", "*")
    assert_top(landed, records, "connector", "call_count", *kinds[:2])


def claude_code(record: Record) -> tuple[list[Record], list[int | None]]:
    """Return a day's edits by tool, if known, and its lines, commits and requests."""
    block = record["claude_code_metrics"]
    if block is None:
        return [], [None] * 4
    core = block["core_metrics"]
    return (
        [tool for tool in block["tool_actions"].values() if None not in tool.values()],
        [
            core["lines_of_code"]["added_count"],
            core["lines_of_code"]["removed_count"],
            core["commit_count"],
            core["pull_request_count"],
        ],
    )


@pytest.mark.parametrize(
    ("view", "stream", "key", "label"),
    [
        ("claude_code_by_user", "user_summaries", "user_id", "email_address"),
        ("claude_code_by_team", "team_summaries", "rbac_group_id", "rbac_group_name"),
    ],
)
def test_claude_code(box: Sandbox, view: str, stream: str, key: str, label: str) -> None:
    """Months of a user or team: edits of wholly known tools, lines, and the rest."""
    expected = {}
    for group, days in grouped(true_records(box, stream), key).items():
        edits, work = zip(*(claude_code(record) for record in days), strict=True)
        accepted, rejected = (
            total(tool[f"{answer}_count"] for tools in edits for tool in tools)
            for answer in ("accepted", "rejected")
        )
        asked = total((accepted, rejected))
        rate = 100 * (accepted or 0) / asked if asked else None
        expected[group] = (
            next(filter(None, (record[label] for record in days[::-1])), None),
            accepted,
            rejected,
            rate and rate.quantize(Decimal("0.01"), ROUND_HALF_UP),
            *map(total, zip(*work, strict=True)),
            sum(
                len(tools) < 4 or None in figures
                for tools, figures in zip(edits, work, strict=True)
            ),
        )
    assert {cells[:2]: cells[2:] for cells in rows(box, view, "*")} == expected
    assert any(unknown for *_, unknown in expected.values())
    assert {rate for _, _, _, rate, *_ in expected.values()} > {None}


def test_cost_by_user_model_month(box: Sandbox) -> None:
    """Every bill to the last digit, and the organisation's with the rows of nobody."""
    after = views.COST_DAYS[-1] + timedelta(days=1)
    report = box.simulator.truth_report(
        "cost", views.COST_DAYS[0], after, group_by=("actor", "product", "model")
    )
    bills: defaultdict[Cells, list[Record]] = defaultdict(list)
    for row in report:
        actor = row["group"]["actor"] or {"type": "unknown"}
        kinds = ("user_id", "service_account_id", "api_key_id", "subject")
        who = next((actor[kind] for kind in kinds if kind in actor), None)
        month = month_of(date.fromisoformat(row["starting_at"][:10]))
        model = row["group"]["model"] or "(none)"
        bills[month, actor["type"], who, model].append({**actor, **row["cost"]})
    columns = ("month", "actor_type", "actor_id", "model")
    figures = ("email_address", "is_deleted", "dollars", "list_dollars")
    landed = rows(box, "cost_by_user_model_month", *columns, *figures)
    assert {cells[:4]: cells[4:] for cells in landed} == {
        key: (
            next(filter(None, (r.get("email_address") for r in bill[::-1])), None),
            any(r["deleted"] for r in bill) if key[1] == "user_actor" else None,
            dollars(bill, "amount"),
            dollars(bill, "list_amount"),
        )
        for key, bill in bills.items()
    }
    assert len(landed) == len(bills)
    assert {"unknown", "user_actor"} <= {cells[1] for cells in bills}
    assert any(deleted for *_, deleted, _, _ in landed)
    months = Counter(
        rows(box, "cost_by_user_model_month", "month", "is_complete", "is_final")
    )
    assert months.keys() == {
        (date(2026, 8, 1), False, False),
        (date(2026, 9, 1), True, True),
        (date(2026, 10, 1), True, False),
        (date(2026, 11, 1), False, False),
    }


@contextmanager
def changed(box: Sandbox, *statements: str) -> Iterator[psycopg.Connection[Cells]]:
    """Give a connection to the database in which some tables are changed meanwhile."""
    with box.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(f"set local search_path to {views.SCHEMA}")
        for statement in statements:
            connection.execute(statement.encode())
        yield connection


def test_costs_without_an_amount_are_counted(box: Sandbox) -> None:
    """Their rows are in no sum, and a sum of nothing else is null."""
    day = views.COST_DAYS[0]
    with changed(
        box,
        f"update cost set amount_usd = null where date = '{day}' or date >= '2026-11-01'",
    ) as connection:
        landed = connection.execute(
            "select sum(unknown_row_count), sum(dollars) is null"
            " from cost_by_user_model_month group by month order by month"
        ).fetchall()
        [(rows_of_day,)] = connection.execute(
            f"select count(*) from current_cost where date = '{day}'"
        ).fetchall()
    assert landed[:3] == [(rows_of_day, False), (0, False), (0, False)]
    assert landed[3][1]


def test_months_are_whole_for_all_or_none(box: Sandbox) -> None:
    """A day that was still filling, or may be revised, counts for everybody's month."""
    with changed(
        box,
        "update readings set is_complete = false"
        " where stream = 'cost' and date = '2026-09-15'",
        "update cost set is_final = true where actor_type = 'user_actor'",
    ) as connection:
        landed = connection.execute(
            "select distinct month::text, is_complete, is_final"
            " from cost_by_user_model_month where month in ('2026-09-01', '2026-10-01')"
        ).fetchall()
    assert sorted(landed) == [("2026-09-01", False, False), ("2026-10-01", True, False)]


def test_who_changes_in_a_month_has_one_bill(box: Sandbox) -> None:
    """With the latest address, and deleted if that was so at any time."""
    [(user, model)] = box.query(
        f"select actor_id, model from {views.SCHEMA}.current_cost"
        " where date between '2026-10-01' and '2026-10-31' and not actor__deleted"
        " group by 1, 2 having count(*) > 5 order by 1, 2 limit 1"
    )
    with changed(
        box,
        "update cost set actor_email_address = 'moved@example.com', actor__name = 'New',"
        f" actor__deleted = true where actor_id = '{user}' and date = (select max(date)"
        f" from cost where date < '2026-11-01' and actor_id = '{user}'"
        f" and model = '{model}')",
    ) as connection:
        landed = connection.execute(
            "select email_address, is_deleted from cost_by_user_model_month"
            f" where month = '2026-10-01' and actor_id = '{user}' and model = '{model}'"
        ).fetchall()
    assert landed == [("moved@example.com", True)]


def test_every_file_is_tested() -> None:
    """A view without a test here fails."""
    source = Path(__file__).read_text(encoding="utf-8")
    untested = [name for name in views.VIEWS if f'"{name}"' not in source]
    assert untested == []


def test_the_readme_says_the_same(box: Sandbox) -> None:
    """Its command runs, and its table names every view."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("<!-- views -->\n")[1].split("\n## ")[0]
    command, table = section.removeprefix("```sh\n").split("\n```\n")
    _, address, *arguments = shlex.split(command.replace("\\\n", " "))
    assert address == "$DATABASE_URL"
    done = views.psql(box, *arguments)
    assert done.returncode == 0, done.stderr
    named = {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split(" | ")[0])
    }
    assert named == set(views.VIEWS)
