"""The six reports: what each may be asked and which of three shapes its rows have."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BETA_HEADER = "analytics-usage-cost-2026-08-24"

FANNED_OUT = frozenset({"cost_type", "token_type"})
"""Dimensions of a cost's components, which come on top of all limits."""

_ANYTHING: frozenset[str] = frozenset()
_LEGACY_GROUPS = frozenset(
    {
        "claude_tag_category",
        "claude_tag_user_id",
        "context_window",
        "inference_geo",
        "model",
        "product",
        "rbac_group_id",
        "slack_channel_id",
        "speed",
    }
)
_GROUPS = _LEGACY_GROUPS | {
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
}
_PRODUCTS = frozenset(
    {
        "chat",
        "chat_cowork_unified",
        "claude_code",
        "claude_design",
        "claude_in_chrome",
        "cowork",
        "office_agent",
    }
)
_PLATFORM = {"claude_console", "managed_agents_api", "message_batches_api", "messages_api"}
_TIERS = {"batch", "flex", "flex_discount", "priority", "priority_on_demand", "standard"}
_ACTORS = {"api_actor", "federated_actor", "service_account_actor", "user_actor"}
_CATEGORIES = {"dm", "engaged", "monitoring", "proactive", "scheduled"}


class Shape(Enum):
    """How an answer is built."""

    FLAT = "rows of groups"
    USERS = "rows of users"
    BUCKETS = "buckets of rows"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A list parameter: the field of a fact that it narrows, and what may be sent."""

    field: str
    allowed: frozenset[str] = _ANYTHING


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """One report.

    `metrics` are to order by, first the default; `refusal` is the status with which a
    plan without reports answers.
    """

    name: str
    shape: Shape
    metrics: tuple[str, ...]
    refusal: int
    groups: frozenset[str] = _LEGACY_GROUPS
    filters: Mapping[str, Filter]
    scalars: frozenset[str] = field(default_factory=frozenset)

    @property
    def money(self) -> bool:
        """Whether it is about cost, not usage."""
        return "amount" in self.metrics

    @property
    def legacy(self) -> bool:
        """Whether it is of the older generation."""
        return self.shape is not Shape.FLAT

    @property
    def width(self) -> str:
        """The parameter for the width of buckets."""
        return "bucket_width" if self.legacy else "time_bucket_width"

    @property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters."""
        always = {"starting_at", "ending_at", "limit", "page", "group_by[]", self.width}
        return self.scalars | always | set(self.filters)


_SHARED = {
    "claude_tag_categories[]": Filter(
        field="claude_tag_category", allowed=frozenset(_CATEGORIES)
    ),
    "claude_tag_user_ids[]": Filter(field="claude_tag_user_id"),
    "context_windows[]": Filter(
        field="context_window", allowed=frozenset({"0-200k", "200k-1M"})
    ),
    "inference_geos[]": Filter(
        field="inference_geo", allowed=frozenset({"global", "not_available", "us"})
    ),
    "models[]": Filter(field="model"),
    "rbac_group_ids[]": Filter(field="rbac_group_ids"),
    "slack_channel_ids[]": Filter(field="slack_channel_id"),
    "speeds[]": Filter(field="speed", allowed=frozenset({"fast", "standard"})),
}
_LEGACY_FILTERS = {
    **_SHARED,
    "products[]": Filter(field="product", allowed=_PRODUCTS | {"claude-tag"}),
    "user_ids[]": Filter(field="actor_id"),
}
_FILTERS = {
    **_SHARED,
    "products[]": Filter(field="product", allowed=_PRODUCTS | {"claude_tag"} | _PLATFORM),
    "actor_ids[]": Filter(field="actor_id"),
    "actor_types[]": Filter(field="actor_type", allowed=frozenset(_ACTORS)),
    "service_tiers[]": Filter(field="service_tier", allowed=frozenset(_TIERS)),
    "organization_ids[]": Filter(field="organization_id"),
    **{
        f"{name}s[]": Filter(field=name)
        for name in (
            "agent_id",
            "api_key_id",
            "deployment_id",
            "environment_id",
            "session_id",
            "user_profile_id",
            "workspace_id",
        )
    },
}
_USAGE = ("total_tokens", "output_tokens", "requests", "uncached_input_tokens")
_COST = ("amount", "list_amount")
_ORDERED = frozenset({"exclude_deleted_users", "order", "order_by"})

REPORTS = {
    report.name: report
    for report in (
        Report(
            name="usage",
            shape=Shape.FLAT,
            metrics=_USAGE,
            refusal=401,
            groups=_GROUPS,
            filters=_FILTERS,
            scalars=_ORDERED,
        ),
        Report(
            name="cost",
            shape=Shape.FLAT,
            metrics=_COST,
            refusal=401,
            groups=_GROUPS | FANNED_OUT,
            filters=_FILTERS,
            scalars=_ORDERED,
        ),
        Report(
            name="user_usage_report",
            shape=Shape.USERS,
            metrics=_USAGE,
            refusal=403,
            filters=_LEGACY_FILTERS,
            scalars=_ORDERED,
        ),
        Report(
            name="user_cost_report",
            shape=Shape.USERS,
            metrics=_COST,
            refusal=403,
            groups=_LEGACY_GROUPS | FANNED_OUT,
            filters=_LEGACY_FILTERS,
            scalars=_ORDERED,
        ),
        Report(
            name="usage_report",
            shape=Shape.BUCKETS,
            metrics=_USAGE,
            refusal=404,
            filters=_LEGACY_FILTERS,
        ),
        Report(
            name="cost_report",
            shape=Shape.BUCKETS,
            metrics=_COST,
            refusal=404,
            groups=_LEGACY_GROUPS | FANNED_OUT,
            filters=_LEGACY_FILTERS,
        ),
    )
}
"""By name, which is the path as well."""


def find_report(name: str) -> Report:
    """Find a report by its name."""
    if name not in REPORTS:
        message = f"no report {name!r}; there are {', '.join(REPORTS)}"
        raise KeyError(message)
    return REPORTS[name]
