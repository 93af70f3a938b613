"""People, teams and limits agree with each other, with analytics, and from day to day."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulator import Options, Simulator

Row = dict[str, Any]

FIRST = date(2026, 8, 3)
DAYS = [FIRST + timedelta(days=days) for days in range(60)]
LAST = DAYS[-1]

OPTIONS = Options(today=LAST, users=200, refreshed_hours=9)
"""An organisation in which something happens every few days."""

each_day = pytest.mark.parametrize("day", [FIRST, LAST], ids=str)


def users(rows: list[Row]) -> dict[str, Row]:
    """Give members by their id."""
    return {row["id"]: row for row in rows}


@each_day
def test_those_who_were_active_are_members(simulator: Simulator, day: date) -> None:
    """With the same ids and addresses, and the names that costs are attributed to."""
    members = users(simulator.truth("members", day))
    active = [row["user"] for row in simulator.truth("users", day)]
    assert active
    for user in active:
        assert members[user["id"]]["email"] == user["email_address"]
    following = day + timedelta(days=1)
    actors = [
        row["group"]["actor"]
        for row in simulator.truth_report("cost", day, following, group_by=["actor"])
    ]
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
    before = users(simulator.truth("members", DAYS[0]))
    for day in DAYS[1:]:
        now = users(simulator.truth("members", day))
        for user in now.keys() - before.keys():
            assert now[user]["added_at"][:10] == day.isoformat()
        joined += len(now.keys() - before.keys())
        left += len(before.keys() - now.keys())
        promoted += sum(
            now[user]["role"] != before[user]["role"] for user in now.keys() & before.keys()
        )
        assert len(now.keys() ^ before.keys()) <= 6
        before = now
    assert min(joined, left, promoted) >= 2
    assert [row["role"] for row in before.values()].count("primary_owner") == 1


def test_invites_lead_to_members(simulator: Simulator) -> None:
    """An invite is pending until it is accepted, expires or is deleted."""
    changes = Counter[tuple[str, str]]()
    before: dict[str, Row] = {}
    for day in DAYS:
        rows = simulator.truth("invites", day)
        now = users(rows)
        assert len(now) == len(rows)
        joined = {row["email"]: row for row in simulator.truth("members", day)}
        for user, row in now.items():
            if row["status"] == "accepted" and row["email"] in joined:
                assert row["accepted_at"] == joined[row["email"]]["added_at"]
            assert (row["accepted_at"] is None) is (row["status"] != "accepted")
            assert row["invited_at"] < row["expires_at"]
            if user in before and before[user]["status"] != row["status"]:
                changes[before[user]["status"], row["status"]] += 1
        assert {row["status"] for row in before.values() if row["id"] not in now} <= {
            "deleted"
        }
        pending = [row for row in rows if row["status"] == "pending"]
        told = simulator.truth("summaries", day)[0]["pending_invite_count"]
        assert told in {len(pending), None}
        before = now
    assert changes.keys() == {
        ("pending", "accepted"),
        ("pending", "expired"),
        ("pending", "deleted"),
    }


@each_day
def test_teams_are_those_of_analytics(simulator: Simulator, day: date) -> None:
    """With the same names; a deleted one is gone, and two share a name."""
    teams = users(simulator.truth("teams", day))
    known = {team.id: team.name for team in simulator.teams if team.name}
    assert {team: teams[team]["name"] for team in known} == known
    (twin,) = teams.keys() - known.keys()
    assert teams[twin]["name"] in known.values()
    assert {row["source_type"] for row in teams.values()} == {"direct", "scim"}
    members = users(simulator.truth("members", day))
    found = defaultdict(set)
    for row in simulator.truth("team_members", day):
        assert row["email"] == members[row["user_id"]]["email"]
        found[row["user_id"]].add(row["rbac_group_id"])
        assert row["created_at"][:10] <= day.isoformat()
        assert row["created_at"] >= members[row["user_id"]]["added_at"]
    facts = [fact for fact in simulator.facts(day) if fact.actor_id in members]
    assert facts
    for fact in facts:
        assert set(fact.rbac_group_ids) & known.keys() == found[fact.actor_id or ""]
    assert any(len(held) > 1 for held in found.values())


def test_people_change_teams(simulator: Simulator) -> None:
    """Whoever comes into a team is in it since that day."""
    came = gone = 0
    before: dict[tuple[str, str], str] | None = None
    for day in DAYS:
        now = {
            (row["rbac_group_id"], row["user_id"]): row["created_at"][:10]
            for row in simulator.truth("team_members", day)
        }
        if before is not None:
            assert {pair for pair in now if now[pair] == str(day)} == now.keys() - before
            came += len(now.keys() - before)
            gone += len(before.keys() - now)
        before = now
    assert min(came, gone) >= 10


@pytest.mark.parametrize("revisions", [False, True])
@each_day
def test_spend_is_the_cost_of_the_period(day: date, *, revisions: bool) -> None:
    """As the report tells it, to a thousandth of a cent, or seldom "0": unknown."""
    unknown = known = 0
    simulator = Simulator(
        Options(today=day, users=120, refreshed_hours=9, revisions=revisions)
    )
    costs = {
        "daily": cost(simulator, day),
        "weekly": cost(simulator, day - timedelta(days=day.weekday())),
        "monthly": cost(simulator, day.replace(day=1)),
    }
    for row in simulator.truth("spend_limits", day):
        spent = costs[row["period"]][row["actor"]["user_id"]]
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


def cost(simulator: Simulator, start: date) -> defaultdict[str, Decimal]:
    """Give what each user has cost since a day, in cents."""
    spent: defaultdict[str, Decimal] = defaultdict(Decimal)
    end = simulator.today + timedelta(days=1)
    for row in simulator.truth_report("cost", start, end, group_by=["actor"]):
        actor = row["group"]["actor"] or {}
        spent[actor.get("user_id", "")] += Decimal(row["cost"]["amount"])
    return spent


@each_day
def test_limits_come_from_the_nearest_level(simulator: Simulator, day: date) -> None:
    """Every member has a monthly one; a person's goes before a team's, and so on."""
    rows = simulator.truth("spend_limits", day)
    members = users(simulator.truth("members", day))
    assert {row["scope"]["user_id"] for row in rows} == members.keys()
    keys = {(row["actor"]["user_id"], row["period"]) for row in rows}
    assert len(keys) == len(rows)
    assert {(user, "monthly") for user in members} <= keys
    assert {row["source"]["type"] for row in rows} == {
        "organization",
        "rbac_group",
        "seat_tier",
        "user",
    }
    assert {None, "0"} < {row["amount"] for row in rows}
    held = {
        (row["user_id"], row["rbac_group_id"])
        for row in simulator.truth("team_members", day)
    }
    by_limit = defaultdict(set)
    for row in rows:
        user, source = row["actor"]["user_id"], row["source"]
        assert row["scope"] == {"type": "user", "user_id": user}
        if source["type"] == "user":
            assert source["user_id"] == user
        if source["type"] == "rbac_group":
            assert (user, source["rbac_group_id"]) in held
        by_limit[row["spend_limit_id"]].add((row["amount"], str(source), row["period"]))
    assert all(len(what) == 1 for what in by_limit.values())
    approved = {
        (row["actor"]["user_id"], row["period"])
        for row in simulator.truth("spend_limit_requests", day)
        if row["status"] == "approved"
    }
    assert approved
    own = {
        (row["actor"]["user_id"], row["period"])
        for row in rows
        if row["source"]["type"] == "user"
    }
    assert approved <= own


def test_requests_are_decided(simulator: Simulator) -> None:
    """The newest comes first, a member waits for one answer, and decisions stand."""
    decided: dict[str, tuple[str, str]] = {}
    for day in DAYS[:20]:
        rows = simulator.truth("spend_limit_requests", day)
        created = [row["created_at"] for row in rows]
        assert created == sorted(created, reverse=True)
        members = users(simulator.truth("members", day))
        assert {row["actor"]["user_id"] for row in rows} <= members.keys()
        limits = {
            (row["actor"]["user_id"], row["period"]): row
            for row in simulator.truth("spend_limits", day)
        }
        waiting = set()
        for row in rows:
            user, decision = row["actor"]["user_id"], (row["status"], row["resolved_at"])
            if row["status"] == "pending":
                assert user not in waiting
                assert row["id"] not in decided
                assert row["resolved_at"] is row["resolved_by"] is None
                assert row["spend_summary"] == limits.get((user, row["period"]))
                waiting.add(user)
            else:
                assert row["spend_summary"] is None
                assert row["created_at"] < row["resolved_at"]
                assert decided.setdefault(row["id"], decision) == decision
        assert waiting
    assert {status for status, _ in decided.values()} == {"approved", "denied"}
