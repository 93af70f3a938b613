"""The truth of analytics: by the seed, and however it is cut, that of the plain rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulator import ENDPOINTS, FLOOR, Options, Row, Simulator

TODAY = date(2026, 10, 8)
OPTIONS = Options(today=TODAY)
DAYS = [FLOOR + timedelta(days=offset) for offset in range(0, 279, 18)]

MONEY = {"attributed_list_price", "estimated_overage_spend"}
PEOPLE = {
    "distinct_user_count",
    "individual_auth_distinct_user_count",
    "install_count",
    "managed_auth_distinct_user_count",
}
NAMES = {
    "chat_projects": ("project_id",),
    "skills": ("skill_name",),
    "connectors": ("connector_name",),
    "plugins": ("plugin_name", "plugin_id"),
    "artifacts": ("artifact_type", "is_shared"),
}
TEAM = "rbac_group_id"
DIMENSIONS = {"product", "user_id", TEAM, "rbac_group_name"}

each_cut = pytest.mark.parametrize(
    ("name", "dimension"),
    [(name, dimension) for name in NAMES for dimension in sorted(ENDPOINTS[name].groups)],
)


def figures(row: Row, at: str = "") -> Iterator[tuple[str, Any]]:
    """Give every figure below a row, null or not."""
    for field, value in row.items():
        if isinstance(value, dict) and field not in {"created_by", "user"}:
            yield from figures(value, f"{at}{field}.")
        elif field in MONEY:
            yield f"{at}{field}", None if value is None else Decimal(value)
        elif field.endswith("_count") and field != "enable_count":
            yield f"{at}{field}", value


def summed(rows: Iterable[Row], names: tuple[str, ...]) -> dict[Any, dict[str, Any]]:
    """Add up what rows of one name say; null stays what was null throughout."""
    sums: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        total = sums[tuple(row[name] for name in names)]
        for field, value in figures(row):
            so_far = total.get(field)
            total[field] = value if so_far is None else so_far + (value or 0)
    return dict(sums)


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


@each_cut
def test_rows_of_users_and_products_add_up(
    simulator: Simulator, name: str, dimension: str
) -> None:
    """Every figure is split without a rest; teams overlap, and only add up to more."""
    assert any(simulator.truth(name, day) for day in DAYS)
    shown = {dimension} | ({"rbac_group_name"} if dimension == TEAM else set())
    for day in DAYS:
        whole = summed(simulator.truth(name, day), NAMES[name])
        rows = simulator.truth(name, day, group_by=(dimension,))
        assert all(row.keys() & DIMENSIONS == shown for row in rows)
        parts = summed(rows, NAMES[name])
        assert parts.keys() == whole.keys()
        for entity, total in whole.items():
            for field, value in total.items():
                part = parts[entity][field]
                exact = dimension == "user_id" or (
                    dimension == "product" and field not in PEOPLE
                )
                uncountable = dimension == TEAM and part is None and ".dist" in f".{field}"
                if exact or value is None:
                    assert part == value, (day, entity, field)
                elif not uncountable and "distinct" not in field:
                    assert part >= value, (day, entity, field)


def test_users_by_team_are_the_rows_of_its_members(simulator: Simulator) -> None:
    """A team's row is the sum of its members' rows, and nobody is lost."""
    uncountable = 0
    for day in DAYS:
        users = {row["user"]["id"]: row for row in simulator.truth("users", day)}
        held = teams_of(simulator, day)
        members: defaultdict[str | None, set[str]] = defaultdict(set)
        for user in users:
            for team in held.get(user) or (None,):
                members[team].add(user)
        teams = simulator.truth("users", day, group_by=(TEAM,))
        assert len(teams) == len(members)
        for row in teams:
            people = members.pop(row[TEAM])
            assert row["user"] is None
            assert row["distinct_user_count"] == len(people)
            assert row.get("last_activity_date") in {None, day.isoformat()}
            parts = [dict(figures(users[user])) for user in people]
            for field, value in figures(without(row, "distinct_user_count")):
                known = [part[field] for part in parts if field in part]
                expected = None if None in known else sum(known)
                lost = value is None and expected is not None
                uncountable += lost
                assert lost or value == expected, (day, field)
                assert not lost or "distinct_" in field or "sessions_with" in field
    assert uncountable


@each_cut
def test_a_filter_is_the_row_of_its_group(
    simulator: Simulator, name: str, dimension: str
) -> None:
    """Narrowed to one value, rows are those that grouping has for it."""
    tried = 0
    for day in DAYS[-5:]:
        rows = simulator.truth(name, day, group_by=(dimension,))
        for value in sorted({row[dimension] for row in rows} - {None})[:4]:
            tried += 1
            narrowed = simulator.truth(name, day, filters=(f"{dimension}:{value}",))
            grouped = [row for row in rows if row[dimension] == value]
            for one, other in zip(narrowed, grouped, strict=True):
                known, shown = dict(figures(one)), dict(figures(other))
                assert known.keys() == shown.keys()
                unlike = [field for field in known if known[field] != shown[field]]
                # Of teams some counts are not told in groups.
                assert all(dimension == TEAM and "distinct_" in field for field in unlike)
                assert unlike or one == without(other, *DIMENSIONS)
    assert tried


def test_users_of_a_project(simulator: Simulator) -> None:
    """They are those among whom its messages are split; nothing else of them counts."""
    tried = 0
    for day in DAYS:
        active = {row["user"]["id"] for row in simulator.truth("users", day)}
        for project in simulator.truth("chat_projects", day)[:3]:
            only = (f"project_id:{project['project_id']}",)
            parts = simulator.truth(
                "chat_projects", day, group_by=("user_id",), filters=only
            )
            messages = {part["user_id"]: part["message_count"] for part in parts}
            rows = simulator.truth("users", day, filters=only)
            told = {
                row["user"]["id"]: sum(
                    value or 0
                    for field, value in figures(row)
                    if field.endswith("message_count")
                )
                for row in rows
            }
            assert told == {user: messages[user] for user in active & messages.keys()}
            tried += len(told)
    assert tried


def test_cuts_follow_edits() -> None:
    """A row that is taken away is gone from the groups, which otherwise stay."""
    day, fresh = DAYS[-1], Simulator(OPTIONS)
    gone = fresh.truth("skills", day)[0]["skill_name"]
    before = fresh.truth("skills", day, group_by=("product",))
    fresh.edit("skills", day, lambda rows: rows[1:])
    left = [row for row in before if row["skill_name"] != gone]
    assert fresh.truth("skills", day, group_by=("product",)) == left != before


def active(
    simulator: Simulator, last: date, days: int, teams: set[str] | None = None
) -> Counter[str]:
    """Count by hand who was active in the days up to one, and held one of the teams."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for past in (last - timedelta(days=offset) for offset in range(days)):
        held = teams_of(simulator, past)
        for row in simulator.truth("users", past):
            user = row["user"]["id"]
            if teams is None or not teams.isdisjoint(held.get(user, ())):
                unified = row.get("chat_cowork_unified_metrics") or {"chat": {}}
                found[""].add(user)
                if row["cowork_metrics"]["message_count"]:
                    found["cowork_"].add(user)
                if unified["chat"].get("message_count"):
                    found["chat_cowork_unified_"].add(user)
    return Counter({product: len(users) for product, users in found.items()})


