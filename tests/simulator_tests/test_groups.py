"""Grouped, filtered and rolled-up answers, worked out again from the plain ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator import ENDPOINTS, FLOOR, Options, Simulator
from tests.simulator_tests.asking import get, kept_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import requests

    Ask = Callable[..., requests.Response]

TODAY = date(2026, 10, 8)
DAY = date(2026, 10, 6)
DAYS = [FLOOR + timedelta(days=offset) for offset in range(0, 279, 6)]

MONEY = {"attributed_list_price", "estimated_overage_spend"}
CALLS = {"read_call_count", "unclassified_call_count", "write_call_count"}
CREDENTIALS = {
    "individual_auth_distinct_user_count",
    "managed_auth_distinct_user_count",
}
PEOPLE = {"distinct_user_count", "install_count", *CREDENTIALS}
NAMES = {
    "chat_projects": ("project_id",),
    "skills": ("skill_name",),
    "connectors": ("connector_name",),
    "plugins": ("plugin_name", "plugin_id"),
    "artifacts": ("artifact_type", "is_shared"),
}
TEAM = "rbac_group_id"
DIMENSIONS = {"product", "user_id", TEAM, "rbac_group_name"}

each_thing = pytest.mark.parametrize("name", NAMES)
each_cut = pytest.mark.parametrize(
    ("name", "dimension"),
    [(name, dimension) for name in NAMES for dimension in sorted(ENDPOINTS[name].groups)],
)

Row = dict[str, Any]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Run an organisation on a fixed day, only to be asked."""
    with Simulator(Options(today=TODAY)) as running:
        yield running


@pytest.fixture(scope="module")
def ask(simulator: Simulator) -> Iterator[Ask]:
    """Ask it with the right key."""
    headers = {"x-api-key": simulator.options.api_key}
    with kept_session() as session:
        yield lambda path, **params: get(simulator, session, path, headers, params)


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


def a_user(simulator: Simulator, name: str, day: date) -> str:
    """Find the busiest user of a day."""
    rows = simulator.truth(name, day, group_by=("user_id",))
    users = Counter(row["user_id"] for row in rows if row["user_id"])
    return str(users.most_common(1)[0][0])


def members(simulator: Simulator, day: date) -> dict[str, set[str]]:
    """Tell who held each team, as the reports on usage know it."""
    held: defaultdict[str, set[str]] = defaultdict(set)
    for fact in simulator.facts(day):
        for team in fact.rbac_group_ids:
            held[team].add(str(fact.actor_id))
    return held


# --- The split ----------------------------------------------------------------------


@each_cut
def test_rows_of_users_and_products_add_up(
    simulator: Simulator, name: str, dimension: str
) -> None:
    """Every figure is split without a rest; teams overlap, and only add up to more."""
    assert any(simulator.truth(name, day) for day in DAYS)
    for day in DAYS:
        whole = summed(simulator.truth(name, day), NAMES[name])
        rows = simulator.truth(name, day, group_by=(dimension,))
        assert all(
            row.keys() & DIMENSIONS
            == {dimension} | ({"rbac_group_name"} if dimension == TEAM else set())
            for row in rows
        )
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


@each_thing
def test_cuts_keep_the_bounds_of_their_rows(simulator: Simulator, name: str) -> None:
    """Nobody counts twice in a cut, and no part is more than what it is a part of."""
    groups = tuple(sorted(ENDPOINTS[name].groups))
    assert any(simulator.truth(name, day, group_by=groups) for day in DAYS)
    for day in DAYS:
        for row in chain(
            simulator.truth(name, day, group_by=groups),
            simulator.truth(name, day, group_by=groups[-1:]),
        ):
            people = row["distinct_user_count"]
            assert people > 0
            assert "user_id" not in groups[-1:] or people == 1
            assert all((row.get(field) or 0) <= people for field in PEOPLE)
            assert row.get("enable_count") is None
            published = row.get("published_artifacts_created_count", 0)
            assert published <= row.get("artifacts_created_count", 0)


