"""``meltano run`` from the API into PostgreSQL, twice, with days revised in between."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import docs, fake_clock, ledger, truth
from tests.sandbox import Sandbox
from tests.simulator import Fact, Options
from tests.system.conftest import SECONDS
from tests.system.targets.landed import SCHEMAS, Loaded, columns_of
from tests.system.targets.stores import loaded_by_the_project
from tests.system.targets.table import FLATTENED

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


class Pipeline(NamedTuple):
    """What has landed of both runs, and what is true."""

    box: Sandbox
    loaded: Loaded
    true: dict[str, Rows]


@pytest.fixture(scope="module")
def pipeline(meltano_project: Path) -> Iterator[Pipeline]:
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
        snapshots = [run_on(TODAY, sandbox, meltano_project)]
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
        true = {
            stream: [r for day in DAYS for r in truth.records(simulator, stream, day)]
            for stream in truth.STREAMS
        }
        for stream in truth.SNAPSHOTS:
            # A row without a day in its key is as it was last listed.
            true[stream] = list(
                {
                    tuple(record[name] for name in truth.KEYS[stream]): record
                    for snapshot in snapshots
                    for record in snapshot[stream]
                }.values()
            )
        loaded = loaded_by_the_project(sandbox, "tap_claude_analytics")
        yield Pipeline(sandbox, loaded, true)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_leaf_is_a_column(pipeline: Pipeline, stream: str) -> None:
    """No name is cut, no two become one, and no object with known fields stays whole."""
    types = pipeline.loaded.tables[stream].types
    names = [name for name in types if not name.startswith("_sdc")]
    expected = dict(columns_of(SCHEMAS[stream], FLATTENED))
    assert sorted(names) == sorted(expected)


@pytest.mark.parametrize("stream", [*truth.STREAMS, *truth.SNAPSHOTS])
def test_current_rows_are_the_truth(pipeline: Pipeline, stream: str) -> None:
    """Exactly, on revised days too: every row that is true is current, none besides."""
    pipeline.loaded.assert_current(stream, pipeline.true[stream])


def test_vanished_rows_stay_behind_but_are_not_current(pipeline: Pipeline) -> None:
    """Upserts delete nothing: the documents' join with ``readings`` is what hides them."""
    current = pipeline.box.query(docs.block("current rows"))
    landed = pipeline.loaded.tables["skills"].rows
    assert len(landed) > len(current) == len(pipeline.true["skills"])


def test_emptied_days_are_known_to_be_empty(pipeline: Pipeline) -> None:
    """A day without rows is told from a day that was not read."""
    readings = {
        row["stream"]: row
        for row in pipeline.loaded.tables["readings"].rows
        if row["date"] == EMPTIED
    }
    assert readings.keys() == {*truth.STREAMS, "usage", "cost"}
    used = {stream for stream, row in readings.items() if row["row_count"]}
    assert used == {"adoption", "org_summaries"}
    assert all(row["is_complete"] for row in readings.values())


def test_monthly_bill(pipeline: Pipeline) -> None:
    """The SQL of the documentation is right: per user, and in total."""
    bill = pipeline.box.query(docs.block("monthly bill"))
    costs = pipeline.box.simulator.truth_report(
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


def test_spend_beside_cost(pipeline: Pipeline) -> None:
    """What a member has spent this month is the sum of the cost of the month."""
    costs: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in pipeline.loaded.current("cost"):
        costs[row.get(("actor_id",))] += row["amount",]
    spent = {
        row["actor_id",]: row["period_to_date_spend",]
        for row in pipeline.loaded.current("spend_limits")
        if row["date",] == LATER.isoformat()
        and row["period",] == "monthly"
        and row.get(("period_to_date_spend",))
    }
    assert len(spent) > 10
    true = {user: costs[user] for user in spent}
    assert spent == pytest.approx(true, abs=Decimal("0.0005"))
