"""The schemas of people, teams and limits: complete by the package, true of the rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from anthropic.types import organization as types
from anthropic.types.organization.rbac_groups import RBACGroupMember
from anthropic.types.organization.spend_limits import SpendLimitIncreaseRequest
from jsonschema import Draft7Validator
from singer_sdk.helpers._flattening import flatten_schema
from singer_sdk.singerlib import Schema

from tests.simulator import RESOURCES, Options, Simulator
from tests.unit.test_schemas import ADDED, load, model_fields, schema_fields, walk

if TYPE_CHECKING:
    from pydantic import BaseModel

OPTIONS = Options(today=date(2026, 9, 10), users=150)

MONEY = ("amount", "period_to_date_spend")
"""What the API writes as decimal strings, and the schemas have as numbers."""


@dataclass(frozen=True)
class Expected:
    """What a stream takes from the API.

    Attributes:
        model: The official model of a row.
        required: What is never null, beside the time of the reading.
        key: What the stream calls the `id` of the API.
        money: Where amounts are, if there are any; then the actor's id is lifted, too.
    """

    model: type[BaseModel]
    required: tuple[str, ...]
    key: str | None = None
    money: tuple[str, ...] = ()

    def fields(self) -> dict[str, str]:
        """Map every field of the schema to its kind."""
        kinds = {"typing.List[str]": "array"}
        fields = {
            path: kinds.get(kind, kind) for path, kind in model_fields(self.model).items()
        }
        for place in self.money:
            for name in MONEY:
                fields |= {f"{place}{name}": "number"}
                fields |= {f"{place}{name}_in_currency": "number"}
        if self.key:
            fields[self.key] = fields.pop("id")
        return fields | ADDED | ({"actor_id": "string"} if self.money else {})


STREAMS = {
    "members": Expected(types.OrganizationUser, ("user_id",), key="user_id"),
    "invites": Expected(types.OrganizationInvite, ("invite_id",), key="invite_id"),
    "spend_limits": Expected(types.SpendSummary, ("actor_id", "period"), money=("",)),
    "spend_limit_requests": Expected(
        SpendLimitIncreaseRequest,
        ("request_id",),
        key="request_id",
        money=("spend_summary.",),
    ),
    "teams": Expected(types.RBACGroup, ("rbac_group_id",), key="rbac_group_id"),
    "team_members": Expected(RBACGroupMember, ("rbac_group_id", "user_id")),
}

each_stream = pytest.mark.parametrize("name", STREAMS)


@each_stream
def test_fields_and_types_are_those_of_the_api_and_the_stated_ones(name: str) -> None:
    """A field that a newer package brings, drops or retypes is named here."""
    assert schema_fields(load(name)) == STREAMS[name].fields()


@each_stream
def test_only_what_identifies_a_record_is_not_nullable(name: str) -> None:
    """A missing block or a drifting type must not break a target."""
    schema = load(name)
    assert schema["required"] == ["date", *STREAMS[name].required, "snapshot_at"]
    never_null = [
        ".".join(path) for path, node in walk(schema) if "null" not in node["type"]
    ]
    assert never_null == schema["required"]


@each_stream
def test_schema_is_described_and_safe_to_emit(name: str) -> None:
    """Objects are closed but for the root and what keeps the unknown; no references."""
    schema = load(name)
    assert "additionalProperties" not in schema
    for path, node in walk(schema):
        assert ("properties" in node) is (node.get("additionalProperties") is False), path
        words = node["description"].split()
        assert len(words) >= 3, path
        assert words[-1].endswith("."), path
    assert {"type", "description"} <= schema["properties"]["additional_fields"].keys()
    assert '"$' not in json.dumps(schema)
    assert Schema.from_dict(schema).to_dict() == schema
    leaves = ["__".join(path) for path, node in walk(schema) if "properties" not in node]
    flat = flatten_schema(schema, max_level=10, max_key_length=64)["properties"]
    assert len(flat) == len(leaves)
    assert max(map(len, flat)) <= 63


@each_stream
def test_rows_fit(simulator: Simulator, name: str) -> None:
    """What the simulator tells is valid once keys and money are as the schema has them."""
    schema = load(name)
    schema["additionalProperties"] = False
    validator = Draft7Validator(schema)
    expected = STREAMS[name]
    rows = simulator.truth(name, simulator.today - timedelta(days=1))
    assert rows
    for row in rows:
        if expected.key:
            row[expected.key] = row.pop("id")
        if expected.money:
            row["actor_id"] = row["actor"]["user_id"]
        for place in expected.money:
            block = row[place[:-1]] if place else row
            for money in MONEY if block else ():
                block[money] = None if block[money] is None else Decimal(block[money])
        day = {"date": "2026-09-09", "snapshot_at": "2026-09-09T12:00:00Z"}
        validator.validate(row | day)


def test_every_endpoint_has_a_schema() -> None:
    """No stream is missing here."""
    assert STREAMS.keys() == RESOURCES.keys()
