"""The endpoints of people, teams and limits: what narrows them, pages, time."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator import RESOURCES, Options, Resource, Simulator
from tests.simulator.organization.catalog import Paging
from tests.simulator_tests.asking import Row, each_of, next_of, path_of, send

if TYPE_CHECKING:
    import requests

    from tests.simulator_tests.asking import Ask

TODAY = date(2026, 9, 10)
OPTIONS = Options(today=TODAY, users=150)
"""An organisation whose members fill several pages."""

BY_ID = [one for one in RESOURCES.values() if one.paging is Paging.ID]


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
    cursor: Row = {}
    while True:
        body = ask(path, **params, **cursor).json()
        found.append(body["data"])
        cursor = next_of(body)
        if not cursor:
            return found


@pytest.mark.parametrize(
    ("name", "params", "column"),
    [
        ("members", {"roles__": ["owner", "primary_owner"]}, "role"),
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


@each_of(*BY_ID)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_by_id(
    ask: Ask, simulator: Simulator, resource: Resource, limit: int
) -> None:
    """They know their ends, and lead backwards too."""
    truth = simulator.truth(resource.name, TODAY)
    first = ask(resource.path, limit=limit).json()
    assert first.keys() == {"data", "has_more", "first_id", "last_id"}
    ends = (truth[0]["id"], truth[:limit][-1]["id"])
    assert (first["first_id"], first["last_id"]) == ends
    behind = ask(resource.path, limit=limit, before_id=truth[5]["id"]).json()
    assert behind["data"] == truth[:5][-limit:]
    assert behind["has_more"] is (limit < 5)
    beyond = ask(resource.path, limit=limit, after_id=truth[-1]["id"]).json()
    assert beyond == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@each_of()
def test_twenty_by_default(ask: Ask, simulator: Simulator, resource: Resource) -> None:
    """Where there are more; members, where a member has several rows."""
    found = pages(ask, path_of(simulator, resource))
    assert [row for page in found for row in page] == rows_of(simulator, resource)
    if resource.name == "spend_limits":
        assert len(found[0]) > len({row["scope"]["user_id"] for row in found[0]}) == 20
    else:
        assert len(found[0]) == (5 if resource.name == "teams" else 20)


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