def test_each_product_has_what_belongs_to_it(simulator: Simulator) -> None:
    """Blocks lie with their product; chat has no list price; money has a currency."""
    blocks = {
        "chat": "chat_metrics",
        "claude_code": "claude_code_metrics",
        "cowork": "cowork_metrics",
        "office_agent": "office_metrics",
        "chat_cowork_unified": "chat_cowork_unified_metrics",
    }
    seen: defaultdict[str, set[Any]] = defaultdict(set)
    for day in DAYS:
        for name in NAMES.keys() - {"chat_projects"}:
            for row in simulator.truth(name, day, group_by=("product",)):
                seen[name].add(row["product"])
                for product, block in blocks.items():
                    if product != row["product"] and row.get(block):
                        assert not any(value for _, value in figures(row[block]))
                if row["product"] == "chat":
                    assert row.get("attributed_list_price") is None
                if "currency" in row:
                    amounts = {row[money] for money in MONEY}
                    assert row["currency"] == (None if amounts == {None} else "USD")
    assert seen["skills"] == seen["connectors"] == {*blocks, None}
    assert seen["plugins"] == {"claude_code", "cowork", "chat_cowork_unified", None}
    assert seen["artifacts"] == {"chat", "claude_code", "cowork", None}


@each_cut
def test_every_dimension_is_unknown_at_times(
    simulator: Simulator, name: str, dimension: str
) -> None:
    """Clients meet rows without a value, and counts of teams that cannot be computed."""
    rows = [
        row for day in DAYS for row in simulator.truth(name, day, group_by=(dimension,))
    ]
    values = {row[dimension] for row in rows}
    assert None in values
    assert len(values) > 2
    if dimension == TEAM:
        assert values == {team.id for team in simulator.teams} | {None}
        named = {row[TEAM]: row["rbac_group_name"] for row in rows}
        assert named == {team.id: team.name for team in simulator.teams} | {None: None}


def test_twins_stay_two_in_every_group(simulator: Simulator) -> None:
    """Plugins that share a name and have no id are as many rows as they are plugins."""
    doubled = set()
    for day in DAYS:
        twins = Counter(row["plugin_name"] for row in simulator.truth("plugins", day))
        for dimension in ("user_id", "product", TEAM):
            groups = Counter(
                (row["plugin_name"], row[dimension])
                for row in simulator.truth("plugins", day, group_by=(dimension,))
            )
            assert all(rows <= twins[plugin] for (plugin, _), rows in groups.items())
            if max(groups.values(), default=0) > 1:
                doubled.add(dimension)
    assert doubled == {"user_id", "product", TEAM}


@each_cut
def test_edits_show(name: str, dimension: str) -> None:
    """What is edited is what is cut."""
    simulator = Simulator(Options(today=TODAY))

    def change(rows: list[Row]) -> list[Row]:
        return [row | {"extra_count": 1000, "note": "new"} for row in rows[1:]]

    simulator.edit(name, DAY, change)
    rows = simulator.truth(name, DAY, group_by=(dimension,))
    assert {row["note"] for row in rows} == {"new"}
    parts = summed(rows, NAMES[name])
    whole = summed(simulator.truth(name, DAY), NAMES[name])
    assert parts.keys() == whole.keys()
    if dimension != TEAM:
        for entity, total in whole.items():
            assert parts[entity]["extra_count"] == total["extra_count"]
    simulator.edit(name, DAY, lambda _: [])
    assert simulator.truth(name, DAY, group_by=(dimension,)) == []


# --- Teams --------------------------------------------------------------------------


def test_users_by_team_are_the_rows_of_its_members(simulator: Simulator) -> None:
    """A team's row is the sum of its members' rows, and nobody is lost."""
    uncountable = 0
    for day in DAYS:
        users = {row["user"]["id"]: row for row in simulator.truth("users", day)}
        known_to_reports = members(simulator, day).items()
        held = {team: people & users.keys() for team, people in known_to_reports}
        in_none = users.keys() - set().union(*held.values())
        teams = simulator.truth("users", day, group_by=(TEAM,))
        for row in teams:
            people = held[row[TEAM]] if row[TEAM] else in_none
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
        listed = [row[TEAM] for row in teams]
        assert set(listed) == {team for team, people in held.items() if people} | (
            {None} if in_none else set()
        )
        assert len(listed) == len(set(listed))
    assert uncountable


def test_people_join_leave_and_change_teams(simulator: Simulator) -> None:
    """Memberships differ by day; some people are in two teams, some never in one."""
    held: defaultdict[str, dict[date, frozenset[str]]] = defaultdict(dict)
    for offset in range(200):
        day = FLOOR + timedelta(days=offset)
        teams = members(simulator, day)
        for user in simulator.truth("users", day):
            ident = user["user"]["id"]
            held[ident][day] = frozenset(
                t for t, people in teams.items() if ident in people
            )
    histories = [list(dict.fromkeys(days.values())) for days in held.values()]
    assert [frozenset()] in histories
    assert any(len(history) == 1 and len(history[0]) == 2 for history in histories)
    joined = [history for history in histories if not history[0] and history[-1]]
    left = [history for history in histories if history[0] and not history[-1]]
    changed = [h for h in histories if h[0] and h[-1] and h[0] != h[-1]]
    between = [
        both
        for history in changed
        for before, both, after in zip(history, history[1:], history[2:], strict=False)
        if before != after and both == before | after
    ]
    assert joined
    assert left
    assert between


