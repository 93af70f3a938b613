"""The official package judges the endpoints of people, teams and limits."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from anthropic.types import organization as types
from anthropic.types.organization import rbac_groups as member_types
from anthropic.types.organization import spend_limits as limit_types

from tests.simulator import Options, Resource, Simulator
from tests.simulator.organization.people import ROLES
from tests.simulator_tests.asking import Row, each_of, official_client
from tests.simulator_tests.oracle import (
    checked,
    expected,
    judged_rows,
    literals,
    on_the_wire,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

TODAY = date(2026, 10, 13)
OPTIONS = Options(today=TODAY, users=400, empty_page_every=2)
"""An organisation that is large enough for everything to occur."""

CLIENTS = {
    "members": "organization.users",
    "invites": "organization.invites",
    "spend_limits": "organization.spend_limits.effective",
    "spend_limit_requests": "organization.spend_limits.increase_requests",
    "teams": "organization.rbac_groups",
    "team_members": "organization.rbac_groups.members",
}
PARAMETERS: dict[str, Any] = {
    "members": types.UserListParams,
    "invites": types.InviteListParams,
    "spend_limits": limit_types.EffectiveListParams,
    "spend_limit_requests": limit_types.IncreaseRequestListParams,
    "teams": types.RBACGroupListParams,
    "team_members": member_types.MemberListParams,
}
LEVELS = ("service", "workspace_id")
"""What only limits of Console organisations, or of single services, name."""

OTHER_LEVELS = ("rbac_group_id", "seat_tier")
"""What no limit of a member is about, though many are inherited from it."""

NEVER = {
    "spend_limits": {
        "actor.scoped_api_key_id",
        *(f"{part}.{name}" for part in ("scope", "source") for name in LEVELS),
        *(f"scope.{name}" for name in OTHER_LEVELS),
    }
}
NEVER["spend_limit_requests"] = {
    "actor.scoped_api_key_id",
    *(f"spend_summary.{path}" for path in NEVER["spend_limits"]),
}


@pytest.mark.parametrize("prefix", ["", "beta."], ids=["ga", "beta"])
@each_of()
def test_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, resource: Resource, prefix: str
) -> None:
    """Every raw row validates strictly, none is missing, every field has been null."""
    path = prefix + CLIENTS[resource.name]
    places: list[tuple[str, ...]] = [()]
    if resource.name == "team_members":
        places = [(team["id"],) for team in simulator.truth("teams", TODAY)]
    seen: set[tuple[str, str]] = set()
    rows: list[Row] = []
    model: type[BaseModel] | None = None
    for place in places:
        for parsed, raw in judged_rows(client, path, *place, limit=37):
            model = type(parsed)
            seen.update(checked(parsed))
            rows.append(raw)
    assert rows == simulator.truth(resource.name, TODAY)
    assert model is not None
    never = NEVER.get(resource.name, set())
    assert seen == {pair for pair in expected(model) if pair[0] not in never}


@each_of()
def test_every_parameter_of_the_package_is_known(resource: Resource) -> None:
    """A parameter or a value that a newer package brings is named here."""
    wire = on_the_wire(PARAMETERS[resource.name])
    assert wire.keys() == resource.parameters
    for name, allowed in resource.lists.items():
        assert literals(wire[name]) == allowed, name


def test_roles_are_those_of_the_package() -> None:
    """Of both types of organisation together."""
    role = types.OrganizationUser.model_fields["role"].annotation
    assert literals(role) == {*ROLES, *ROLES.values()}


def test_lists_are_sent_as_the_rules_expect(
    simulator: Simulator, client: anthropic.Anthropic
) -> None:
    """The client writes lists with brackets."""
    limits = list(client.organization.spend_limits.effective.list(period=["weekly"]))
    assert {limit.period for limit in limits} == {"weekly"}
    assert simulator.requests[-1].params["period[]"] == ["weekly"]
    invites = list(client.organization.invites.list(statuses=["pending", "expired"]))
    assert {invite.status for invite in invites} == {"pending", "expired"}


def test_refusals_are_those_of_the_client(client: anthropic.Anthropic) -> None:
    """A missing scope, a wrong key and an organisation of another type."""
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(api_key="sk-ant-api01-no").organization.users.list()
    options = Options(today=TODAY, users=3, console=True, scopes="read:spend_limits")
    with Simulator(options) as other, official_client(other) as asking:
        with pytest.raises(anthropic.PermissionDeniedError, match="needed is read:members"):
            asking.organization.users.list()
        with pytest.raises(anthropic.BadRequestError) as caught:
            asking.organization.spend_limits.effective.list()
        assert caught.value.error_code == "organization_type_not_supported"
