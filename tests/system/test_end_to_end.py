"""``meltano run`` from the API into PostgreSQL, twice, with a day revised in between."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

import pytest

from tests import docs, truth
from tests.sandbox import Sandbox
from tests.simulator import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulator import Fact
    from tests.system.meltano_fixture import MeltanoProject

SCHEMA = "tap_claude_analytics"

#: More digits than any sum has.
EXACT = Context(prec=100)

#: A Monday, so that the days which change, from Tuesday to Thursday, are busy.
TODAY = date(2026, 10, 12)
LAST = TODAY - timedelta(days=3)
FIRST = LAST - timedelta(days=11)
#: The first run ends a day early, so that the second one has a new day.
FIRST_RUN_LAST = LAST - timedelta(days=1)

#: What happens to days between the runs; all lie in the lookback of the second.
REVISED, VANISHED, EMPTIED = (FIRST_RUN_LAST - timedelta(days=n) for n in (0, 1, 2))

CURRENT = (
    "select t.* from {schema}.{table} t join {schema}.readings r"
    " on r.stream = '{table}' and r.date = t.date and t.snapshot_at >= r.snapshot_at"
)


def revised(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with one count changed."""
    return [{**row, "distinct_user_count": 1000} for row in rows]


def dearer(facts: list[Fact]) -> list[Fact]:
    """Return the facts with money and tokens that have grown by a third of a percent."""
    return [fact.scaled(Decimal("1.00333")) for fact in facts]