def test_a_team_is_found_by_its_uuid(simulator: Simulator) -> None:
    """Filters take a team's UUID for its id; one that nobody knows has no rows."""
    team = simulator.teams[1]
    for name in ENDPOINTS:
        by_id, by_uuid, unknown = (
            simulator.truth(name, DAY, filters=(f"{TEAM}:{value}",))
            for value in (team.id, team.uuid.upper(), "rbac_group_01")
        )
        assert by_id
        assert by_uuid == by_id
        assert name == "summaries" or unknown == []


# --- Filters ------------------------------------------------------------------------


@each_cut
def test_a_filter_is_the_row_of_its_group(
    simulator: Simulator, name: str, dimension: str
) -> None:
    """Narrowed to one value, rows are those that grouping has for it."""
    tried = 0
    for day in DAYS[-12:]:
        rows = simulator.truth(name, day, group_by=(dimension,))
        for value in sorted({row[dimension] for row in rows} - {None})[:4]:
            tried += 1
            narrowed = simulator.truth(name, day, filters=(f"{dimension}:{value}",))
            of_value = [
                without(row, *DIMENSIONS) for row in rows if row[dimension] == value
            ]
            assert len(narrowed) == len(of_value)
            for one, other in zip(narrowed, of_value, strict=True):
                unlike = {
                    field
                    for (field, shown), (_, known) in zip(
                        figures(other), figures(one), strict=True
                    )
                    if shown != known
                }
                # Of teams some counts are not told in groups.
                assert all(dimension == TEAM and "distinct_" in field for field in unlike)
                assert unlike or one == other
    assert tried


def test_values_add_up_and_dimensions_narrow(simulator: Simulator) -> None:
    """Two values of a dimension are both let through; two dimensions let through less."""
    user = a_user(simulator, "connectors", DAY)
    groups = ("product", "user_id")
    cells = simulator.truth("connectors", DAY, group_by=groups)
    asked = simulator.truth(
        "connectors",
        DAY,
        group_by=groups,
        filters=(f"user_id:{user}", "product:chat", "product:cowork"),
    )
    products = {"chat", "cowork"}
    assert asked == [
        row for row in cells if row["user_id"] == user and row["product"] in products
    ]
    assert asked
    everything = [f"product:{product}" for product in ("chat", "claude_code", "cowork")]
    name = asked[0]["connector_name"]
    narrow = simulator.truth(
        "connectors", DAY, filters=(*everything, f"connector_name:{name.upper()}")
    )
    assert [row["connector_name"] for row in narrow] == [name]


def test_connectors_have_several_names(simulator: Simulator) -> None:
    """A display name finds a connector, and so does a readable name in other words."""
    rows = [row for day in DAYS for row in simulator.truth("connectors", day)]
    shown = next(row for row in rows if row["connector_display_name"])
    for value, field in (
        (shown["connector_display_name"].upper(), "connector_display_name"),
        ("GitHub MCP", "connector_name"),
    ):
        wanted = value.lower().removesuffix(" mcp")
        assert any(str(row[field]).lower() == wanted for row in rows)
        for day in DAYS:
            found = simulator.truth("connectors", day, filters=(f"connector_name:{value}",))
            assert found == [
                row
                for row in simulator.truth("connectors", day)
                if str(row[field]).lower() == wanted
            ]


def test_users_of_a_team_and_of_a_project(simulator: Simulator) -> None:
    """A team leaves its members' rows as they are, a project only what was done in it."""
    moved = set()
    for day in DAYS:
        users = simulator.truth("users", day)
        for team, people in members(simulator, day).items():
            narrowed = simulator.truth("users", day, filters=(f"{TEAM}:{team}",))
            assert narrowed == [row for row in users if row["user"]["id"] in people]
        cells = simulator.truth("chat_projects", day, group_by=("user_id",))
        for project in {row["project_id"] for row in cells}:
            messages = {
                row["user_id"]: row["message_count"]
                for row in cells
                if row["project_id"] == project and row["user_id"]
            }
            rows = simulator.truth("users", day, filters=(f"project_id:{project}",))
            assert {row["user"]["id"] for row in rows} <= messages.keys()
            before = {row["user"]["id"]: row for row in users}
            assert len(rows) == len(messages.keys() & before.keys())
            for row in rows:
                user = row["user"]["id"]
                unified = before[user].get("chat_cowork_unified_metrics")
                there = bool(unified and unified["chat"]["message_count"])
                block = "chat_cowork_unified_metrics.chat" if there else "chat_metrics"
                moved.add(there)
                told = {field: value for field, value in figures(row) if value}
                assert told.pop(f"{block}.message_count") == messages[user]
                assert told.pop(f"{block}.distinct_projects_used_count") == 1
                told.pop(f"{block}.distinct_conversation_count", None)
                assert told == {}
    assert moved == {True, False}


