"""Counts with a fraction of zero are the same integer in all streams of summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conftest import TODAY
from tests.singer import run

if TYPE_CHECKING:
    from tests.simulator import Simulator

LAST = TODAY.subtract(days=3)
NEW = "claude_for_cats_daily_active_user_count"


def _with_fractions(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts = {"daily_active_user_count": 500.0, "assigned_seat_count": 1000.0, NEW: 250.0}
    return [{**row, **counts} for row in rows]


def test_adoption_and_summaries_agree(simulator: Simulator) -> None:
    """Of all products, and of one that the schema does not know yet."""
    simulator.edit("summaries", LAST, _with_fractions)
    output = run(simulator, "adoption", "org_summaries", start_date=LAST.isoformat())
    [row] = output.records("org_summaries")
    of = {record["product"]: record for record in output.records("adoption")}
    found = [
        row["daily_active_user_count"],
        of["all"]["daily_active_user_count"],
        of["claude_for_cats"]["daily_active_user_count"],
        of["claude_for_cats"]["daily_adoption_rate"],
    ]
    assert found == [500, 500, 250, 25]
    assert {type(count) for count in found[:3]} == {int}