def without_creator(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with a known object that is null."""
    return [{**row, "created_by": None} for row in rows]


@pytest.fixture(scope="module")
def box(
    meltano_project: MeltanoProject,
) -> Iterator[Sandbox]:
    """A sandbox in which the pipeline has run twice."""
    with Sandbox(Options(users=40, projects=10)) as sandbox:
        sandbox.environment["TAP_CLAUDE_ANALYTICS_START_DATE"] = FIRST.isoformat()
        sandbox.environment["TAP_CLAUDE_ANALYTICS_END_DATE"] = FIRST_RUN_LAST.isoformat()
        sandbox.simulator.edit("chat_projects", FIRST, without_creator)
        first = meltano_project.run(sandbox)
        assert first.returncode == 0, first.stderr[-5000:]
        for stream in truth.ROW_STREAMS:
            endpoint = truth.ROW_STREAMS[stream]
            if endpoint != "summaries":
                truth.assert_busy(sandbox.simulator, endpoint, REVISED, VANISHED, EMPTIED)
                sandbox.simulator.edit(
                    endpoint, REVISED, revised if endpoint != "users" else list
                )
                sandbox.simulator.edit(endpoint, VANISHED, lambda rows: rows[1:])
                sandbox.simulator.edit(endpoint, EMPTIED, lambda _: [])
        sandbox.simulator.revise(REVISED, dearer)
        sandbox.simulator.revise(VANISHED, lambda facts: facts[1:])
        sandbox.simulator.revise(EMPTIED, lambda _: [])
        sandbox.simulator.requests.clear()
        del sandbox.environment["TAP_CLAUDE_ANALYTICS_END_DATE"]
        second = meltano_project.run(sandbox)
        assert second.returncode == 0, second.stderr[-5000:]
        yield sandbox


def days() -> list[date]:
    """Return all days that both runs have read."""
    return [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def columns(box: Sandbox, table: str) -> dict[str, str]:
    """Return the columns of a table and their types."""
    return dict(
        box.query(
            "select column_name, data_type from information_schema.columns"
            f" where table_schema = '{SCHEMA}' and table_name = '{table}'"
        )
    )


def current(box: Sandbox, table: str, *names: str) -> list[tuple[Any, ...]]:
    """Return columns of the current rows of a table, as the README joins them."""
    source = CURRENT.format(schema=SCHEMA, table=table)
    return box.query(f"select {', '.join(names)} from ({source}) c")


@pytest.mark.parametrize("stream", truth.STREAMS)
def test_current_rows_are_the_truth(box: Sandbox, stream: str) -> None:
    """Exactly: every row that is true is current, and none besides."""
    keys = truth.KEYS[stream]
    expected = [
        tuple(record[key] if key != "date" else day for key in keys)
        for day in days()
        for record in truth.records(box.simulator, stream, day)
    ]
    assert sorted(current(box, stream, *keys), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("stream", ["skills", "plugins", "chat_projects"])
def test_revised_days_have_the_new_figures(box: Sandbox, stream: str) -> None:
    """A day that was read again shows what the API says now."""
    expected = sum(
        record["distinct_user_count"]
        for day in days()
        for record in truth.records(box.simulator, stream, day)
    )
    [(total,)] = current(box, stream, "sum(distinct_user_count)")
    assert total == expected
    [(largest,)] = current(box, stream, "max(distinct_user_count)")
    assert largest >= 1000


def test_vanished_rows_stay_behind_but_are_not_current(box: Sandbox) -> None:
    """Upserts delete nothing: the join with ``readings`` is what hides them."""
    [(landed,)] = box.query(f"select count(*) from {SCHEMA}.skills")
    assert landed > len(current(box, "skills", "date"))


def test_emptied_days_are_known_to_be_empty(box: Sandbox) -> None:
    """A day without rows is told from a day that was not read."""
    readings = box.query(
        f"select stream, row_count, is_complete from {SCHEMA}.readings"
        f" where date = '{EMPTIED}'"
    )
    counts = {stream: row_count for stream, row_count, _ in readings}
    assert counts.keys() == {*truth.STREAMS, "usage", "cost"}
    assert {stream for stream, count in counts.items() if count} == {
        "adoption",
        "org_summaries",
    }
    assert {complete for _, _, complete in readings} == {True}


def test_second_run_asks_for_the_new_day_and_the_lookback(box: Sandbox) -> None:
    """3 + 1 days of each daily endpoint, one request for summaries."""
    window = [(LAST - timedelta(days=n)).isoformat() for n in (3, 2, 1, 0)]
    for path in set(truth.PATHS.values()):
        asked = [r.params for r in box.simulator.requests if r.path == path]
        if path == "summaries":
            assert [params["starting_date"] for params in asked] == [[window[0]]]
        else:
            # They are fetched in parallel.
            assert sorted(params["date"] for params in asked) == [[day] for day in window]


def true_costs(box: Sandbox) -> list[dict[str, Any]]:
    """Return what cost holds in truth for the days of both runs and those up to today."""
    rows = box.simulator.truth_report(
        "cost", FIRST, TODAY + timedelta(days=1), group_by=("actor", "product", "model")
    )
    return [{**row, **row["group"], **row["cost"]} for row in rows]


def test_cost_adds_up_exactly(box: Sandbox) -> None:
    """Per day, product and model, to the last digit, after figures were revised."""
    expected: dict[tuple[Any, ...], Decimal] = {}
    with localcontext(EXACT):
        for row in true_costs(box):
            cell = (row["starting_at"][:10], row["product"], row["model"])
            expected[cell] = expected.get(cell, Decimal(0)) + Decimal(row["amount"])
    source = CURRENT.format(schema=SCHEMA, table="cost")
    landed = box.query(
        f"select date::text, product, model, sum(amount), sum(amount_usd) * 100"
        f" from ({source}) c group by 1, 2, 3"
    )
    assert {tuple(cell): cents for *cell, cents, _ in landed} == expected
    assert all(cents == dollars for *_, cents, dollars in landed)
    assert columns(box, "cost")["amount_usd"] == "numeric"


def test_usage_adds_up_exactly(box: Sandbox) -> None:
    """Tokens and requests of all current rows."""
    rows = box.simulator.truth_report(
        "usage", FIRST, TODAY + timedelta(days=1), group_by=("actor", "product", "model")
    )
    names = ("output_tokens", "total_tokens", "requests")
    expected = tuple(sum(row["usage"][name] for row in rows) for name in names)
    [landed] = current(box, "usage", *(f"sum({name})" for name in names))
    assert landed == expected


def test_monthly_bill(box: Sandbox) -> None:
    """The SQL of the documentation is right: per user, and in total."""
    bill = box.query(docs.block("monthly bill"))
    costs = true_costs(box)
    with localcontext(EXACT):
        total = sum((Decimal(row["amount"]) for row in costs), Decimal(0))
        assert sum((row[4] for row in bill), Decimal(0)) * 100 == total
        for user in {
            r["actor"]["user_id"] for r in costs if "user_id" in (r["actor"] or {})
        }:
            cents = sum(
                Decimal(r["amount"])
                for r in costs
                if (r["actor"] or {}).get("user_id") == user
            )
            assert sum(row[4] for row in bill if row[2] == user) * 100 == cents


@pytest.mark.parametrize("table", [*truth.STREAMS, "readings"])
def test_primary_keys_are_enforced(box: Sandbox, table: str) -> None:
    """The database itself keeps keys unique and not null."""
    rows = box.query(
        "select column_name from information_schema.table_constraints"
        " join information_schema.key_column_usage"
        " using (table_schema, table_name, constraint_name)"
        f" where table_schema = '{SCHEMA}' and table_name = '{table}'"
        " and constraint_type = 'PRIMARY KEY'"
    )
    assert {name for (name,) in rows} == set(truth.KEYS[table])


def test_types_of_columns(box: Sandbox) -> None:
    """Money is numeric, days are dates, counts are integers, instants have a zone."""
    skills = columns(box, "skills")
    assert skills["attributed_list_price"] == "numeric"
    assert skills["date"] == "date"
    assert skills["distinct_user_count"] == "bigint"
    assert skills["snapshot_at"] in {
        "timestamp with time zone",
        "timestamp without time zone",
    }
    assert columns(box, "adoption")["daily_adoption_rate"] == "numeric"
    assert columns(box, "user_summaries")["last_activity_date"] == "date"
    assert columns(box, "artifacts")["is_shared"] == "boolean"


def test_money_is_exact(box: Sandbox) -> None:
    """The sum in the database is the sum of the API's strings, to the last digit."""
    expected = sum(
        (
            Decimal(row["attributed_list_price"])
            for day in days()
            for row in box.simulator.truth("skills", day)
            if row["attributed_list_price"] is not None
        ),
        Decimal(0),
    )
    [(total,)] = current(box, "skills", "sum(attributed_list_price)")
    assert total == expected
    assert total > 0


def test_every_leaf_is_a_column(box: Sandbox) -> None:
    """Nothing nested is left but what the schema does not know."""
    for table in truth.STREAMS:
        nested = {
            name for name, kind in columns(box, table).items() if kind in {"jsonb", "json"}
        }
        assert nested <= {"additional_fields"}
    users = columns(box, "user_summaries")
    assert users["office_metrics__powerpoint__message_count"] == "bigint"
    assert (
        users["claude_code_metrics__core_metrics__lines_of_code__added_count"] == "bigint"
    )


def test_leaves_hold_their_values(box: Sandbox) -> None:
    """A nested count is summed in the database as in the truth."""
    expected = sum(
        row["chat_metrics"]["message_count"]
        for day in days()
        for row in box.simulator.truth("users", day)
    )
    [(total,)] = current(box, "user_summaries", "sum(chat_metrics__message_count)")
    assert total == expected
    creators = [
        (row["created_by"] or {}).get("email_address")
        for day in days()
        for row in box.simulator.truth("chat_projects", day)
    ]
    landed = [
        name for (name,) in current(box, "chat_projects", "created_by__email_address")
    ]
    assert sorted(map(str, landed)) == sorted(map(str, creators))
    assert None in landed
