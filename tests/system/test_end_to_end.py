"""``meltano run`` from the API into PostgreSQL, twice, with days revised in between."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from tests import docs, fake_clock, ledger, truth
from tests.sandbox import Sandbox
from tests.simulator import Fact, Options
from tests.singer import catalog_of
from tests.system.conftest import SECONDS
from tests.system.targets.landed import columns_of, counted, landed_leaves
from tests.system.targets.table import Layout

SCHEMA = "tap_claude_analytics"
SCHEMAS = {entry["stream"]: entry["schema"] for entry in catalog_of()["streams"]}
STREAMS = (*truth.STREAMS, *truth.SNAPSHOTS, "usage", "cost", "readings")

#: The day of the first run, a Monday, and that of the second one: in the same month, and
#: with other members, teams and limits.
TODAY, LATER = date(2026, 10, 12), date(2026, 10, 21)
#: All days that both runs have read: up to three days before.
FIRST = date(2026, 10, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(18)]

#: What happens to days between the runs; all lie in the lookback of the second.
REVISED, VANISHED, EMPTIED = (TODAY - timedelta(days=n) for n in (3, 4, 5))

Rows = list[dict[str, Any]]


def revised(rows: Rows) -> Rows:
    """Return the rows with one count changed."""
    return [{**row, "distinct_user_count": 1000} for row in rows]


def dearer(facts: list[Fact]) -> list[Fact]:
    """Return the facts with more tokens, and money of more digits than a double has."""
    return [fact.scaled(Decimal("1.00333333333333333333")) for fact in facts]


def run_on(day: date, box: Sandbox, project: Path) -> dict[str, Rows]:
    """Run the pipeline, and return what is true on its day but maybe not later."""
    box.simulator.today = day
    box.environment |= fake_clock.at(day, box.environment)
    command = ["meltano", "run", "tap-claude-analytics", "target-postgres"]
    done = box.run(command, folder=project, timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-5000:]
    return {stream: truth.records(box.simulator, stream, day) for stream in truth.SNAPSHOTS}


@pytest.fixture(scope="module")
def snapshots() -> list[dict[str, Rows]]:
    """What is true of people, teams and limits on the days of the runs; filled by `box`."""
    return []


@pytest.fixture(scope="module")
def box(meltano_project: Path, snapshots: list[dict[str, Rows]]) -> Iterator[Sandbox]:
    """A sandbox in which the pipeline has run twice."""
    settings = {
        "_SELECT": json.dumps([f"{stream}.*" for stream in STREAMS]),
        "START_DATE": FIRST.isoformat(),
        # One start of the tap less in the second run.
        "_USE_CACHED_CATALOG": "true",
    }
    with Sandbox(Options(users=30, projects=10, refreshed_hours=9)) as sandbox:
        simulator = sandbox.simulator
        for name, value in settings.items():
            sandbox.environment[f"TAP_CLAUDE_ANALYTICS_{name}"] = value
        # Were Meltano's hub asked for anything, the simulator would be.
        sandbox.environment["MELTANO_HUB_URL"] = simulator.url
        truth.assert_busy(simulator, "chat_projects", FIRST)
        # A known object that is null.
        nobody = {"created_by": None}
        simulator.edit("chat_projects", FIRST, lambda rows: [r | nobody for r in rows])
        snapshots.append(run_on(TODAY, sandbox, meltano_project))
        for endpoint in set(truth.ROW_STREAMS.values()) - {"summaries"}:
            truth.assert_busy(simulator, endpoint, REVISED, VANISHED, EMPTIED)
            simulator.edit(endpoint, REVISED, revised if endpoint != "users" else list)
            simulator.edit(endpoint, VANISHED, lambda rows: rows[1:])
            simulator.edit(endpoint, EMPTIED, lambda _: [])
        simulator.revise(REVISED, dearer)
        simulator.revise(VANISHED, lambda facts: facts[1:])
        simulator.revise(EMPTIED, lambda _: [])
        snapshots.append(run_on(LATER, sandbox, meltano_project))
        assert not [r.path for r in simulator.requests if "meltano" in r.path]
        yield sandbox


def current(table: str) -> str:
    """Return a query of the current rows of a table, as the README joins them."""
    return (
        f"select t.* from {SCHEMA}.{table} t join {SCHEMA}.readings r"
        f" on r.stream = '{table}' and r.date = t.date and t.snapshot_at >= r.snapshot_at"
    )


def columns(box: Sandbox, table: str) -> dict[str, str]:
    """Return the columns of a table and their types."""
    return dict(
        box.query(
            "select column_name, data_type from information_schema.columns"
            f" where table_schema = '{SCHEMA}' and table_name = '{table}'"
        )
    )


def assert_current(box: Sandbox, stream: str, records: Iterable[dict[str, Any]]) -> None:
    """Compare all values of all current rows, but for when they were read."""
    schema = SCHEMAS[stream]
    names = columns(box, stream).keys() - {"snapshot_at"}
    rows = box.query(f"select {', '.join(names)} from ({current(stream)}) c")
    landed = [dict(zip(names, row, strict=True)) for row in rows]
    true = list(records)
    assert true
    assert counted(landed_leaves(landed, schema, Layout.FLATTENED)) == counted(
        landed_leaves(true, schema, Layout.NESTED)
    )


@pytest.mark.parametrize("stream", STREAMS)
def test_every_leaf_is_a_column(box: Sandbox, stream: str) -> None:
    """No name is cut, no two become one, and no object with known fields stays whole."""
    names = [name for name in columns(box, stream) if not name.startswith("_sdc")]
    expected = dict(columns_of(SCHEMAS[stream], Layout.FLATTENED))
    assert sorted(names) == sorted(expected)


@pytest.mark.parametrize("stream", truth.STREAMS)
def test_current_rows_are_the_truth(box: Sandbox, stream: str) -> None:
    """Exactly, on revised days too: every row that is true is current, none besides."""
    records = [r for day in DAYS for r in truth.records(box.simulator, stream, day)]
    assert_current(box, stream, records)


@pytest.mark.parametrize("stream", truth.SNAPSHOTS)
def test_current_snapshots_are_the_truth(
    box: Sandbox, snapshots: list[dict[str, Rows]], stream: str
) -> None:
    """As of each of the days; a row without a day in its key as it was last listed."""
    expected: dict[tuple[Any, ...], dict[str, Any]] = {}
    for true in snapshots:
        for record in true[stream]:
            expected[tuple(record[key] for key in truth.KEYS[stream])] = record
    assert_current(box, stream, expected.values())


def test_vanished_rows_stay_behind_but_are_not_current(box: Sandbox) -> None:
    """Upserts delete nothing: the join with ``readings`` is what hides them."""
    [(landed,)] = box.query(f"select count(*) from {SCHEMA}.skills")
    assert landed > len(box.query(current("skills")))


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


def test_monthly_bill(box: Sandbox) -> None:
    """The SQL of the documentation is right: per user, and in total."""
    bill = box.query(docs.block("monthly bill"))
    costs = box.simulator.truth_report(
        "cost", FIRST, LATER + timedelta(days=1), group_by=("actor",)
    )
    cents: dict[str | None, Decimal] = defaultdict(Decimal)
    with localcontext(ledger.EXACT):
        for row in costs:
            user = (row["group"]["actor"] or {}).get("user_id")
            cents[user] += Decimal(row["cost"]["amount"])
        assert len(cents) > 1
        assert sum((row[4] for row in bill), Decimal(0)) * 100 == sum(cents.values())
        for user in cents.keys() - {None}:
            assert sum(row[4] for row in bill if row[2] == user) * 100 == cents[user]


def test_spend_beside_cost(box: Sandbox) -> None:
    """What a member has spent this month is the sum of the cost of the month."""
    rows = box.query(
        "select s.period_to_date_spend, sum(c.amount)"
        f" from ({current('spend_limits')}) s join ({current('cost')}) c"
        " on c.actor_id = s.actor_id and c.date <= s.date"
        f" where s.date = '{LATER}' and s.period = 'monthly'"
        " group by s.actor_id, s.period_to_date_spend"
    )
    told = [(spent, cost) for spent, cost in rows if spent]
    assert len(told) > 10
    assert all(abs(spent - cost) <= 0.0005 for spent, cost in told)
