"""Who may read what; the endpoints of people, teams and limits: pages, edits, time."""

from datetime import date, timedelta
from typing import Any

import pytest
import requests

from tests.simulator import (
    BETA_HEADER,
    REPORTS,
    RESOURCES,
    Options,
    Resource,
    Row,
    Simulator,
)
from tests.simulator.reports.facts import CHILDREN, HIPAA_READY, org_id
from tests.simulator_tests.asking import Ask, each_of, next_of, path_of, refusal, send

TODAY = date(2026, 9, 10)
# An organisation whose members fill several pages.
OPTIONS = Options(today=TODAY, users=150)
SPAN: Row = {"starting_at": "2026-09-01T00:00:00Z", "ending_at": "2026-09-04T00:00:00Z"}
STRANGER, OTHER, ADMIN = "sk-ant-api01-no", "sk-ant-api01-other", "sk-ant-admin01-ours"


@each_of()
def test_one_of_the_scopes_opens(
    ask: Ask, simulator: Simulator, resource: Resource
) -> None:
    """Any that the endpoint names will do; all others are told which is needed."""
    path = path_of(simulator, resource)
    scopes = {scope for one in RESOURCES.values() for scope in one.scopes}
    for scope in sorted(scopes | {"read:analytics"}):
        simulator.grant(OTHER, scope)
        answer = ask(path, {"x-api-key": OTHER})
        if scope in resource.scopes:
            assert answer.status_code == 200
        else:
            told = refusal(answer, 403)
            assert f"holds the scopes: {scope};" in told
            assert all(needed in told for needed in resource.scopes)


@pytest.mark.parametrize(
    ("path", "params", "stranger", "admin"),
    [
        ("skills", {"date": "2026-09-01"}, 404, 403),
        ("usage", SPAN, 401, 200),
        ("cost_report", SPAN, 401, 403),
        (RESOURCES["members"].path, {}, 401, 403),
    ],
)
def test_strangers_and_admin_keys(
    ask: Ask, simulator: Simulator, path: str, params: Row, stranger: int, admin: int
) -> None:
    """An Admin key opens usage and cost only; a bearer token is as good as the header."""
    assert refusal(ask(path, {"x-api-key": STRANGER}, **params), stranger)
    assert "scope" in refusal(ask(path, {"x-api-key": "sk-ant-admin01-no"}, **params), 403)
    simulator.grant(ADMIN)
    assert ask(path, {"x-api-key": ADMIN}, **params).status_code == admin
    simulator.grant(OTHER, "read:spend_limits")
    assert "needed is read:" in refusal(ask(path, {"x-api-key": OTHER}, **params), 403)
    bearer = {"authorization": f"Bearer {simulator.options.api_key}"}
    assert ask(path, {"x-api-key": None, **bearer}, **params).status_code == 200


def test_every_answer_names_the_organization(
    ask: Ask, simulator: Simulator, session: requests.Session
) -> None:
    """Whatever it is, and whoever asks; and the API itself refuses other methods."""
    members = RESOURCES["members"].path
    for path in (members, "skills", "usage", "x"):
        for key in (simulator.options.api_key, STRANGER):
            named = ask(path, {"x-api-key": key}).headers["anthropic-organization-id"]
            assert named == simulator.options.organization_id
    assert session.post(simulator.url + members, timeout=10).status_code == 405


def test_what_needs_a_key_for_all_linked_organizations(
    ask: Ask, simulator: Simulator
) -> None:
    """Teams do, and to name organisations in usage and cost."""
    header = {"x-api-key": OTHER}
    simulator.grant(OTHER, *simulator.options.scopes.split(), linked=False)
    for resource in RESOURCES.values():
        answer = ask(path_of(simulator, resource), header)
        assert answer.status_code == (403 if resource.linked else 200)
    told = refusal(ask("cost", header, **SPAN, organization_ids__=CHILDREN[0]))
    assert "parent organization" in told


