"""The six reports: what each may be asked and which of three shapes its rows have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

BETA_HEADER = "analytics-usage-cost-2026-08-24"

# Dimensions of a cost's components, which come on top of all limits.
FANNED_OUT = frozenset({"cost_type", "token_type"})
_PRODUCTS = {
    *("chat", "chat_cowork_unified", "claude_code", "claude_design"),
    *("claude_in_chrome", "cowork", "office_agent"),
}
_PLATFORM = {"claude_console", "managed_agents_api", "message_batches_api", "messages_api"}
_ONLY_IDS = (
    *("agent_id", "api_key_id", "deployment_id", "environment_id"),
    *("organization_id", "session_id", "user_profile_id", "workspace_id"),
)
_LEGACY_GROUPS = frozenset(
    {
        *("claude_tag_category", "claude_tag_user_id", "context_window", "inference_geo"),
        *("model", "product", "rbac_group_id", "slack_channel_id", "speed"),
    }
)
_GROUPS = _LEGACY_GROUPS | {"actor", "actor_type", "service_tier", *_ONLY_IDS}


class Shape(Enum):
    """How an answer is built."""

    FLAT = "rows of groups"
    USERS = "rows of users"
    BUCKETS = "buckets of rows"


class Filter(NamedTuple):
    """A list parameter: the field of a fact that it narrows, and what may be sent."""

    field: str
    allowed: frozenset[str] = frozenset()


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
    groups: frozenset[str]
    filters: Mapping[str, Filter]

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
        if self.shape is not Shape.BUCKETS:
            always |= {"exclude_deleted_users", "order", "order_by"}
        return frozenset(always | set(self.filters))


def _filter(field: str, *allowed: str) -> Filter:
    return Filter(field, frozenset(allowed))


_SHARED = {
    "claude_tag_categories[]": _filter(
        "claude_tag_category", "dm", "engaged", "monitoring", "proactive", "scheduled"
    ),
    "claude_tag_user_ids[]": _filter("claude_tag_user_id"),
    "context_windows[]": _filter("context_window", "0-200k", "200k-1M"),
    "inference_geos[]": _filter("inference_geo", "global", "not_available", "us"),
    "models[]": _filter("model"),
    "rbac_group_ids[]": _filter("rbac_group_ids"),
    "slack_channel_ids[]": _filter("slack_channel_id"),
    "speeds[]": _filter("speed", "fast", "standard"),
}
_LEGACY_FILTERS = {
    **_SHARED,
    "products[]": _filter("product", *_PRODUCTS, "claude-tag"),
    "user_ids[]": _filter("actor_id"),
}
_TIERS = ("batch", "flex", "flex_discount", "priority", "priority_on_demand", "standard")
_ACTORS = ("api_actor", "federated_actor", "service_account_actor", "user_actor")
_FILTERS = {
    **_SHARED,
    "products[]": _filter("product", *_PRODUCTS, "claude_tag", *_PLATFORM),
    "actor_ids[]": _filter("actor_id"),
    "actor_types[]": _filter("actor_type", *_ACTORS),
    "service_tiers[]": _filter("service_tier", *_TIERS),
    **{f"{name}s[]": _filter(name) for name in _ONLY_IDS},
}
_USAGE = ("total_tokens", "output_tokens", "requests", "uncached_input_tokens")


def _report(name: str, shape: Shape, refusal: int) -> Report:
    """Make a report on usage, or on cost, which has dimensions of its own."""
    money, flat = "cost" in name, shape is Shape.FLAT
    return Report(
        name=name,
        shape=shape,
        metrics=("amount", "list_amount") if money else _USAGE,
        refusal=refusal,
        groups=(_GROUPS if flat else _LEGACY_GROUPS) | (FANNED_OUT if money else set()),
        filters=_FILTERS if flat else _LEGACY_FILTERS,
    )


# By name, which is the path as well.
REPORTS = {
    name: _report(name, shape, refusal)
    for shape, refusal, names in (
        (Shape.FLAT, 401, ("usage", "cost")),
        (Shape.USERS, 403, ("user_usage_report", "user_cost_report")),
        (Shape.BUCKETS, 404, ("usage_report", "cost_report")),
    )
    for name in names
}


def find_report(name: str) -> Report:
    """Find a report by its name."""
    if name not in REPORTS:
        message = f"no report {name!r}; there are {', '.join(REPORTS)}"
        raise KeyError(message)
    return REPORTS[name]
