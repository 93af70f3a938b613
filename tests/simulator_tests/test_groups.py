"""The truth of analytics: by the seed, and however it is cut, that of the plain rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulator import ENDPOINTS, FLOOR, Options, Row, Simulator

TODAY = date(2026, 10, 8)
OPTIONS = Options(today=TODAY)
DAYS = [FLOOR + timedelta(days=offset) for offset in range(0, 279, 18)]
# When everything has been launched.
SEPTEMBER = date(2026, 9, 16)

MONEY = {"attributed_list_price", "estimated_overage_spend"}
# What tells rows of a day apart.
NAMES = (
    *("project_id", "skill_name", "connector_name", "plugin_name", "plugin_id"),
    *("artifact_type", "is_shared"),
)
TEAM = "rbac_group_id"
DIMENSIONS = {"product", "user_id", TEAM, "rbac_group_name"}


def figures(row: Row, at: str = "") -> Iterator[tuple[str, Any]]:
    """Give every figure below a row, null or not."""
    for field, value in row.items():
        if isinstance(value, dict) and field not in {"created_by", "user"}:
            yield from figures(value, f"{at}{field}.")
        elif field in MONEY:
            yield f"{at}{field}", None if value is None else Decimal(value)
        elif field.endswith("_count") and field != "enable_count":
            yield f"{at}{field}", value


def summed(rows: Iterable[Row]) -> dict[Any, Any]:
    """Add up each figure of the rows of one name; null stays what was null throughout."""
    sums: dict[Any, Any] = {}
    for row in rows:
        name = tuple(row.get(name) for name in NAMES)
        for field, value in figures(row):
            so_far = sums.get((field, *name))
            total = value if so_far is None else so_far + (value or 0)
            sums[(field, *name)] = total
    return sums


def without(row: Row, *names: str) -> Row:
    """Leave fields away."""
    return {name: value for name, value in row.items() if name not in names}


def teams_of(simulator: Simulator, day: date) -> dict[str | None, tuple[str, ...]]:
    """Tell which teams everybody held, as the reports on usage know it."""
    return {fact.actor_id: fact.rbac_group_ids for fact in simulator.facts(day)}


def test_the_seed_decides() -> None:
    """Two of one seed agree, in whatever order they are asked; another seed differs."""
    one, same, other = (Simulator(Options(seed=seed, users=20)) for seed in (1, 1, 2))
    for name in ENDPOINTS:
        rows = {day: one.truth(name, day) for day in DAYS}
        assert {day: same.truth(name, day) for day in reversed(DAYS)} == rows
        assert {day: other.truth(name, day) for day in DAYS} != rows


each_cut = pytest.mark.parametrize(
    ("name", "dimension"),
    [
        (name, dimension)
        for name, endpoint in ENDPOINTS.items()
        for dimension in sorted(endpoint.groups)
        if name != "users"
    ],
)


@each_cut
def test_groups_add_up(simulator: Simulator, name: str, dimension: str) -> None:
    """Every figure is split without a rest, and a filter leaves the rows of its group.

    Somebody may use several products, and be in several teams.
    """
    filtered, overlap = 0, False
    for day in DAYS:
        whole = summed(simulator.truth(name, day))
        rows = simulator.truth(name, day, group_by=(dimension,))
        parts = summed(rows)
        assert parts.keys() == whole.keys()
        for figure, value in whole.items():
            users_of_products = dimension == "product" and "distinct_user_count" in figure
            if value is not None and (users_of_products or dimension == TEAM):
                assert parts[figure] >= value, (day, figure)
                overlap |= parts[figure] > value
            else:
                assert parts[figure] == value, (day, figure)
        for value in sorted({row[dimension] for row in rows} - {None})[:2]:
            filtered += 1
            narrowed = simulator.truth(name, day, filters=(f"{dimension}:{value}",))
            group = [row for row in rows if row[dimension] == value]
            assert narrowed == [without(row, *DIMENSIONS) for row in group]
    assert filtered
    assert overlap is (dimension != "user_id")


def test_users_by_team_are_the_rows_of_its_members(simulator: Simulator) -> None:
    """A team's row is the sum of its members' rows, and nobody is lost."""
    for day in DAYS:
        held = teams_of(simulator, day)
        members: defaultdict[str | None, list[dict[str, Any]]] = defaultdict(list)
        for row in simulator.truth("users", day):
            for team in held.get(row["user"]["id"]) or (None,):
                members[team].append(dict(figures(row)))
        teams = simulator.truth("users", day, group_by=(TEAM,))
        assert {row[TEAM] for row in teams} == members.keys()
        for row in teams:
            people = members[row[TEAM]]
            assert row["user"] is None
            assert row["distinct_user_count"] == len(people)
            for field, value in figures(without(row, "distinct_user_count")):
                parts = [person[field] for person in people if field in person]
                assert value == (None if None in parts else sum(parts)), (day, field)


def test_cuts_follow_edits() -> None:
    """A row that is taken away is gone from the groups, which otherwise stay."""
    day, fresh = DAYS[-1], Simulator(OPTIONS)
    gone = fresh.truth("skills", day)[0]["skill_name"]
    before = fresh.truth("skills", day, group_by=("product",))
    fresh.edit("skills", day, lambda rows: rows[1:])
    left = [row for row in before if row["skill_name"] != gone]
    assert fresh.truth("skills", day, group_by=("product",)) == left != before


def active(
    simulator: Simulator, days: int, teams: set[str] | None = None
) -> tuple[int, int]:
    """Count by hand who was active in the days up to `SEPTEMBER`, and in unified chat.

    With teams, those who held one of them on the day.
    """
    everybody, unified = set(), set()
    for day in (SEPTEMBER - timedelta(days=offset) for offset in range(days)):
        held = teams_of(simulator, day)
        for row in simulator.truth("users", day):
            user = row["user"]["id"]
            if teams is None or not teams.isdisjoint(held.get(user, ())):
                everybody.add(user)
                block = row.get("chat_cowork_unified_metrics")
                if block and block["chat"]["message_count"]:
                    unified.add(user)
    return len(everybody), len(unified)


def test_summaries_count_the_users(simulator: Simulator) -> None:
    """Active users are those with a row; weeks and months are unions of days."""
    teams = {team.id for team in simulator.teams[:2]}
    filters = tuple(f"{TEAM}:{team}" for team in teams)
    (whole,) = simulator.truth("summaries", SEPTEMBER)
    (row,) = simulator.truth("summaries", SEPTEMBER, filters=filters)
    assert row.keys() == whole.keys()
    for period, days in (("daily", 1), ("weekly", 7), ("monthly", 30)):
        name = f"{period}_active_user_count"
        unified = f"chat_cowork_unified_{name}"
        assert (row[name], row[unified]) == active(simulator, days, teams)
        # Unified counts 28 days as a month where all are counted.
        assert whole[unified] == active(simulator, min(days, 28))[1]
        assert whole[name] == active(simulator, days)[0] > row[name]
        rate = round(100 * whole[name] / whole["assigned_seat_count"], 2)
        assert whole[f"{period}_adoption_rate"] == rate
        assert row[f"{period}_adoption_rate"] is row[f"claude_tag_{name}"] is None
    of_all = ("assigned_seat_count", "pending_invite_count", "science_entitled_user_count")
    assert {row[name] for name in of_all} == {None}
    (none,) = simulator.truth("summaries", SEPTEMBER, filters=(f"{TEAM}:rbac_group_01",))
    assert {value for field, value in none.items() if field.endswith("_count")} == {0, None}