@pytest.mark.parametrize("day", [date(2026, 5, 3), date(2026, 9, 16)], ids=str)
def test_summaries_count_the_users(simulator: Simulator, day: date) -> None:
    """Active users are those with a row; weeks and months are unions of days."""
    teams = {team.id for team in simulator.teams[:2]}
    filters = tuple(f"{TEAM}:{team}" for team in teams)
    (whole,) = simulator.truth("summaries", day)
    (row,) = simulator.truth("summaries", day, filters=filters)
    assert row.keys() == whole.keys()
    for period, length in (("daily", 1), ("weekly", 7), ("monthly", 30)):
        name = f"{period}_active_user_count"
        by_all, by_teams = (active(simulator, day, length, of) for of in (None, teams))
        # Unified counts 28 days as a month where all are counted.
        shorter = active(simulator, day, min(length, 28))
        by_all["chat_cowork_unified_"] = shorter["chat_cowork_unified_"]
        for counts, told in ((by_all, whole), (by_teams, row)):
            for product in ("", "cowork_", "chat_cowork_unified_"):
                assert told.get(f"{product}{name}", 0) == counts[product]
        rate = round(100 * by_all[""] / whole["assigned_seat_count"], 2)
        assert whole[f"{period}_adoption_rate"] == rate
        assert row[name] < whole[name]
        assert row[f"{period}_adoption_rate"] is row[f"claude_tag_{name}"] is None
    of_all = ("assigned_seat_count", "pending_invite_count", "science_entitled_user_count")
    assert {row[name] for name in of_all} == {None}
    (none,) = simulator.truth("summaries", day, filters=(f"{TEAM}:rbac_group_01",))
    assert {value for field, value in none.items() if field.endswith("_count")} == {0, None}
