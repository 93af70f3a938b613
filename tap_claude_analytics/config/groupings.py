"""What usage and cost can be grouped by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Dimensions of the legacy reports.
LEGACY = (
    "claude_tag_category",
    "claude_tag_user_id",
    "context_window",
    "inference_geo",
    "model",
    "product",
    "rbac_group_id",
    "slack_channel_id",
    "speed",
)
#: Dimensions of ``usage``.
USAGE = (
    *LEGACY,
    "actor",
    "actor_type",
    "agent_id",
    "api_key_id",
    "deployment_id",
    "environment_id",
    "organization_id",
    "service_tier",
    "session_id",
    "user_profile_id",
    "workspace_id",
)
#: What only cost can be grouped by; they do not count as dimensions.
KINDS_OF_COST = ("cost_type", "token_type")
LEGACY_COST = (*LEGACY, *KINDS_OF_COST)
COST = (*USAGE, *KINDS_OF_COST)

MOST = 5


def grouping_mistakes(setting: str, chosen: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each mistake in a grouping that a JSON schema cannot tell."""
    counted = [name for name in chosen if name not in KINDS_OF_COST]
    if len(counted) > MOST:
        yield f"{setting} has {len(counted)} dimensions; expected at most {MOST}."
    if {"claude_tag_user_id", "rbac_group_id"} <= set(chosen):
        yield (
            f"{setting} is {list(chosen)!r}: claude_tag_user_id and rbac_group_id cannot be"
            " combined."
        )
