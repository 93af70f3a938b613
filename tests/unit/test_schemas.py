"""The streams' schemas: complete by the official package, described, safe to emit."""

import json
import re
import typing as t
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

import pytest
from anthropic.resources import organization as people
from anthropic.resources.beta.organization import analytics as reports
from anthropic.resources.organization import analytics as api
from anthropic.resources.organization import rbac_groups as teams
from anthropic.resources.organization import spend_limits as limits
from anthropic.resources.organization.analytics.apps.chat import Projects
from pydantic import BaseModel
from singer_sdk.helpers._flattening import flatten_schema
from singer_sdk.singerlib import Schema

from tests import ledger, truth
from tests.masking import SCHEMAS
from tests.masking import Schema as JSONSchema
from tests.truth import BREAKDOWNS, SNAPSHOTS

DATED = {"date": "date", "snapshot_at": "date-time"}
ADDED = DATED | {"additional_fields": "object"}

# The API writes these as decimal strings; the tap emits exact numbers.
MONEY = {
    *("amount", "attributed_list_price", "estimated_overage_spend", "list_amount"),
    *("period_to_date_spend", "spend_summary.amount", "spend_summary.period_to_date_spend"),
}

# A report's page says this beside its rows, and the tap puts the last on every record.
BESIDE_ROWS = {"next_page", "has_more", "data_refreshed_at"}


class Expected(t.NamedTuple):
    """What a stream takes from the API, what it leaves there, and what it adds.

    Some parts of a row are lifted to its top.
    """

    list_rows: Callable[..., object] | None = None
    left: AbstractSet[str] = frozenset()
    added: dict[str, str] = ADDED
    lifted: frozenset[str] = frozenset()


def report(list_rows: Callable[..., object], *lifted: str, **added: str) -> Expected:
    """Return what a token or cost report takes."""
    own = {"row_key": "string", "bucket_width": "string", "is_complete": "boolean"}
    own |= {"data_refreshed_at": "date-time"}
    return Expected(list_rows, added=ADDED | own | added, lifted=frozenset(lifted))


def snapshot(list_rows: Callable[..., object], name: str, amounts: str = "") -> Expected:
    """Return what a stream of people, teams or limits takes, and where it has amounts."""
    key = SNAPSHOTS[name]
    own = {key: "string"} if key else {}
    if name.startswith("spend_limit"):
        units = ("amount_in_currency", "period_to_date_spend_in_currency")
        own |= {"actor_id": "string"} | {f"{amounts}{unit}": "number" for unit in units}
    return Expected(list_rows, {"id"} if key else frozenset(), ADDED | own)


DOLLARS = {"amount_usd": "number", "list_amount_usd": "number"}
ACTOR = {"actor_id": "string", "actor_email_address": "string"}
OF_BETA = ACTOR | {"is_final": "boolean"}
OF_USERS = ACTOR | {"actor_type": "string"}
REPORTS = {
    "usage": report(reports.Usage.list, "group", "usage", **OF_BETA),
    "cost": report(reports.Cost.list, "group", "cost", **OF_BETA, **DOLLARS),
    "user_usage_report": report(reports.UserUsageReport.list, **OF_USERS),
    "user_cost_report": report(reports.UserCostReport.list, **OF_USERS, **DOLLARS),
    "usage_report": report(reports.UsageReport.list, "results"),
    "cost_report": report(reports.CostReport.list, "results", **DOLLARS),
}

# Sent only when an answer is grouped.
TEAM = frozenset({"rbac_group_id", "rbac_group_name"})
OF_PROJECTS = TEAM | {"user_id"}
OF_TOOLS = OF_PROJECTS | {"product"}
OF_ADOPTION = (
    DATED
    | {"product": "string", "assigned_seat_count": "integer"}
    | {f"{span}_active_user_count": "integer" for span in ("daily", "weekly", "monthly")}
    | {f"{span}_adoption_rate": "number" for span in ("daily", "weekly", "monthly")}
)
OF_READINGS = {"stream": "string", "row_count": "integer", "is_complete": "boolean"}
OF_USER = {"user_id": "string", "email_address": "string"}

