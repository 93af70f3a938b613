"""Who may read people, teams and limits: scopes, kinds of keys and of organisations."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.simulator import RESOURCES, Options, Simulator
from tests.simulator.reports.children import CHILDREN, HIPAA_READY, org_id
from tests.simulator_tests.asking import kept_session
from tests.simulator_tests.organization_asking import Row, each_of, path_of, refusal, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tests.simulator import Resource
    from tests.simulator_tests.organization_asking import Ask

TODAY = date(2026, 9, 10)
SPAN: Row = {"starting_at": "2026-09-01T00:00:00Z", "ending_at": "2026-09-04T00:00:00Z"}


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Keep connections alive."""
    with kept_session() as kept:
        yield kept


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Run a small organisation."""
    with Simulator(Options(today=TODAY, users=30)) as running:
        yield running


@pytest.fixture(scope="module")
def ask(simulator: Simulator, session: requests.Session) -> Ask:
    """Ask it."""
    return partial(send, simulator, session)


@each_of()
def test_one_of_the_scopes_opens(
    ask: Ask, simulator: Simulator, resource: Resource
) -> None:
    """Any that the endpoint names will do; all others are told which is needed."""
    path, key = path_of(simulator, resource), {"x-api-key": "sk-ant-api01-other"}
    scopes = {scope for one in RESOURCES.values() for scope in one.scopes}
    for scope in sorted(scopes | {"read:analytics"}):
        simulator.grant(key["x-api-key"], scope)
        if scope in resource.scopes:
            assert ask(path, key).status_code == 200
        else:
            told = refusal(ask(path, key), 403)
            assert f"holds the scopes: {scope};" in told
            assert all(needed in told for needed in resource.scopes)


@each_of()
def test_strangers_and_admin_keys(
    ask: Ask, simulator: Simulator, resource: Resource
) -> None:
    """Neither may read; a bearer token is as good as the header."""
    path = path_of(simulator, resource)
    assert refusal(ask(path, {"x-api-key": "sk-ant-api01-no"}), 401)
    admin = {"x-api-key": "sk-ant-admin01-ours"}
    simulator.grant(admin["x-api-key"])
    assert "Admin key" in refusal(ask(path, admin), 403)
    url = simulator.url + path
    bearer = {"authorization": f"Bearer {simulator.options.api_key}"}
    with kept_session() as session:
        assert session.get(url, headers=bearer, timeout=10).status_code == 200
        assert session.post(url, headers=bearer, timeout=10).status_code == 405


def test_an_admin_key_opens_usage_and_cost_only(ask: Ask, simulator: Simulator) -> None:
    """A key without the scope for analytics opens none of its endpoints."""
    admin, without = "sk-ant-admin01-ours", "sk-ant-api01-members-only"
    simulator.grant(admin)
    simulator.grant(without, "read:members")
    params: Row
    for path, params, opens in (
        ("usage", SPAN, True),
        ("cost", SPAN, True),
        ("cost_report", SPAN, False),
        ("skills", {"date": "2026-09-01"}, False),
    ):
        answer = ask(path, {"x-api-key": admin}, **params)
        assert (answer.status_code == 200) is opens
        told = refusal(ask(path, {"x-api-key": without}, **params), 403)
        assert "needed is read:analytics" in told


def test_every_answer_names_the_organization(ask: Ask, simulator: Simulator) -> None:
    """Whatever it is, and whoever asks."""
    own = simulator.options.organization_id
    for path in (*(path_of(simulator, one) for one in RESOURCES.values()), "skills", "x"):
        for key in (simulator.options.api_key, "sk-ant-api01-no"):
            answer = ask(path, {"x-api-key": key})
            assert answer.headers["anthropic-organization-id"] == own


@each_of()
def test_console_organizations(session: requests.Session, resource: Resource) -> None:
    """They have users and invites, with roles of their own, and no more."""
    with Simulator(Options(today=TODAY, users=60, console=True)) as console:
        ask = partial(send, console, session)
        answer = ask(path_of(console, resource))
        if resource.enterprise:
            refusal(answer)
            code = answer.json()["error"]["details"]["error_code"]
            assert code == "organization_type_not_supported"
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


@pytest.mark.parametrize("report", ["usage", "cost"])
def test_organizations_narrow_usage_and_cost(
    ask: Ask, simulator: Simulator, report: str
) -> None:
    """By either kind of id; unknown ones match nothing, HIPAA-ready ones are refused."""
    start, end = date(2026, 9, 1), date(2026, 9, 4)
    asked: Row = {**SPAN, "time_bucket_width": "1d", "order_by": "time", "order": "asc"}
    dimensions = ["organization_id", "product"]
    truth = simulator.truth_report(report, start, end, group_by=dimensions)
    ask = partial(ask, report, None, **asked, group_by__=dimensions, limit=1000)
    for named in ([CHILDREN[0]], [org_id(CHILDREN[1])], [*CHILDREN], ["org_no"]):
        uuids = {org_id(child): child for child in CHILDREN}
        wanted = {uuids.get(name, name) for name in named}
        rows = [row for row in truth if row["group"]["organization_id"] in wanted]
        assert ask(organization_ids__=named).json()["data"] == rows
        assert bool(rows) is (named != ["org_no"])
    for name in (HIPAA_READY, org_id(HIPAA_READY)):
        assert "HIPAA" in refusal(ask(organization_ids__=[CHILDREN[0], name]))


def test_hipaa_ready_organizations_lack_usage_and_cost(session: requests.Session) -> None:
    """The older reports they have."""
    with Simulator(Options(today=TODAY, users=5, hipaa_ready=True)) as ready:
        for report in ("usage", "cost"):
            answer = send(ready, session, report, **SPAN)
            refusal(answer)
            code = answer.json()["error"]["details"]["error_code"]
            assert code == "organization_not_eligible"
        for report in ("usage_report", "user_cost_report"):
            assert send(ready, session, report, **SPAN).status_code == 200
