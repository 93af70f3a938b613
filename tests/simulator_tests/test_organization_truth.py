"""People, teams and limits agree with each other, with analytics, and from day to day."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from tests.simulator import Options, Row, Simulator

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
    addresses = {(user, row["email"]) for user, row in members.items()}
    active = [row["user"] for row in simulator.truth("users", day)]
    assert active
    assert {(user["id"], user["email_address"]) for user in active} <= addresses
    # Those who have left since are not named any more.
    users = [fact.actor for fact in simulator.facts(day) if fact.actor.id in members]
    actors = [user.actor(LAST) or {} for user in users if user.left > LAST]
    assert actors
    for actor in actors:
        member = members[actor["user_id"]]
        assert actor["email_address"] == member["email"]
        assert actor["name"] in {member["name"], None}


@pytest.mark.parametrize(
    ("name", "since"), [("members", "added_at"), ("team_members", "created_at")]
)
def test_people_come_and_go(simulator: Simulator, name: str, since: str) -> None:
    """One day differs from the next by few; who is new, and nobody else, says so."""
    states = [
        {
            (row.get("rbac_group_id"), row["email"]): row[since][:10]
            for row in simulator.truth(name, day)
        }
        for day in DAYS
    ]
    changes = Counter[str]()
    for day, (before, now) in zip(DAYS[1:], pairwise(states), strict=True):
        new, gone = now.keys() - before.keys(), before.keys() - now.keys()
        assert {who for who, start in now.items() if start == str(day)} == new
        assert len(new | gone) < len(now) / 4
        changes.update(came=len(new), left=len(gone))
    assert min(changes["came"], changes["left"]) >= 2


def test_roles_change(simulator: Simulator) -> None:
    """Some become owners; there is always one who owns all."""
    before, now = (
        {row["id"]: row["role"] for row in simulator.truth("members", day)}
        for day in (FIRST, LAST)
    )
    for roles in (before, now):
        assert [*roles.values()].count("primary_owner") == 1
    changed = {
        now[user] for user in before.keys() & now.keys() if before[user] != now[user]
    }
    assert changed == {"owner"}


def test_invites_lead_to_members(simulator: Simulator) -> None:
    """An invite is pending until it is accepted, expires or is deleted."""
    changes = set()
    before: dict[str, Row] = {}
    for day in DAYS:
        now = by_id(simulator, "invites", day)
        joined = {row["email"]: row["added_at"] for row in simulator.truth("members", day)}
        for invite, row in now.items():
            accepted_at = row["accepted_at"]
            assert (accepted_at is not None) is (row["status"] == "accepted")
            # Some have left since.
            assert accepted_at in {None, joined.get(row["email"], accepted_at)}
            assert row["invited_at"] < row["expires_at"]
            changes.add((before.get(invite, row)["status"], row["status"]))
        changes |= {(before[gone]["status"], "") for gone in before.keys() - now.keys()}
        pending = [row["status"] for row in now.values()].count("pending")
        told = simulator.truth("summaries", day)[0]["pending_invite_count"]
        assert told in {pending, None}
        before = now
    ways = {("pending", end) for end in ("accepted", "expired", "deleted")}
    assert {(old, new) for old, new in changes if old != new} == ways | {("deleted", "")}


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
    """Every member has a monthly one; whose request was approved has an own one."""
    rows = simulator.truth("spend_limits", day)
    limits = {(row["actor"]["user_id"], row["period"]): row for row in rows}
    assert len(limits) == len(rows)
    members = by_id(simulator, "members", day).keys()
    assert {user for user, _ in limits} == members
    assert {user for user, period in limits if period == "monthly"} == members
    held = {
        (row["user_id"], row["rbac_group_id"])
        for row in simulator.truth("team_members", day)
    }
    by_limit, sources = defaultdict(set), defaultdict(set)
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
    assert created[0] < f"{day}T12"
    for row in requests:
        key = (row["actor"]["user_id"], row["period"])
        pending = row["status"] == "pending"
        assert row["spend_summary"] == (limits.get(key) if pending else None)
        assert row["status"] != "approved" or key in sources["user"]
        assert pending is (row["resolved_at"] is None)
        assert pending or row["created_at"] < row["resolved_at"]