STREAMS = REPORTS | {
    "org_summaries": Expected(api.Summaries.list),
    "adoption": Expected(added=OF_ADOPTION),
    "user_summaries": Expected(
        api.Users.list, TEAM | {"distinct_user_count"}, ADDED | OF_USER
    ),
    "chat_projects": Expected(Projects.list, OF_PROJECTS),
    "skills": Expected(api.Skills.list, OF_TOOLS),
    "connectors": Expected(api.Connectors.list, OF_TOOLS),
    "plugins": Expected(api.Plugins.list, OF_TOOLS, ADDED | {"plugin_key": "string"}),
    "artifacts": Expected(api.Artifacts.list, OF_TOOLS),
    "readings": Expected(added=DATED | OF_READINGS),
    "members": snapshot(people.Users.list, "members"),
    "invites": snapshot(people.Invites.list, "invites"),
    "spend_limits": snapshot(limits.Effective.list, "spend_limits"),
    "spend_limit_requests": snapshot(
        limits.IncreaseRequests.list, "spend_limit_requests", "spend_summary."
    ),
    "teams": snapshot(people.RBACGroups.list, "teams"),
    "team_members": snapshot(teams.Members.list, "team_members"),
}
# Rows of other streams, grouped.
STREAMS |= {
    name: STREAMS[stream]._replace(
        left=STREAMS[stream].left - (TEAM if by in TEAM else {by})
    )
    for name, (stream, by) in BREAKDOWNS.items()
}
STREAMS |= {
    # Its rows are of many users, so that none is named.
    "team_summaries": Expected(api.Users.list, {"user"}),
    "org_summaries_by_team": Expected(
        api.Summaries.list, added=ADDED | {"rbac_group_id": "string"}
    ),
}

KEYS = truth.KEYS | ledger.REPORT_KEYS

each_stream = pytest.mark.parametrize("name", STREAMS)


def page(list_rows: object) -> type[BaseModel]:
    """Return the model of one answer of the API."""
    model: type[BaseModel] = t.get_type_hints(list_rows)["return"]
    return model


def api_fields(name: str) -> dict[str, str]:
    """Map every field that the API has for a stream to its kind."""
    expected = STREAMS[name]
    if expected.list_rows is None:
        return {}
    (model,) = t.get_args(page(expected.list_rows).model_fields["data"].annotation)
    schema = model.model_json_schema()
    return model_fields(schema, schema.get("$defs", {}), lifted=expected.lifted)


def alternatives(rule: JSONSchema, models: JSONSchema) -> Iterator[JSONSchema]:
    """Yield what a value, or what is in a list of objects, may be besides null."""
    rule = rule["items"] if "$ref" in rule.get("items", ()) else rule
    if "$ref" in rule:
        rule = models[rule["$ref"].rpartition("/")[2]]
    if choices := rule.get("anyOf") or rule.get("oneOf"):
        for choice in choices:
            yield from alternatives(choice, models)
    elif rule.get("type") != "null":
        yield rule


def model_fields(
    model: JSONSchema,
    models: JSONSchema,
    prefix: str = "",
    lifted: AbstractSet[str] = frozenset(),
) -> dict[str, str]:
    """Map the dotted name of every field of a model of the API to its kind.

    What is in a lifted field takes its place, beside the field's neighbours.
    """
    fields: dict[str, str] = {}
    for name, rule in model["properties"].items():
        path, is_lifted = prefix + name, name in lifted
        found: dict[str, str] = {}
        for each in alternatives(rule, models):
            kinds = {} if is_lifted else {path: each.get("format", each.get("type"))}
            assert each.get("items", {"type": "string"})["type"] == "string", path
            if "properties" in each:
                kinds |= model_fields(each, models, "" if is_lifted else f"{path}.")
            for key, kind in kinds.items():
                assert found.setdefault(key, kind) == kind, f"{key} is of two kinds"
        assert fields.keys().isdisjoint(found), f"{path} hides a field of the same name"
        fields |= found
    return fields


