"""The streams' schemas: complete by the official package, described, safe to emit."""

from __future__ import annotations

import datetime as dt
import json
import types
import typing as t
from dataclasses import dataclass, field
from importlib import resources

import pytest
from anthropic.resources.organization.analytics import (
    Artifacts,
    Connectors,
    Plugins,
    Skills,
    Summaries,
    Users,
)
from anthropic.resources.organization.analytics.apps.chat import Projects
from pydantic import BaseModel
from singer_sdk import SchemaDirectory
from singer_sdk.helpers._flattening import flatten_schema
from singer_sdk.singerlib import Schema

from tap_claude_analytics import schemas

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSONObject: t.TypeAlias = dict[str, t.Any]

KINDS: dict[object, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    dt.date: "date",
    dt.datetime: "date-time",
}

SPANS = ("daily", "weekly", "monthly")
DATED = {"date": "date", "snapshot_at": "date-time"}
ADDED = DATED | {"additional_fields": "object"}

# Sent only when an answer is grouped, which no stream here asks for.
TEAM = frozenset({"rbac_group_id", "rbac_group_name"})
TEAM_AND_USER = TEAM | {"user_id"}
TEAM_USER_AND_PRODUCT = TEAM_AND_USER | {"product"}

# The API writes these as decimal strings; the tap emits exact numbers.
MONEY = frozenset({"attributed_list_price", "estimated_overage_spend"})


@dataclass(frozen=True)
class Expected:
    """What a stream takes from the API, what it leaves there, and what it adds."""

    keys: tuple[str, ...]
    list_rows: Callable[..., object] | None = None
    grouped_only: frozenset[str] = frozenset()
    added: dict[str, str] = field(default_factory=lambda: ADDED)

    def api_fields(self) -> dict[str, str]:
        """Map every field that the API has for this stream to its kind."""
        if self.list_rows is None:
            return {}
        page = t.get_type_hints(self.list_rows)["return"]
        (model,) = t.get_args(page.model_fields["data"].annotation)
        return model_fields(model)


STREAMS = {
    "org_summaries": Expected(("date",), Summaries.list),
    "adoption": Expected(
        ("date", "product"),
        added=DATED
        | {"product": "string", "assigned_seat_count": "integer"}
        | {f"{span}_active_user_count": "integer" for span in SPANS}
        | {f"{span}_adoption_rate": "number" for span in SPANS},
    ),
    "user_summaries": Expected(
        ("date", "user_id"),
        Users.list,
        TEAM | {"distinct_user_count"},
        ADDED | {"user_id": "string", "email_address": "string"},
    ),
    "chat_projects": Expected(("date", "project_id"), Projects.list, TEAM_AND_USER),
    "skills": Expected(("date", "skill_name"), Skills.list, TEAM_USER_AND_PRODUCT),
    "connectors": Expected(
        ("date", "connector_name"), Connectors.list, TEAM_USER_AND_PRODUCT
    ),
    "plugins": Expected(
        ("date", "plugin_key"),
        Plugins.list,
        TEAM_USER_AND_PRODUCT,
        ADDED | {"plugin_key": "string"},
    ),
    "artifacts": Expected(
        ("date", "artifact_type", "is_shared"), Artifacts.list, TEAM_USER_AND_PRODUCT
    ),
    "readings": Expected(
        ("date", "stream"),
        added=DATED
        | {"stream": "string", "row_count": "integer", "is_complete": "boolean"},
    ),
}

each_stream = pytest.mark.parametrize("name", STREAMS)


def load(name: str) -> JSONObject:
    """Return the schema as the SDK hands it to the stream, and so to the target."""
    return SchemaDirectory(schemas).get_schema(name)


def walk(node: JSONObject, *parents: str) -> Iterator[tuple[tuple[str, ...], t.Any]]:
    """Yield every property at every depth with its path."""
    for name, child in node.get("properties", {}).items():
        yield (*parents, name), child
        yield from walk(child, *parents, name)


def schema_fields(schema: JSONObject) -> dict[str, str]:
    """Map the dotted name of every property to its kind."""
    fields = {}
    for path, node in walk(schema):
        declared = [node["type"]] if isinstance(node["type"], str) else node["type"]
        (kind,) = set(declared) - {"null"}
        fields[".".join(path)] = node.get("format", kind)
    return fields