def test_summaries_of_teams_are_counted_by_hand(simulator: Simulator) -> None:
    """Who held a team and was active that day counts in all windows the day lies in."""
    teams = [team.id for team in simulator.teams[:2]]
    filters = tuple(f"{TEAM}:{team}" for team in teams)
    for day in (date(2026, 5, 3), date(2026, 9, 16)):
        (whole,) = simulator.truth("summaries", day)
        (row,) = simulator.truth("summaries", day, filters=filters)
        assert row.keys() == whole.keys()
        for period, length in (("daily", 1), ("weekly", 7), ("monthly", 30)):
            active: defaultdict[str, set[str]] = defaultdict(set)
            for offset in range(length):
                past = day - timedelta(days=offset)
                held = members(simulator, past)
                people = held[teams[0]] | held[teams[1]]
                for user in simulator.truth("users", past):
                    if user["user"]["id"] in people:
                        ident = user["user"]["id"]
                        active["all"].add(ident)
                        unified = user.get("chat_cowork_unified_metrics") or {"chat": {}}
                        if user["cowork_metrics"]["message_count"]:
                            active["cowork"].add(ident)
                        if unified["chat"].get("message_count"):
                            active["unified"].add(ident)
            name = f"{period}_active_user_count"
            assert row[name] == len(active["all"]) < whole[name]
            assert row[f"cowork_{name}"] == len(active["cowork"])
            assert row.get(f"chat_cowork_unified_{name}", 0) == len(active["unified"])
            assert row[f"{period}_adoption_rate"] is None
            assert row[f"claude_tag_{name}"] is None
        assert row["assigned_seat_count"] is row["pending_invite_count"] is None
        assert row["science_entitled_user_count"] is None
        (none,) = simulator.truth("summaries", day, filters=(f"{TEAM}:rbac_group_01",))
        counts = {value for field, value in none.items() if field.endswith("_count")}
        assert counts == {0, None}


# --- Rollups ------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if name != "artifacts"])
def test_a_rollup_adds_up_its_days(simulator: Simulator, ask: Ask, name: str) -> None:
    """One row for each thing; its users are counted once, its other distinct ones not."""
    start, end = date(2026, 9, 28), date(2026, 10, 5)
    days = [start + timedelta(days=offset) for offset in range((end - start).days)]
    path = ENDPOINTS[name].path
    span = {"starting_date": start, "ending_date": end, "limit": 1000}
    rows = ask(path, **span).json()["data"]
    daily = [row for day in days for row in simulator.truth(name, day)]
    rolled = summed(rows, NAMES[name])
    users: defaultdict[Any, set[str]] = defaultdict(set)
    nameless: Counter[Any] = Counter()
    for day in days:
        for row in simulator.truth(name, day, group_by=("user_id",)):
            entity = tuple(row[field] for field in NAMES[name])
            if row["user_id"]:
                users[entity].add(row["user_id"])
            else:
                nameless[entity] += row["distinct_user_count"]
    whole = summed(daily, NAMES[name])
    assert rolled.keys() == whole.keys()
    shared = {entity for entity in whole if name == "plugins" and entity[1] is None}
    for entity, total in whole.items():
        for field, value in rolled[entity].items():
            if field == "distinct_user_count":
                assert entity in shared or value == len(users[entity]) + nameless[entity]
            elif "distinct_" in field and field not in PEOPLE:
                assert value is None
            elif field not in PEOPLE and value is not None:
                assert value == total[field]
    assert {row.get("enable_count") for row in rows} == {None}
    one = ask(path, starting_date=start, ending_date=days[1], limit=1000).json()["data"]
    assert [without(row, "enable_count") for row in one] == [
        without(row, "enable_count") for row in simulator.truth(name, start)
    ]