def walk(node: JSONSchema, *parents: str) -> Iterator[tuple[tuple[str, ...], t.Any]]:
    """Yield every property at every depth with its path."""
    for name, child in node.get("properties", {}).items():
        yield (*parents, name), child
        yield from walk(child, *parents, name)


def schema_fields(schema: JSONSchema) -> dict[str, str]:
    """Map the dotted name of every property to its kind."""
    fields = {}
    for path, node in walk(schema):
        declared = [node["type"]] if isinstance(node["type"], str) else node["type"]
        (kind,) = set(declared) - {"null"}
        fields[".".join(path)] = node.get("format", kind) if kind == "string" else kind
    return fields


def test_every_stream_is_tested() -> None:
    """None is missing here."""
    assert SCHEMAS.keys() == STREAMS.keys()


@each_stream
def test_fields_and_types_are_those_of_the_api_and_the_stated_ones(name: str) -> None:
    """A field that a newer package brings, drops or retypes is named here."""
    sent, (_, left, added, _) = api_fields(name), STREAMS[name]
    taken = {path: kind for path, kind in sent.items() if path.split(".")[0] not in left}
    taken |= dict.fromkeys(MONEY & taken.keys(), "number")
    assert schema_fields(SCHEMAS[name]) == taken | added
    # What is said to be left out exists in the API, and what is said to be added does not.
    assert sent.keys() >= left
    assert sent.keys().isdisjoint(added)


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_of_a_report_is_lost(name: str) -> None:
    """What stands beside its rows is known, and whatever they are grouped by is a field."""
    list_rows = REPORTS[name].list_rows
    assert page(list_rows).model_fields.keys() == {"data", *BESIDE_ROWS}
    dimensions = {*re.findall(r"'(\w+)'", str(t.get_type_hints(list_rows)["group_by"]))}
    assert "product" in dimensions
    assert dimensions <= SCHEMAS[name]["properties"].keys()


@each_stream
def test_every_property(name: str) -> None:
    """It has a sentence, and what is unknown in it goes to `additional_fields`.

    Only the root is open, to the columns that targets add of their own.
    """
    nodes = [*walk(SCHEMAS[name])]
    assert nodes
    assert "additionalProperties" not in SCHEMAS[name]
    for path, node in nodes:
        words = node.get("description", "").split()
        assert len(words) >= 3, path
        assert words[-1].endswith("."), path
        is_open = node.get("additionalProperties", True)
        assert is_open == ("properties" not in node), path


@each_stream
def test_only_what_identifies_a_record_is_not_nullable(name: str) -> None:
    """A missing block or a drifting type must not break a target."""
    schema = SCHEMAS[name]
    assert {*schema["required"]} == {"date", *KEYS[name], "snapshot_at"}
    never_null = [path for path, node in walk(schema) if "null" not in node["type"]]
    assert never_null == [(name,) for name in schema["required"]]


@each_stream
def test_what_targets_make_of_a_schema(name: str) -> None:
    """They resolve no references, and flatten each leaf to a column of its own.

    The catalog drops nothing of it, and columns differ also when long names are shortened.
    """
    schema = dict(SCHEMAS[name])
    assert '"$' not in json.dumps(schema)
    assert Schema.from_dict(schema).to_dict() == schema
    leaves = ["__".join(path) for path, node in walk(schema) if "properties" not in node]
    flat = flatten_schema(schema, max_level=10)["properties"]
    assert sorted(flat) == sorted(leaves)
    short = flatten_schema(schema, max_level=10, max_key_length=64)["properties"]
    assert len(short) == len(leaves)
    assert max(map(len, short)) <= 63