def unwrap(annotation: object) -> object:
    """Take the optional off a type, and reduce a choice of literals to their type."""
    origin, args = t.get_origin(annotation), t.get_args(annotation)
    if origin is t.Literal:
        members: set[object] = {type(value) for value in args}
    elif origin in (t.Union, types.UnionType):
        members = {unwrap(member) for member in args} - {types.NoneType}
    else:
        return annotation
    return members.pop() if len(members) == 1 else annotation


def model_fields(model: type[BaseModel], prefix: str = "") -> dict[str, str]:
    """Map the dotted name of every field of a typed model to its kind."""
    fields = {}
    for name, info in model.model_fields.items():
        path = prefix + (info.alias or name)
        kind = unwrap(info.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields[path] = "object"
            fields |= model_fields(kind, f"{path}.")
        else:
            # A type that is new here is shown as itself, next to the schema's kind.
            fields[path] = KINDS.get(kind, str(kind))
    return fields


def test_every_schema_file_is_tested() -> None:
    """No file is without a stream here, and no stream without a file."""
    files = {entry.name for entry in resources.files(schemas).iterdir()}
    expected = {f"{name}.json" for name in STREAMS}
    assert {file for file in files if file.endswith(".json")} == expected


@each_stream
def test_fields_and_types_are_those_of_the_api_and_the_stated_ones(name: str) -> None:
    """A field that a newer package brings, drops or retypes is named here."""
    expected = {
        path: kind
        for path, kind in STREAMS[name].api_fields().items()
        if path.split(".")[0] not in STREAMS[name].grouped_only
    }
    expected |= dict.fromkeys(MONEY & expected.keys(), "number")
    assert schema_fields(load(name)) == expected | STREAMS[name].added


@each_stream
def test_stated_differences_from_the_api_are_real(name: str) -> None:
    """What is left out does exist in the API, and what is added does not."""
    theirs = STREAMS[name].api_fields()
    assert theirs.keys() >= STREAMS[name].grouped_only
    assert theirs.keys().isdisjoint(STREAMS[name].added)


@each_stream
def test_every_property_is_described(name: str) -> None:
    """At every depth there is a sentence."""
    bare = [
        ".".join(path)
        for path, node in walk(load(name))
        if not node.get("description", "").strip().endswith(".")
        or len(node["description"].split()) < 3
    ]
    assert bare == []


@each_stream
def test_only_what_identifies_a_record_is_not_nullable(name: str) -> None:
    """A missing block or a drifting type must not break a target."""
    schema = load(name)
    assert schema["required"] == [*STREAMS[name].keys, "snapshot_at"]
    never_null = [
        ".".join(path) for path, node in walk(schema) if "null" not in node["type"]
    ]
    assert never_null == schema["required"]


@pytest.mark.parametrize("name", [name for name in STREAMS if STREAMS[name].list_rows])
def test_additional_fields_survive_flattening(name: str) -> None:
    """The SDK keeps an object whole when it is declared without `properties`."""
    node = load(name)["properties"]["additional_fields"]
    assert node.keys() == {"type", "description"}
    assert node["type"] == ["object", "null"]


@each_stream
def test_objects_take_no_unknown_fields(name: str) -> None:
    """What is unknown goes to `additional_fields`, never beside the known.

    The root is open, because the SDK's flattening writes an object that is null under its
    own name, which the flattened schema does not have.
    """
    schema = load(name)
    assert "additionalProperties" not in schema
    nodes = [(".".join(path), node) for path, node in walk(schema)]
    is_open = {path for path, node in nodes if node.get("additionalProperties", True)}
    leaves = {path for path, node in nodes if "properties" not in node}
    assert is_open == leaves


@each_stream
def test_schema_needs_no_resolving(name: str) -> None:
    """Meltano and targets resolve no references, and the catalog drops none."""
    schema = load(name)
    assert '"$' not in json.dumps(schema)
    assert Schema.from_dict(schema).to_dict() == schema


@each_stream
def test_flattening_keeps_every_leaf(name: str) -> None:
    """Each leaf is a column of its own, also when long names are shortened."""
    schema = load(name)
    leaves = ["__".join(path) for path, node in walk(schema) if "properties" not in node]
    flat = flatten_schema(schema, max_level=10)["properties"]
    assert sorted(flat) == sorted(leaves)
    short = flatten_schema(schema, max_level=10, max_key_length=64)["properties"]
    assert len(short) == len(leaves)
    assert max(map(len, short)) <= 63
