"""Which fields are personal, for the tests and the documentation.

The schemas mark what is personal. The table below says of every other text why it is not:
text that is neither is an error.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from tap_claude_analytics.records.personal import Fields
from tap_claude_analytics.streams.specs import SPECS
from tap_claude_analytics.tap import TapClaudeAnalytics

Schema: TypeAlias = "Mapping[str, Any]"

SCHEMAS: dict[str, Schema] = {
    stream.name: stream.schema
    for stream in TapClaudeAnalytics(
        validate_config=False, setup_mapper=False
    ).streams.values()
}

#: Types of fields that can hold any text.
FREE = {"string", "object", "array"}

#: Text that is not personal, by the reason why it is not: names of fields, at whatever
#: depth, or with their stream.
HARMLESS = {
    "an id without a meaning of its own; that of claude_tag_user_id is Slack's": """
        actor_id agent_id api_key_id claude_tag_user_id deployment_id environment_id id
        invite_id organization_id project_id rbac_group_id rbac_group_ids request_id
        role_ids scoped_api_key_id service_account_id session_id slack_channel_id
        spend_limit_id user_id user_profile_id workspace_id
    """,
    "the organisation's own name for a group of people": "rbac_group_name teams.name",
    "the organisation's own account, or who vouches for it": """
        account_id issuer project_number subscription_id
    """,
    "one of a few words of the API's": """
        actor_type artifact_type bucket_width claude_tag_category context_window cost_type
        currency inference_geo model period product role seat_tier service service_tier
        share_status source_type speed status token_type type
    """,
    "the name of a tool; the API does not disclose those of members' own skills": """
        connector_display_name connector_name plugin_id plugin_key plugin_name
        skill_display_name skill_name
    """,
    "the tap's own": "row_key stream",
}
HARMLESS_NAMES = {name for names in HARMLESS.values() for name in names.split()}


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


def judged_as(stream: str, path: str) -> set[str]:
    """Return the names under which the table above may have a field."""
    return {path.rpartition(".")[2], f"{stream}.{path}"}


def unjudged(stream: str, schema: Schema) -> set[str]:
    """Return the text that is neither marked as personal nor in the table above."""
    unmarked = set(texts(schema)) - PERSONAL.get(stream, {}).keys()
    return {path for path in unmarked if not judged_as(stream, path) & HARMLESS_NAMES}


def paths(fields: Fields, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of every personal field, and what it is."""
    for name, kind in fields.items():
        if isinstance(kind, dict):
            yield from paths(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", kind


#: The personal fields of each stream that has any, and what they are.
PERSONAL = {
    spec.name: dict(found)
    for spec in SPECS
    if (found := [*paths(spec.schema.personal_fields)])
}