def test_organizations_narrow_usage_and_cost(ask: Ask) -> None:
    """By either kind of id; unknown ones match nothing, HIPAA-ready ones are refused."""

    def ask_about(*named: str) -> requests.Response:
        asked: Row = {"group_by__": "organization_id", "organization_ids__": named}
        return ask("cost", **SPAN, **asked)

    uuids = {org_id(child): child for child in CHILDREN}
    for named in ([CHILDREN[0]], [org_id(CHILDREN[1])], [*CHILDREN], ["org_no"]):
        rows = ask_about(*named).json()["data"]
        found = {row["group"]["organization_id"] for row in rows}
        assert found == {uuids.get(name, name) for name in named} - {"org_no"}
    for name in (HIPAA_READY, org_id(HIPAA_READY)):
        assert "HIPAA" in refusal(ask_about(CHILDREN[0], name))


def test_who_has_which_reports(ask: Ask, session: requests.Session) -> None:
    """Some plans have none; the newer ones are there with a header only."""
    bare = {"anthropic-beta": "other"}
    with Simulator(Options(today=TODAY, users=3, reports=False)) as plain:
        for report in REPORTS.values():
            told = refusal(send(plain, session, report.name, bare, **SPAN), report.refusal)
            assert "plan" in told
            answer = ask(report.name, bare, **SPAN)
            if report.legacy:
                assert answer.status_code == 200
            else:
                assert BETA_HEADER in refusal(answer)


@each_of(RESOURCES["members"], RESOURCES["invites"])
def test_pages_by_id_know_their_ends(
    ask: Ask, simulator: Simulator, resource: Resource
) -> None:
    """The last one is told to be it, and there is nothing behind the last row."""
    rows = simulator.truth(resource.name, TODAY)
    whole = ask(resource.path, limit=len(rows)).json()
    first, last = rows[0]["id"], rows[-1]["id"]
    ends = {"first_id": first, "last_id": last}
    assert whole == {"data": rows, "has_more": False, **ends}
    beyond = ask(resource.path, after_id=last).json()
    assert beyond == {"data": [], "has_more": False, **dict.fromkeys(ends)}


@each_of()
def test_twenty_by_default(ask: Ask, simulator: Simulator, resource: Resource) -> None:
    """Where there are more; members, where a member has several rows."""
    rows = ask(path_of(simulator, resource)).json()["data"]
    if resource.name == "spend_limits":
        assert len(rows) > len({row["scope"]["user_id"] for row in rows}) == 20
    else:
        assert len(rows) == (5 if resource.name == "teams" else 20)


def test_a_member_is_on_one_page(session: requests.Session) -> None:
    """However many periods have a limit; and a page may be empty though others follow."""
    pages: list[list[str]] = []
    with Simulator(Options(today=TODAY, users=40, empty_page_every=1)) as sparse:
        asked: dict[str, Any] = {"limit": 3}
        while asked:
            path = RESOURCES["spend_limits"].path
            body = send(sparse, session, path, **{"limit": 3, **asked}).json()
            pages.append([row["scope"]["user_id"] for row in body["data"]])
            asked = next_of(body)
    members = [set(page) for page in pages]
    assert set() in members
    assert sum(map(len, members)) == len(set[str]().union(*members))
    assert max(map(len, members)) == 3
    assert any(len(page) > 3 for page in pages)


def test_answers_follow_the_clock_and_edits(fresh: Simulator, ask_fresh: Ask) -> None:
    """Moving the simulator's day changes what is true now; edits are of one day."""
    told = set()
    for days in (0, 40):
        fresh.today = TODAY + timedelta(days=days)
        for name in ("members", "spend_limits", "spend_limit_requests", "invites"):
            answer = ask_fresh(RESOURCES[name].path, limit=1000)
            assert answer.json()["data"] == fresh.truth(name, fresh.today)
            told.add(answer.text)
    assert len(told) == 8
    before = fresh.truth("members", fresh.today)
    fresh.edit("members", fresh.today, lambda rows: [*rows[1:], {**rows[0], "new": 1}])
    edited = [*before[1:], {**before[0], "new": 1}]
    assert ask_fresh(RESOURCES["members"].path, limit=1000).json()["data"] == edited
    fresh.truth("members", fresh.today).clear()
    assert fresh.truth("members", fresh.today) == edited
    assert fresh.truth("members", fresh.today + timedelta(days=1))[0] == before[0]
