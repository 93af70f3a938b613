"""The README's recipe against personal data, made from the schemas.

`python -m tests.masking` prints it. The tables below say which fields are personal, and of
every other text why it is not: text that stands in neither is an error.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_claude_analytics.tap import TapClaudeAnalytics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema: TypeAlias = "Mapping[str, Any]"

SCHEMAS: dict[str, Schema] = {
    stream.name: stream.schema
    for stream in TapClaudeAnalytics(
        validate_config=False, setup_mapper=False
    ).streams.values()
}

#: Types of fields that can hold any text.
FREE = {"string", "object", "array"}

#: What tells a person apart: the same value has the same hash in all streams.
HASHED = {
    "email_address",
    "user.email_address",
    "created_by.email_address",
    "actor.email_address",
    "actor_email_address",
    # Names of accounts with other providers are often e-mail addresses.
    "actor.subject",
    "actor.provider.signed_principal",
}
#: What nothing is joined by.
DROPPED = {
    "actor.name",
    "project_name",
    "additional_fields",  # fields that are not known may hold anything
}
#: Fields made from others, where a schema has these: what becomes of them.
DERIVED = {
    # That of a federated identity, which has no id, is its subject.
    "actor_id": (
        "actor.subject",
        "{hashed} if actor and actor_id == actor.get('subject') else actor_id",
    ),
    # A digest without a salt, of the subject among others: it could be found by trying.
    "row_key": ("actor.subject", "{hashed}"),
}

#: Text that is not personal, by the reason why it is not.
HARMLESS = {
    "an id without a meaning of its own": {
        "actor.api_key_id",
        "actor.service_account_id",
        "actor.user_id",
        "actor_id",
        "agent_id",
        "api_key_id",
        "claude_tag_user_id",  # Slack's
        "created_by.id",
        "deployment_id",
        "environment_id",
        "organization_id",
        "project_id",
        "rbac_group_id",
        "session_id",
        "slack_channel_id",
        "user.id",
        "user_id",
        "user_profile_id",
        "workspace_id",
    },
    "the organisation's own name for a group of people": {"rbac_group_name"},
    "the organisation's own account, or who vouches for it": {
        "actor.provider.account_id",
        "actor.provider.issuer",
        "actor.provider.project_number",
        "actor.provider.subscription_id",
    },
    "one of a few words of the API's": {
        "actor.provider.type",
        "actor.type",
        "actor_type",
        "artifact_type",
        "bucket_width",
        "claude_tag_category",
        "context_window",
        "cost_type",
        "created_by.type",
        "currency",
        "inference_geo",
        "model",
        "product",
        "service_tier",
        "share_status",
        "speed",
        "token_type",
        "user.type",
    },
    "the name of a tool; the API does not disclose those of members' own skills": {
        "connector_display_name",
        "connector_name",
        "plugin_id",
        "plugin_key",
        "plugin_name",
        "skill_display_name",
        "skill_name",
    },
    "the tap's own": {"row_key", "stream"},
}


def texts(schema: Schema, prefix: str = "") -> Iterator[str]:
    """Yield the path of every field that can hold any text."""
    for name, rule in schema["properties"].items():
        path = f"{prefix}{name}"
        if "properties" in rule:
            yield from texts(rule, f"{path}.")
        elif rule.get("format") not in {"date", "date-time"} and not FREE.isdisjoint(
            [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
        ):
            yield path


def unjudged(schema: Schema) -> set[str]:
    """Return the text of which the tables above do not say whether it is personal."""
    harmless = {path for paths in HARMLESS.values() for path in paths}
    return set(texts(schema)) - HASHED - DROPPED - harmless


def hashed(value: str) -> str:
    """Return the expression that hashes a value; null stays null."""
    return f"(sha256(config['salt'] + {value}) if {value} else None)"


def masked(path: str, rule: Schema, value: str) -> str:
    """Return the expression of a field; an object is built anew with all of its fields."""
    if path in HASHED:
        return hashed(value)
    if path in DROPPED:
        return "None"
    if "properties" not in rule:
        return value
    fields = ", ".join(
        f"'{name}': {masked(f'{path}.{name}', nested, f'{value}.get({name!r})')}"
        for name, nested in rule["properties"].items()
    )
    return f"{{{fields}}} if {value} else None"


def stream_map(schema: Schema) -> dict[str, str]:
    """Return the map of a stream, empty if nothing of it is personal."""
    paths = set(texts(schema))
    holders = {path.split(".")[0] for path in paths & (HASHED | DROPPED)}
    fields: dict[str, str] = {}
    for name, rule in schema["properties"].items():
        source, expression = DERIVED.get(name, ("", ""))
        if source in paths:
            fields[name] = expression.format(hashed=hashed(name))
        elif name in DROPPED:
            fields[name] = "__NULL__"  # Meltano leaves out what is null
        elif name in holders:
            fields[name] = masked(name, rule, name)
    return fields


def recipe() -> dict[str, dict[str, dict[str, str]]]:
    """Return the settings that mask all streams."""
    maps = {name: stream_map(schema) for name, schema in SCHEMAS.items()}
    return {"stream_maps": {name: fields for name, fields in maps.items() if fields}}


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(recipe(), indent=2)}\n")
