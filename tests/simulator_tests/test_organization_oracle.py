"""The official package judges the endpoints of people, teams and limits, and schemas."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

import anthropic
import pytest
from anthropic.types.organization import OrganizationUser

from tests.simulator import RESOURCES, Options, Resource, Simulator
from tests.simulator_tests import oracle
from tests.simulator_tests.asking import Row, each_of, official_client
from tests.unit.test_schemas import ADDED, load, model_fields, schema_fields, walk

TODAY = date(2026, 10, 13)
# An organisation that is large enough for everything to occur.
OPTIONS = Options(today=TODAY, users=400, empty_page_every=2)
# What the API writes as decimal strings, and the schemas have as numbers.
MONEY = ("amount", "period_to_date_spend")


class Judge(NamedTuple):
    """Who judges an endpoint, and what the tap makes of it.

    Attributes:
        client: What lists it in the official client.
        identity: What is never null in the stream, beside the time of the reading.
        key: What the stream calls the `id` of the API.
        money: Where amounts are, if there are any; then the actor's id is lifted, too.
    """

    client: str
    identity: tuple[str, ...]
    key: str | None = None
    money: str | None = None


JUDGES = {
    "members": Judge("users", ("user_id",), "user_id"),
    "invites": Judge("invites", ("invite_id",), "invite_id"),
    "spend_limits": Judge("spend_limits.effective", ("actor_id", "period"), money=""),
    "spend_limit_requests": Judge(
        "spend_limits.increase_requests", ("request_id",), "request_id", "spend_summary."
    ),
    "teams": Judge("rbac_groups", ("rbac_group_id",), "rbac_group_id"),
    "team_members": Judge("rbac_groups.members", ("rbac_group_id", "user_id")),
}
# Some levels only limits of Console organisations or of single services name, and of others
# many limits of members are inherited though none is about them.
NEVER = {"spend_limits": {"actor.scoped_api_key_id"}}
NEVER["spend_limits"] |= {
    *(
        f"{part}.{name}"
        for part in ("scope", "source")
        for name in ("service", "workspace_id")
    ),
    *(f"scope.{name}" for name in ("rbac_group_id", "seat_tier")),
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
    path = f"{prefix}organization.{JUDGES[resource.name].client}"
    places: list[tuple[str, ...]] = [()]
    if resource.name == "team_members":
        places = [(team["id"],) for team in simulator.truth("teams", TODAY)]
    judged = [
        pair
        for place in places
        for pair in oracle.judged_rows(client, path, *place, limit=37)
    ]
    rows: list[Row] = [raw for _, raw in judged]
    assert rows == simulator.truth(resource.name, TODAY)
    seen = {way for typed, _ in judged for way in oracle.checked(typed)}
    never = NEVER.get(resource.name, set())
    ways = oracle.expected(oracle.model_of(client, path))
    assert seen == {pair for pair in ways if pair[0] not in never}


@each_of()
def test_every_parameter_of_the_package_is_known(
    client: anthropic.Anthropic, resource: Resource
) -> None:
    """A parameter or a value that a newer package brings is named here."""
    wire = oracle.on_the_wire(client, f"organization.{JUDGES[resource.name].client}")
    named_by_path = {"rbac_group_id"} if resource.name == "team_members" else set()
    assert wire.keys() == resource.parameters | named_by_path
    for name, allowed in resource.lists.items():
        assert oracle.literals(wire[name]) == allowed, name


@pytest.mark.parametrize("name", RESOURCES)
def test_schemas_have_the_fields_of_the_package(
    client: anthropic.Anthropic, name: str
) -> None:
    """One that a newer package brings, drops or retypes is named; keys are not null."""
    judge, schema = JUDGES[name], load(name)
    model = oracle.model_of(client, f"organization.{judge.client}")
    fields = ADDED | {
        path: "array" if kind == "typing.List[str]" else kind
        for path, kind in model_fields(model).items()
    }
    if judge.key:
        fields[judge.key] = fields.pop("id")
    if judge.money is not None:
        amounts = [f"{judge.money}{name}" for name in MONEY]
        amounts += [f"{amount}_in_currency" for amount in amounts]
        fields |= {"actor_id": "string"} | dict.fromkeys(amounts, "number")
    assert schema_fields(schema) == fields
    assert schema["required"] == ["date", *judge.identity, "snapshot_at"]
    never_null = [
        ".".join(path) for path, node in walk(schema) if "null" not in node["type"]
    ]
    assert never_null == schema["required"]


@pytest.mark.parametrize("name", ["members", "invites"])
def test_roles_are_those_of_the_package(name: str) -> None:
    """Of both types of organisation together, as the schemas describe them."""
    described = load(name)["properties"]["role"]["description"]
    known = set(re.findall("`(.+?)`", described))
    role = OrganizationUser.model_fields["role"].annotation
    assert oracle.literals(role) == known


def test_refusals_are_those_of_the_client(client: anthropic.Anthropic) -> None:
    """A missing scope and a wrong key."""
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(api_key="sk-ant-api01-no").organization.users.list()
    options = Options(today=TODAY, users=3, scopes="read:spend_limits")
    with (
        Simulator(options) as other,
        official_client(other) as asking,
        pytest.raises(anthropic.PermissionDeniedError, match="needed is read:members"),
    ):
        asking.organization.users.list()
