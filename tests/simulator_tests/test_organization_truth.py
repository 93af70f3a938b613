"""People, teams and limits agree with analytics, usage and cost, day by day."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.simulator import Options, Simulator

FIRST, LAST = date(2026, 8, 3), date(2026, 10, 1)
OPTIONS = Options(today=LAST, users=200, refreshed_hours=9)
each_day = pytest.mark.parametrize("day", [FIRST, LAST], ids=str)


@each_day
def test_those_who_were_active_are_members(simulator: Simulator, day: date) -> None:
    """With the same ids and addresses, and with the teams that usage is attributed to."""
    members = {row["id"]: row["email"] for row in simulator.truth("members", day)}
    users = [row["user"] for row in simulator.truth("users", day)]
    active = {(user["id"], user["email_address"]) for user in users}
    assert set() < active <= members.items()
    teams = {row["id"]: row["name"] for row in simulator.truth("teams", day)}
    assert {(team.id, team.name) for team in simulator.teams if team.name} < {
        *teams.items()
    }
    found = defaultdict(set)
    for row in simulator.truth("team_members", day):
        assert row["email"] == members[row["user_id"]]
        found[row["user_id"]].add(row["rbac_group_id"])
    facts = [fact for fact in simulator.facts(day) if fact.actor_id in members]
    assert facts
    for fact in facts:
        assert set(fact.rbac_group_ids) & teams.keys() == found[fact.actor_id or ""]


@each_day
def test_spend_is_the_cost_of_the_period(day: date) -> None:
    """As the report tells it, to a thousandth of a cent, or seldom "0": unknown."""
    simulator = Simulator(
        Options(today=day, users=120, refreshed_hours=9, revisions=day == LAST)
    )
    starts = {
        "daily": day,
        "weekly": day - timedelta(days=day.weekday()),
        "monthly": day.replace(day=1),
    }
    costs: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for period, start in starts.items():
        end = day + timedelta(days=1)
        for row in simulator.truth_report("cost", start, end, group_by=["actor"]):
            user = (row["group"]["actor"] or {}).get("user_id", "")
            costs[period, user] += Decimal(row["cost"]["amount"])
    known = unknown = 0
    for row in simulator.truth("spend_limits", day):
        cost = costs[row["period"], row["scope"]["user_id"]]
        if told := Decimal(row["period_to_date_spend"]):
            assert abs(told - cost) <= Decimal("0.0005")
            known += 1
        else:
            unknown += cost > 0
    assert known > 20
    assert unknown <= known / 5
