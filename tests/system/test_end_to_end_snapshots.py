"""``meltano run`` into PostgreSQL on three days: people, teams and spend limits."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests import fake_clock, truth
from tests.sandbox import Sandbox
from tests.simulator import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.meltano_fixture import MeltanoProject

SCHEMA = "tap_claude_analytics"
TODAY = date(2026, 8, 5)
DAYS = [TODAY + timedelta(days=days) for days in (0, 9, 18)]
#: What is compared besides the key.
COLUMNS = {
    "members": ("email", "name", "role"),
    "invites": ("email", "status"),
    "spend_limits": (
        "amount",
        "amount_in_currency",
        "currency",
        "period_to_date_spend",
        "period_to_date_spend_in_currency",
    ),
    "spend_limit_requests": ("actor_id", "period", "status"),
    "teams": ("name", "source_type"),
    "team_members": ("email",),
}


@pytest.fixture(scope="module")
def box(meltano_project: MeltanoProject) -> Iterator[Sandbox]:
    """A sandbox in which the pipeline has run on three days."""
    options = Options(today=TODAY, users=120, projects=1, refreshed_hours=9)
    with Sandbox(options) as sandbox:
        streams = (*truth.SNAPSHOTS, "cost", "readings")
        sandbox.environment |= {
            "TAP_CLAUDE_ANALYTICS__SELECT": json.dumps([f"{name}.*" for name in streams]),
            "TAP_CLAUDE_ANALYTICS_START_DATE": TODAY.replace(day=1).isoformat(),
            "TAP_CLAUDE_ANALYTICS_COST_GROUP_BY": '["actor"]',
        }
        for day in DAYS:
            sandbox.simulator.today = day
            sandbox.environment |= fake_clock.at(day, sandbox.environment)
            done = meltano_project.run(sandbox)
            assert done.returncode == 0, done.stderr[-5000:]
        yield sandbox


def current(table: str) -> str:
    """Return a query of the current rows of a table."""
    return (
        f"select t.* from {SCHEMA}.{table} t join {SCHEMA}.readings r"
        f" on r.stream = '{table}' and r.date = t.date and t.snapshot_at >= r.snapshot_at"
    )


@pytest.mark.parametrize("stream", truth.SNAPSHOTS)
def test_current_rows_are_the_truth(box: Sandbox, stream: str) -> None:
    """As of each of the days, to the last digit."""
    keys = truth.KEYS[stream]
    names = dict.fromkeys((*keys, "date", *COLUMNS[stream]))
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for day in DAYS:
        for record in truth.records(box.simulator, stream, day):
            values = record | {"date": day}
            expected[tuple(values[key] for key in keys)] = tuple(
                values[name] for name in names
            )
    rows = box.query(f"select {', '.join(names)} from ({current(stream)}) c")
    assert sorted(rows, key=str) == sorted(expected.values(), key=str)
    read = {row[list(names).index("date")] for row in rows}
    assert read == {*DAYS} or "date" not in keys


def test_spend_beside_cost(box: Sandbox) -> None:
    """What a member has spent this month is the sum of the cost of the month."""
    rows = box.query(
        "select s.period_to_date_spend, sum(c.amount)"
        f" from ({current('spend_limits')}) s join ({current('cost')}) c"
        " on c.actor_id = s.actor_id and c.date <= s.date"
        f" where s.date = '{DAYS[-1]}' and s.period = 'monthly'"
        " group by s.actor_id, s.period_to_date_spend"
    )
    told = [(spent, cost) for spent, cost in rows if spent]
    assert len(told) > 10
    assert all(abs(spent - cost) <= 0.0005 for spent, cost in told)
