"""Who may read what: scopes, kinds of keys, of organisations and of plans."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.simulator import BETA_HEADER, REPORTS, RESOURCES, Options, Simulator
from tests.simulator.reports.facts import CHILDREN, HIPAA_READY, org_id
from tests.simulator_tests.asking import Row, each_of, path_of, refusal, send

if TYPE_CHECKING:
    import requests

    from tests.simulator import Resource
    from tests.simulator_tests.asking import Ask

TODAY = date(2026, 9, 10)
OPTIONS = Options(today=TODAY, users=30)
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


def test_only_get_is_answered(simulator: Simulator, session: requests.Session) -> None:
    """The API itself refuses other methods."""
    url = f"{simulator.url}{RESOURCES['members'].path}"
    key = {"x-api-key": simulator.options.api_key}
    assert session.post(url, headers=key, timeout=10).status_code == 405


def test_every_answer_names_the_organization(ask: Ask, simulator: Simulator) -> None:
    """Whatever it is, and whoever asks."""
    for path in (RESOURCES["members"].path, "skills", "usage", "x"):
        for key in (simulator.options.api_key, STRANGER):
            named = ask(path, {"x-api-key": key}).headers["anthropic-organization-id"]
            assert named == simulator.options.organization_id


@each_of()
def test_console_organizations(session: requests.Session, resource: Resource) -> None:
    """They have users and invites, with roles of their own, and no more."""
    with Simulator(Options(today=TODAY, users=60, console=True)) as console:
        ask = partial(send, console, session)
        answer = ask(path_of(console, resource))
        if resource.enterprise:
            # Which code that is, the official package judges.
            refusal(answer)
            return
        assert {row["role"] for row in answer.json()["data"]} >= {"admin", "user"}
        assert ask(resource.path, roles__="billing").json()["data"]
        assert "roles[]" in refusal(ask(resource.path, roles__="owner"))


def test_what_needs_a_key_for_all_linked_organizations(session: requests.Session) -> None:
    """Teams do, and to name organisations in usage and cost."""
    with Simulator(Options(today=TODAY, users=20, linked=False)) as single:
        ask = partial(send, single, session)
        for resource in RESOURCES.values():
            answer = ask(path_of(single, resource))
            assert answer.status_code == (403 if resource.linked else 200)
        told = refusal(ask("cost", **SPAN, organization_ids__=CHILDREN[0]))
        assert "parent organization" in told


def test_organizations_narrow_usage_and_cost(ask: Ask, simulator: Simulator) -> None:
    """By either kind of id; unknown ones match nothing, HIPAA-ready ones are refused."""
    start, end = date(2026, 9, 1), date(2026, 9, 4)
    asked: Row = {**SPAN, "time_bucket_width": "1d", "order_by": "time", "order": "asc"}
    dimensions = ["organization_id", "product"]
    truth = simulator.truth_report("cost", start, end, group_by=dimensions)
    ask = partial(ask, "cost", None, **asked, group_by__=dimensions, limit=1000)
    for named in ([CHILDREN[0]], [org_id(CHILDREN[1])], [*CHILDREN], ["org_no"]):
        uuids = {org_id(child): child for child in CHILDREN}
        wanted = {uuids.get(name, name) for name in named}
        rows = [row for row in truth if row["group"]["organization_id"] in wanted]
        assert ask(organization_ids__=named).json()["data"] == rows
        assert bool(rows) is (named != ["org_no"])
    for name in (HIPAA_READY, org_id(HIPAA_READY)):
        assert "HIPAA" in refusal(ask(organization_ids__=[CHILDREN[0], name]))


def test_who_has_which_reports(ask: Ask, session: requests.Session) -> None:
    """Some plans have none; the newer ones are there with a header only."""
    with Simulator(Options(today=TODAY, users=3, reports=False)) as plain:
        for report in REPORTS.values():
            bare = {"anthropic-beta": "other"}
            told = refusal(send(plain, session, report.name, bare, **SPAN), report.refusal)
            assert "plan" in told
            answer = ask(report.name, bare, **SPAN)
            if report.legacy:
                assert answer.status_code == 200
            else:
                assert BETA_HEADER in refusal(answer)
