"""People, teams and limits agree with each other, with analytics, and from day to day."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.simulator import Options, Simulator

Row = dict[str, Any]

FIRST = date(2026, 8, 3)
DAYS = [FIRST + timedelta(days=days) for days in range(60)]
LAST = DAYS[-1]

# An organisation in which something happens every few days.
OPTIONS = Options(today=LAST, users=200, refreshed_hours=9)
each_day = pytest.mark.parametrize("day", [FIRST, LAST], ids=str)


def by_id(simulator: Simulator, name: str, day: date) -> dict[str, Row]:
    """Give the rows of a day by their id."""
    rows = simulator.truth(name, day)
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


@each_day
def test_those_who_were_active_are_members(simulator: Simulator, day: date) -> None:
    """With the same ids and addresses, and the names that costs are attributed to."""
    members = by_id(simulator, "members", day)
    active = [row["user"] for row in simulator.truth("users", day)]
    assert active
    for user in active:
        assert members[user["id"]]["email"] == user["email_address"]
    rows = simulator.truth_report("cost", day, day + timedelta(days=1), group_by=["actor"])
    actors = [row["group"]["actor"] for row in rows]
    # Those who have left since are not named any more, and some were not here yet.
    named = [actor for actor in actors if actor and not actor.get("deleted", True)]
    here = [actor for actor in named if actor["user_id"] in members]
    assert len(here) > len(named) / 2
    for actor in here:
        member = members[actor["user_id"]]
        assert actor["email_address"] in {member["email"], None}
        assert actor["name"] in {member["name"], None}


def test_people_join_leave_and_change(simulator: Simulator) -> None:
    """One day differs from the next by few; who joined says when, and roles change."""
    joined = left = promoted = 0
    states = [(day, by_id(simulator, "members", day)) for day in DAYS]
    for (_, before), (day, now) in pairwise(states):
        new, gone = now.keys() - before.keys(), before.keys() - now.keys()
        assert all(now[user]["added_at"][:10] == str(day) for user in new)
        assert len(new | gone) <= 6
        joined += len(new)
        left += len(gone)
        stayed = now.keys() & before.keys()
        promoted += sum(now[user]["role"] != before[user]["role"] for user in stayed)
    assert min(joined, left, promoted) >= 2
    assert [row["role"] for row in now.values()].count("primary_owner") == 1


def test_people_change_teams(simulator: Simulator) -> None:
    """Whoever comes into a team is in it since that day."""
    came = left = 0
    states = [
        {
            (row["rbac_group_id"], row["user_id"]): row["created_at"][:10]
            for row in simulator.truth("team_members", day)
        }
        for day in DAYS
    ]
    for day, (before, now) in zip(DAYS[1:], pairwise(states), strict=True):
        new = now.keys() - before.keys()
        assert {pair for pair, since in now.items() if since == str(day)} == new
        came += len(new)
        left += len(before.keys() - now.keys())
    assert min(came, left) >= 10


def test_invites_lead_to_members(simulator: Simulator) -> None:
    """An invite is pending until it is accepted, expires or is deleted."""
    changes = Counter[tuple[str, str]]()
    before: dict[str, Row] = {}
    for day in DAYS:
        now = by_id(simulator, "invites", day)
        joined = {row["email"]: row for row in simulator.truth("members", day)}
        for invite, row in now.items():
            if row["status"] == "accepted" and row["email"] in joined:
                assert row["accepted_at"] == joined[row["email"]]["added_at"]
            assert (row["accepted_at"] is None) is (row["status"] != "accepted")
            assert row["invited_at"] < row["expires_at"]
            if invite in before and before[invite]["status"] != row["status"]:
                changes[before[invite]["status"], row["status"]] += 1
        gone = before.keys() - now.keys()
        assert {before[invite]["status"] for invite in gone} <= {"deleted"}
        pending = [row for row in now.values() if row["status"] == "pending"]
        told = simulator.truth("summaries", day)[0]["pending_invite_count"]
        assert told in {len(pending), None}
        before = now
    assert changes.keys() == {
        ("pending", end) for end in ("accepted", "expired", "deleted")
    }


@each_day
def test_teams_are_those_of_analytics(simulator: Simulator, day: date) -> None:
    """With the same names; a deleted one is gone, and two share a name."""
    teams = by_id(simulator, "teams", day)
    known = {team.id: team.name for team in simulator.teams if team.name}
    assert {team: teams[team]["name"] for team in known} == known
    (twin,) = teams.keys() - known.keys()
    assert teams[twin]["name"] in known.values()
    assert {row["source_type"] for row in teams.values()} == {"direct", "scim"}
    members = by_id(simulator, "members", day)
    found = defaultdict(set)
    for row in simulator.truth("team_members", day):
        member = members[row["user_id"]]
        found[row["user_id"]].add(row["rbac_group_id"])
        assert row["email"] == member["email"]
        assert member["added_at"] <= row["created_at"] < f"{day}T12"
    facts = [fact for fact in simulator.facts(day) if fact.actor_id in members]
    assert facts
    for fact in facts:
        assert set(fact.rbac_group_ids) & known.keys() == found[fact.actor_id or ""]
    assert any(len(held) > 1 for held in found.values())


@pytest.mark.parametrize("revisions", [False, True])
@each_day
def test_spend_is_the_cost_of_the_period(day: date, *, revisions: bool) -> None:
    """As the report tells it, to a thousandth of a cent, or seldom "0": unknown."""
    simulator = Simulator(
        Options(today=day, users=120, refreshed_hours=9, revisions=revisions)
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
    unknown = known = 0
    for row in simulator.truth("spend_limits", day):
        spent = costs[row["period"], row["actor"]["user_id"]]
        told = Decimal(row["period_to_date_spend"])
        assert told == told.quantize(Decimal("0.001"))
        if told:
            assert abs(told - spent) <= Decimal("0.0005")
            known += 1
        else:
            unknown += bool(spent)
    assert known > 20
    assert unknown <= known / 5
    assert unknown or day == FIRST


@each_day
def test_limits_come_from_the_nearest_level(simulator: Simulator, day: date) -> None:
    """Every member has a monthly one, maybe an own one that was asked for."""
    rows = simulator.truth("spend_limits", day)
    members = by_id(simulator, "members", day).keys()
    limits = {(row["actor"]["user_id"], row["period"]): row for row in rows}
    assert len(limits) == len(rows)
    assert {user for user, _ in limits} == members
    assert {(user, "monthly") for user in members} <= limits.keys()
    held = {
        (row["user_id"], row["rbac_group_id"])
        for row in simulator.truth("team_members", day)
    }
    by_limit = defaultdict(set)
    sources = defaultdict(set)
    for (user, period), row in limits.items():
        source = row["source"]
        sources[source["type"]].add((user, period))
        assert row["scope"] == {"type": "user", "user_id": user}
        assert source.get("user_id", user) == user
        assert source["type"] != "rbac_group" or (user, source["rbac_group_id"]) in held
        by_limit[row["spend_limit_id"]].add((row["amount"], str(source), period))
    assert all(len(what) == 1 for what in by_limit.values())
    assert {None, "0"} < {row["amount"] for row in rows}
    assert sources.keys() == {"organization", "rbac_group", "seat_tier", "user"}
    requests = simulator.truth("spend_limit_requests", day)
    assert {row["status"] for row in requests} == {"approved", "denied", "pending"}
    created = [row["created_at"] for row in requests]
    assert created == sorted(created, reverse=True)
    for row in requests:
        key = (row["actor"]["user_id"], row["period"])
        summary = limits.get(key) if row["status"] == "pending" else None
        assert row["spend_summary"] == summary
        assert row["status"] != "approved" or key in sources["user"]
        assert row["resolved_at"] is None or row["created_at"] < row["resolved_at"]
        assert (row["resolved_at"] is None) is (row["status"] == "pending")
