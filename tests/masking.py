"""Which fields are personal, for the tests and for the table in the documentation.

The schemas mark what is personal. The table below says of every other text why it is not:
text that is neither is an error. `python -m tests.masking --write` brings the table in
`docs/personal-data.md` up to date.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_claude_analytics.records import personal
from tap_claude_analytics.streams.specs import SPECS
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ROOT
from tests.streams_table import markdown

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

DOCUMENT = ROOT / "docs" / "personal-data.md"
MARKS = ("<!-- personal fields -->\n", "<!-- /personal fields -->")

#: What each kind of field is, and what becomes of it with `hash` and with `drop`.
KINDS = {
    personal.ADDRESS: ("e-mail address or other identity", "digest", "null"),
    personal.ACTOR: ("the subject of an actor without an id", "its digest", "null"),
    personal.NAME: ("name of a person or a project", "null", "null"),
    personal.UNKNOWN: ("fields that the tap does not know", "null", "null"),
}

#: Text that is not personal, by the reason why it is not: names of fields, at whatever
#: depth, or with their stream.
HARMLESS = {
    "an id without a meaning of its own": {
        "actor_id",
        "agent_id",
        "api_key_id",
        "claude_tag_user_id",  # Slack's
        "deployment_id",
        "environment_id",
        "id",
        "invite_id",
        "organization_id",
        "project_id",
        "rbac_group_id",
        "rbac_group_ids",
        "request_id",
        "role_ids",
        "scoped_api_key_id",
        "service_account_id",
        "session_id",
        "slack_channel_id",
        "spend_limit_id",
        "user_id",
        "user_profile_id",
        "workspace_id",
    },
    "the organisation's own name for a group of people": {"rbac_group_name", "teams.name"},
    "the organisation's own account, or who vouches for it": {
        "account_id",
        "issuer",
        "project_number",
        "subscription_id",
    },
    "one of a few words of the API's": {
        "actor_type",
        "artifact_type",
        "bucket_width",
        "claude_tag_category",
        "context_window",
        "cost_type",
        "currency",
        "inference_geo",
        "model",
        "period",
        "product",
        "role",
        "seat_tier",
        "service",
        "service_tier",
        "share_status",
        "source_type",
        "speed",
        "status",
        "token_type",
        "type",
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


def judged_as(stream: str, path: str) -> set[str]:
    """Return the names under which the table above may have a field."""
    return {path.rpartition(".")[2], f"{stream}.{path}"}


def unjudged(stream: str, schema: Schema) -> set[str]:
    """Return the text that is neither marked as personal nor in the table above."""
    harmless = set[str]().union(*HARMLESS.values())
    return {
        path
        for path in texts(schema)
        if path not in PERSONAL.get(stream, {}) and not judged_as(stream, path) & harmless
    }


def paths(fields: personal.Fields, prefix: str = "") -> Iterator[tuple[str, str]]:
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


def table() -> str:
    """Return the table of all personal fields."""
    streams: dict[tuple[str, str], list[str]] = {}
    for stream, fields in PERSONAL.items():
        for path, kind in fields.items():
            streams.setdefault((kind, path), []).append(stream)
    order = list(KINDS)
    rows = [
        (f"`{path}`", *KINDS[kind], shown(names))
        for (kind, path), names in sorted(
            streams.items(), key=lambda entry: (order.index(entry[0][0]), entry[0][1])
        )
    ]
    return markdown(("field", "what it is", "`hash`", "`drop`", "streams"), rows)


def shown(names: list[str]) -> str:
    """Return names of streams; if there are many, those that are left out."""
    others = [name for name in SCHEMAS if name not in names]
    if len(others) < len(names):
        return f"all but {', '.join(f'`{name}`' for name in others)}"
    return ", ".join(f"`{name}`" for name in names)


def with_table(document: str) -> str:
    """Return the document with the table as it should be."""
    before, rest = document.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    return f"{before}{MARKS[0]}{table()}{MARKS[1]}{after}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(with_table(DOCUMENT.read_text("utf-8")), "utf-8")
    else:
        sys.stdout.write(table())
