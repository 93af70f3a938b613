"""The official package judges the endpoints of people, teams and limits."""

import re
from datetime import date

import anthropic
import pytest
from anthropic.types.organization import OrganizationUser

from tests.masking import SCHEMAS
from tests.simulator import RESOURCES, Options, Resource, Simulator
from tests.simulator_tests import oracle

TODAY = date(2026, 10, 13)
# An organisation that is large enough for everything to occur.
OPTIONS = Options(today=TODAY, users=400, empty_page_every=2)
# What lists each endpoint in the official client.
CLIENTS = {
    "members": "organization.users",
    "invites": "organization.invites",
    "spend_limits": "organization.spend_limits.effective",
    "spend_limit_requests": "organization.spend_limits.increase_requests",
    "teams": "organization.rbac_groups",
    "team_members": "organization.rbac_groups.members",
}
# How paths end that are never there: some levels only limits of Console organisations or of
# single services name, and of others many limits of members are inherited though none is
# about them.
NEVER = (
    *("service", "workspace_id", "scope.rbac_group_id", "scope.seat_tier"),
    "actor.scoped_api_key_id",
)


each_resource = pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)


@pytest.mark.parametrize("prefix", ["", "beta."], ids=["ga", "beta"])
@each_resource
def test_rows_are_those_of_the_official_models(
    simulator: Simulator, client: anthropic.Anthropic, resource: Resource, prefix: str
) -> None:
    """Every raw row validates strictly, none is missing, every field has been null."""
    path = prefix + CLIENTS[resource.name]
    places: list[tuple[str, ...]] = [()]
    if resource.name == "team_members":
        places = [(team["id"],) for team in simulator.truth("teams", TODAY)]
    judged = [
        pair
        for place in places
        for pair in oracle.judged_rows(client, path, *place, limit=37)
    ]
    assert [raw for _, raw in judged] == simulator.truth(resource.name, TODAY)
    seen = {way for typed, _ in judged for way in oracle.checked(typed)}
    ways = oracle.expected(oracle.model_of(client, path))
    assert seen == {(field, way) for field, way in ways if not field.endswith(NEVER)}


def test_a_member_is_on_one_page(client: anthropic.Anthropic) -> None:
    """However many periods have a limit; and a page may be empty though others follow."""
    listed = client.organization.spend_limits.effective.list(limit=37)
    pages = [
        [row.scope.to_dict()["user_id"] for row in page.data]
        for page in listed.iter_pages()
    ]
    members = [set(page) for page in pages]
    assert set() in members
    assert sum(map(len, members)) == len(set().union(*members))
    assert max(map(len, members)) == 37 < max(map(len, pages))


@each_resource
def test_every_parameter_of_the_package_is_known(
    client: anthropic.Anthropic, resource: Resource
) -> None:
    """A parameter or a value that a newer package brings is named here."""
    wire = oracle.on_the_wire(client, CLIENTS[resource.name])
    named_by_path = {"rbac_group_id"} if resource.name == "team_members" else set()
    assert wire.keys() == resource.parameters | named_by_path
    for name, allowed in resource.lists.items():
        assert oracle.literals(wire[name]) == set(allowed), name


@pytest.mark.parametrize("name", ["members", "invites"])
def test_roles_are_those_of_the_package(name: str) -> None:
    """Of both types of organisation together, as the schemas describe them."""
    described = re.findall("`(.+?)`", SCHEMAS[name]["properties"]["role"]["description"])
    role = OrganizationUser.model_fields["role"].annotation
    assert oracle.literals(role) == set(described)