def test_a_rollup_of_users(simulator: Simulator, ask: Ask) -> None:
    """Each user has a row, with the last day of activity; a team has all its people."""
    start = date(2026, 9, 28)
    days = [start + timedelta(days=offset) for offset in range(10)]
    rows = ask("users", starting_date=start, limit=1000).json()["data"]
    daily = [simulator.truth("users", day) for day in days]
    searches: Counter[str] = Counter()
    for row in chain.from_iterable(daily):
        searches[row["user"]["id"]] += row["web_search_count"]
    assert {row["user"]["id"]: row["web_search_count"] for row in rows} == searches
    active = {
        user["user"]["id"]: day.isoformat()
        for day, users in zip(days, daily, strict=True)
        for user in users
        if user.get("last_activity_date")
    }
    last = {row["user"]["id"]: row.get("last_activity_date") for row in rows}
    assert {user: day for user, day in last.items() if day} == active
    assert [row["user"]["email_address"] for row in rows] == sorted(
        row["user"]["email_address"] for row in rows
    )
    people: defaultdict[str | None, set[str]] = defaultdict(set)
    for day in days:
        held = members(simulator, day)
        for user in simulator.truth("users", day):
            ident = user["user"]["id"]
            mine: set[str | None] = {team for team in held if ident in held[team]}
            for team in mine or {None}:
                people[team].add(ident)
    teams = ask("users", starting_date=start, group_by__=TEAM).json()["data"]
    counts = {row[TEAM]: row["distinct_user_count"] for row in teams}
    assert counts == {team: len(users) for team, users in people.items()}


@pytest.mark.parametrize(
    ("first", "fields"),
    [
        (date(2026, 5, 29), CALLS),
        (date(2026, 7, 1), CREDENTIALS),
    ],
)
def test_a_rollup_from_before_something_was_counted(
    simulator: Simulator, ask: Ask, first: date, fields: set[str]
) -> None:
    """Sums are null in windows that begin too early, even if nothing happened then."""
    before = first - timedelta(days=1)
    simulator.edit("connectors", before, lambda _: [])
    end = first + timedelta(days=2)
    for start, told in ((before, False), (first, True)):
        rows = ask("connectors", starting_date=start, ending_date=end).json()["data"]
        known = {field for row in rows for field in fields if row[field] is not None}
        assert known == (fields if told else set())


# --- Requests -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["users", *NAMES])
def test_grouped_answers_have_pages_and_orders(
    simulator: Simulator, ask: Ask, name: str
) -> None:
    """All pages together are the truth; metrics order them."""
    endpoint = ENDPOINTS[name]
    groups = sorted(endpoint.groups)
    asked: dict[str, object] = {"date": DAY, "group_by__": groups}
    truth = simulator.truth(endpoint.name, DAY, group_by=groups)
    rows: list[Row] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(endpoint.path, **asked, limit=4, **cursor).json()
        rows += page["data"]
        assert len(page["data"]) <= 4
        if page["next_page"] is None:
            break
        cursor = {"page": page["next_page"]}
    assert cursor
    assert rows == truth
    other = ask(endpoint.path, date=DAY, group_by__=groups[:1], limit=5, **cursor)
    assert other.status_code == ask(endpoint.path, date=DAY, limit=4, **cursor).status_code
    assert other.status_code == 400
    for field in list(endpoint.sortable)[1:]:
        ranked = ask(endpoint.path, **asked, limit=1000, order_by=field).json()["data"]
        values = [row[field] for row in ranked if row[field] is not None]
        assert values == sorted(values, reverse=True)
        assert len(ranked) == len(truth)


def test_what_projects_cannot_be_combined_with(ask: Ask) -> None:
    """Users of a project are not told by team."""
    for other in ({"group_by__": TEAM}, {}):
        entries = ["project_id:claude_proj_01", *([] if other else [f"{TEAM}:x"])]
        refused = ask("users", date=DAY, filter__=entries, **other)
        assert refused.status_code == 400
        assert "project_id" in refused.json()["error"]["message"]


def test_edits_reach_answers_that_were_given(simulator: Simulator, ask: Ask) -> None:
    """A page asked for again is that of the edited day."""
    day = date(2026, 3, 3)
    asked = {"date": day, "group_by__": "user_id", "limit": 1000}
    before = ask("skills", **asked).json()["data"]
    simulator.edit("skills", day, lambda rows: rows[:1])
    after = ask("skills", **asked).json()["data"]
    assert after == [row for row in before if row["skill_name"] == after[0]["skill_name"]]
    assert len(after) < len(before)
