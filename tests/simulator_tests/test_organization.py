"""The endpoints of people, teams and limits: parameters, pages, rate limits, time."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator import RESOURCES, Options, Resource, Simulator
from tests.simulator.organization.catalog import PER_MINUTE, Paging
from tests.simulator_tests.asking import kept_session
from tests.simulator_tests.organization_asking import Row, each_of, path_of, refusal, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tests.simulator_tests.organization_asking import Ask

TODAY = date(2026, 9, 10)
BY_ID = [one for one in RESOURCES.values() if one.paging is Paging.ID]
BY_CURSOR = [one for one in RESOURCES.values() if one.paging is Paging.CURSOR]


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Keep connections alive."""
    with kept_session() as kept:
        yield kept


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Run an organisation whose members fill several pages."""
    with Simulator(Options(today=TODAY, users=150)) as running:
        yield running


@pytest.fixture(scope="module")
def ask(simulator: Simulator, session: requests.Session) -> Ask:
    """Ask it."""
    return partial(send, simulator, session)


def rows_of(simulator: Simulator, resource: Resource) -> list[Row]:
    """Give the true rows that this path is about."""
    rows = simulator.truth(resource.name, TODAY)
    if resource.name != "team_members":
        return rows
    team = path_of(simulator, resource).split("/")[-2]
    return [row for row in rows if row["rbac_group_id"] == team]


def pages(ask: Ask, path: str, **params: Any) -> list[list[Row]]:
    """Follow the pages in the way of the endpoint."""
    found = []
    cursor: dict[str, Any] = {}
    while True:
        body = ask(path, **params, **cursor).json()
        found.append(body["data"])
        if "has_more" in body:
            cursor = {"after_id": body["last_id"]} if body["has_more"] else {}
        else:
            cursor = {"page": body["next_page"]} if body["next_page"] else {}
        if not cursor:
            return found


# Parameters


@each_of()
@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"date": "2026-09-01"}, "date: unknown"),
        ({"user_ids": "user_1"}, "user_ids: unknown"),
        ({"limit": "0"}, "limit: must be from 1 to 1000"),
        ({"limit": "1001"}, "limit: must be from 1 to 1000"),
        ({"limit": ["5", "5"]}, "limit: given 2 times"),
    ],
)
def test_wrong_parameters_are_refused(
    ask: Ask, simulator: Simulator, resource: Resource, params: Row, told: str
) -> None:
    """The sentence names the parameter."""
    assert told in refusal(ask(path_of(simulator, resource), **params))


@pytest.mark.parametrize(
    ("name", "params", "told"),
    [
        ("members", {"page": "x"}, "page: unknown"),
        ("members", {"statuses__": "pending"}, "statuses[]: unknown"),
        ("members", {"roles__": "boss"}, "roles[]: 'boss'"),
        ("members", {"roles__": "developer"}, "roles[]: 'developer'"),
        ("members", {"after_id": "user_no"}, "after_id: there is no"),
        ("members", {"before_id": "user_no"}, "before_id: there is no"),
        ("members", {"after_id": "a", "before_id": "b"}, "not both"),
        ("invites", {"statuses__": "deleted"}, "statuses[]: 'deleted'"),
        ("spend_limits", {"period__": "yearly"}, "period[]: 'yearly'"),
        ("spend_limits", {"user_ids__": ["user_x"] * 101}, "user_ids[]: at most 100"),
        ("spend_limits", {"after_id": "x"}, "after_id: unknown"),
        ("spend_limits", {"page": "x"}, "page: not a cursor"),
        ("spend_limit_requests", {"status__": "open"}, "status[]: 'open'"),
        ("teams", {"email": "x"}, "email: unknown"),
    ],
)
def test_wrong_parameters_of_an_endpoint(
    ask: Ask, name: str, params: Row, told: str
) -> None:
    """What one endpoint takes, another one does not."""
    assert told in refusal(ask(RESOURCES[name].path, **params))


def test_unknown_places(ask: Ask, simulator: Simulator) -> None:
    """Neither a team that was deleted has members, nor a made-up one."""
    deleted = next(team.id for team in simulator.teams if team.name is None)
    for team in (deleted, "rbac_group_no"):
        path = RESOURCES["team_members"].path.format(rbac_group_id=team)
        assert team in refusal(ask(path), 404)
    for path in ("/v1/organizations/groups", "/v1/organizations/rbac_groups/x"):
        refusal(ask(path), 404)


@pytest.mark.parametrize(
    ("name", "params", "column"),
    [
        ("members", {"roles__": ["owner", "primary_owner"]}, "role"),
        ("invites", {"roles__": ["user"]}, "role"),
        ("invites", {"statuses__": ["pending", "expired"]}, "status"),
        ("spend_limits", {"period__": ["daily"]}, "period"),
        ("spend_limit_requests", {"status__": ["pending"]}, "status"),
    ],
)
def test_lists_narrow(
    ask: Ask, simulator: Simulator, name: str, params: Row, column: str
) -> None:
    """A row fits if one of the values does."""
    values = next(iter(params.values()))
    truth = [row for row in simulator.truth(name, TODAY) if row[column] in values]
    assert {row[column] for row in truth} == set(values)
    assert ask(RESOURCES[name].path, **params, limit=1000).json()["data"] == truth


def test_people_narrow(ask: Ask, simulator: Simulator) -> None:
    """By address in any case, and by id."""
    member = simulator.truth("members", TODAY)[3]
    for name in ("members", "invites"):
        found = ask(RESOURCES[name].path, email=member["email"].upper()).json()["data"]
        assert [row["email"] for row in found] == [member["email"]]
    for name, parameter in (
        ("spend_limits", "user_ids__"),
        ("spend_limit_requests", "actor_ids__"),
    ):
        rows = simulator.truth(name, TODAY)
        users = {row["actor"]["user_id"] for row in rows[-5:]}
        asked: Row = {parameter: sorted(users), "limit": 1000}
        found = ask(RESOURCES[name].path, **asked)
        truth = [row for row in rows if row["actor"]["user_id"] in users]
        assert found.json()["data"] == truth


# Pages


@each_of(*BY_ID)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_by_id(
    ask: Ask, simulator: Simulator, resource: Resource, limit: int
) -> None:
    """They add up to the whole, forwards and backwards."""
    truth = simulator.truth(resource.name, TODAY)
    first = ask(resource.path, limit=limit).json()
    assert first.keys() == {"data", "has_more", "first_id", "last_id"}
    assert (first["first_id"], first["last_id"]) == (
        truth[0]["id"],
        truth[:limit][-1]["id"],
    )
    assert [row for page in pages(ask, resource.path, limit=limit) for row in page] == truth
    behind = ask(resource.path, limit=limit, before_id=truth[5]["id"]).json()
    assert behind["data"] == truth[:5][-limit:]
    assert behind["has_more"] is (limit < 5)
    beyond = ask(resource.path, limit=limit, after_id=truth[-1]["id"]).json()
    assert beyond == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@each_of(*BY_CURSOR)
def test_pages_by_cursor(ask: Ask, simulator: Simulator, resource: Resource) -> None:
    """They add up to the whole, and a cursor belongs to its question."""
    path = path_of(simulator, resource)
    truth = rows_of(simulator, resource)
    found = pages(ask, path, limit=3)
    assert len(found) > 1
    assert [row for page in found for row in page] == truth
    first = ask(path, limit=3).json()
    assert first.keys() == {"data", "next_page"}
    for name in resource.lists:
        value = {"period[]": "monthly", "status[]": "approved"}.get(name, "user_1")
        narrowed: Row = {name.replace("[]", "__"): value}
        told = refusal(ask(path, limit=3, page=first["next_page"], **narrowed))
        assert "cursor does not belong" in told


@each_of()
def test_twenty_by_default(ask: Ask, simulator: Simulator, resource: Resource) -> None:
    """Where there are more; members, where a member has several rows."""
    rows = ask(path_of(simulator, resource)).json()["data"]
    assert len(rows_of(simulator, resource)) >= len(rows)
    if resource.name == "spend_limits":
        assert len(rows) > len({row["scope"]["user_id"] for row in rows}) == 20
    elif resource.name == "teams":
        assert len(rows) == 5
    else:
        assert len(rows) == 20


def test_a_member_is_on_one_page(ask: Ask) -> None:
    """However many periods have a limit."""
    found = pages(ask, RESOURCES["spend_limits"].path, limit=3)
    members = [{row["scope"]["user_id"] for row in page} for page in found]
    assert sum(map(len, members)) == len(set[str]().union(*members))
    assert max(map(len, members)) == 3
    assert any(len(page) > 3 for page in found)


def test_empty_pages(session: requests.Session) -> None:
    """A page may be empty although others follow it."""
    with Simulator(Options(today=TODAY, users=40, empty_page_every=1)) as sparse:
        found = pages(
            partial(send, sparse, session), RESOURCES["spend_limits"].path, limit=9
        )
        assert [] in found
        assert [row for page in found for row in page] == sparse.truth(
            "spend_limits", TODAY
        )


# Rate limits


def test_rate_limits(session: requests.Session) -> None:
    """Each pool has a minute of its own, and nothing else is slowed."""
    with Simulator(Options(today=TODAY, users=3, rate_limits=True)) as limited:
        ask = partial(send, limited, session)
        for pool, per_minute in {**PER_MINUTE, "analytics": 60}.items():
            paths = [one.path for one in RESOURCES.values() if one.pool == pool]
            path = paths[0] if paths else "artifacts"
            params: Row = {} if paths else {"date": "2026-09-01"}
            statuses = [ask(path, **params).status_code for _ in range(per_minute)]
            assert statuses == [200] * per_minute
            answer = ask(path, **params)
            assert str(per_minute) in refusal(answer, 429)
            assert 0 < float(answer.headers["retry-after"]) <= 60


# Time


def test_answers_follow_the_clock(session: requests.Session) -> None:
    """Moving the simulator's day changes what is true now, as its truth says."""
    with Simulator(Options(today=TODAY, users=60)) as moving:
        told = []
        for days in (0, 1, 40):
            moving.today = TODAY + timedelta(days=days)
            for name in ("members", "spend_limits", "spend_limit_requests", "invites"):
                rows = send(moving, session, RESOURCES[name].path, limit=1000)
                assert rows.json()["data"] == moving.truth(name, moving.today)
                told.append(rows.text)
        assert len(set(told)) > len(told) / 2


def test_edits_are_of_one_day(session: requests.Session) -> None:
    """Rows can be changed as the API might have them."""
    with Simulator(Options(today=TODAY, users=9)) as edited:
        before = edited.truth("members", TODAY)
        edited.edit("members", TODAY, lambda rows: [*rows[1:], {**rows[0], "new": 1}])
        answer = send(edited, session, RESOURCES["members"].path)
        assert answer.json()["data"] == [*before[1:], {**before[0], "new": 1}]
        edited.truth("members", TODAY).clear()
        assert edited.truth("members", TODAY) == answer.json()["data"]
        assert edited.truth("members", TODAY + timedelta(days=1))[0] == before[0]
