"""All streams with days, as data: a new endpoint of a known family is one entry here.

The order is that of `--discover` and of the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tap_claude_analytics.api.pages import AFTER_ID
from tap_claude_analytics.common.names import DATE, STARTING_AT, TEAM
from tap_claude_analytics.config import groupings
from tap_claude_analytics.records.activity import (
    GROUP_FIELDS,
    SKILL_AMOUNTS,
    exact_skill_amounts,
    lift_user,
    plugin_keys,
)
from tap_claude_analytics.records.organization import (
    LIMIT_AMOUNTS,
    LIMIT_COLUMNS,
    spend_limit_requests,
    spend_limits,
)
from tap_claude_analytics.records.reports import AMOUNTS
from tap_claude_analytics.records.summaries import adoption
from tap_claude_analytics.streams.schemas import Schema
from tap_claude_analytics.streams.spec import Family, ReportSpec, StreamSpec


@dataclass(frozen=True)
class _Dimension:
    """What daily rows can be grouped by.

    Attributes:
        name: The name that the API has for it.
        fields: The fields that it adds to rows.
        of_one: What a row stands for then, in words.
    """

    name: str
    fields: tuple[str, ...]
    of_one: str


#: The dimensions, under the words that names of streams have for them.
_DIMENSIONS = {
    "user": _Dimension("user_id", ("user_id",), "for one user"),
    "team": _Dimension(TEAM, (TEAM, "rbac_group_name"), "for one team"),
    "product": _Dimension("product", ("product",), "in one product"),
}

_SUMMARIES = (
    StreamSpec(
        name="org_summaries",
        path="summaries",
        record="the organisation on one day",
        keys=(DATE,),
        family=Family.SUMMARIES,
        schema=Schema("org_summaries"),
    ),
    StreamSpec(
        name="adoption",
        path="summaries",
        record="one product on one day, in long form",
        keys=(DATE, "product"),
        family=Family.SUMMARIES,
        schema=Schema("adoption"),
        steps=(adoption,),
        rows_fit=Schema("org_summaries"),
    ),
)

_USERS = StreamSpec(
    name="user_summaries",
    path="users",
    record="one user on one day",
    keys=(DATE, "user_id"),
    family=Family.DAILY,
    schema=Schema("user_summaries"),
    steps=(lift_user,),
    columns=frozenset({"user_id", "email_address"}),
    null_fields=frozenset({"distinct_user_count", TEAM, "rbac_group_name"}),
)

#: The daily endpoints with breakdowns: the stream, and what it can be broken down by.
_ACTIVITY = {
    StreamSpec(
        name="chat_projects",
        path="apps/chat/projects",
        record="one chat project on one day",
        keys=(DATE, "project_id"),
        family=Family.DAILY,
        schema=Schema("chat_projects"),
        null_fields=GROUP_FIELDS,
    ): ("user", "team"),
    StreamSpec(
        name="skills",
        path="skills",
        record="one skill on one day",
        keys=(DATE, "skill_name"),
        family=Family.DAILY,
        schema=Schema("skills"),
        steps=(exact_skill_amounts,),
        amounts=SKILL_AMOUNTS,
        null_fields=GROUP_FIELDS,
    ): ("user", "team", "product"),
    StreamSpec(
        name="connectors",
        path="connectors",
        record="one connector on one day",
        keys=(DATE, "connector_name"),
        family=Family.DAILY,
        schema=Schema("connectors"),
        null_fields=GROUP_FIELDS,
    ): ("user", "team", "product"),
    StreamSpec(
        name="plugins",
        path="plugins",
        record="one plugin on one day",
        keys=(DATE, "plugin_key"),
        family=Family.DAILY,
        schema=Schema("plugins"),
        steps=(plugin_keys,),
        columns=frozenset({"plugin_key"}),
        null_fields=GROUP_FIELDS,
    ): ("user", "team", "product"),
    StreamSpec(
        name="artifacts",
        path="artifacts",
        record="one kind of artifact, shared or not, on one day",
        keys=(DATE, "artifact_type", "is_shared"),
        family=Family.DAILY,
        schema=Schema("artifacts"),
        null_fields=GROUP_FIELDS,
    ): ("user", "team", "product"),
}

_USAGE_MEASURES = (
    "cache_creation",
    "cache_read_input_tokens",
    "output_tokens",
    "requests",
    "server_tool_use",
    "total_tokens",
    "uncached_input_tokens",
)
_COST_MEASURES = ("amount", "currency", "list_amount", "requests")


def _report(name: str, record: str, report: ReportSpec) -> StreamSpec:
    """Return the stream of an endpoint of usage or cost, which has the same name."""
    return StreamSpec(
        name=name,
        path=name,
        record=record,
        keys=(STARTING_AT, "row_key"),
        family=Family.REPORT,
        schema=Schema(name),
        is_default=report.is_beta,
        replication_key=STARTING_AT,
        amounts=AMOUNTS,
        report=report,
    )


_REPORTS = (
    _report(
        "usage",
        "tokens and requests in one bucket of time, per combination of dimensions",
        ReportSpec(
            dimensions=groupings.USAGE,
            measures=_USAGE_MEASURES,
            dimensions_under="group",
            measures_under="usage",
            is_beta=True,
        ),
    ),
    _report(
        "cost",
        "money in one bucket of time, per combination of dimensions",
        ReportSpec(
            dimensions=groupings.COST,
            measures=_COST_MEASURES,
            dimensions_under="group",
            measures_under="cost",
            is_cost=True,
            is_beta=True,
        ),
    ),
    _report(
        "user_usage_report",
        "tokens and requests of one user in one bucket of time",
        ReportSpec(
            dimensions=("actor", *groupings.LEGACY),
            measures=_USAGE_MEASURES,
            has_users=True,
        ),
    ),
    _report(
        "user_cost_report",
        "money of one user in one bucket of time",
        ReportSpec(
            dimensions=("actor", *groupings.LEGACY_COST),
            measures=_COST_MEASURES,
            is_cost=True,
            has_users=True,
        ),
    ),
    _report(
        "usage_report",
        "tokens and requests in one bucket of time, at most 100 groups of them",
        ReportSpec(dimensions=groupings.LEGACY, measures=_USAGE_MEASURES, has_buckets=True),
    ),
    _report(
        "cost_report",
        "money in one bucket of time, at most 100 groups of it",
        ReportSpec(
            dimensions=groupings.LEGACY_COST,
            measures=_COST_MEASURES,
            is_cost=True,
            has_buckets=True,
        ),
    ),
)

#: The endpoint that says which teams there are.
TEAMS_PATH = "/v1/organizations/rbac_groups"

#: The endpoint that says which teams are active, for the stream of team series.
ACTIVE_TEAMS_PATH = _USERS.path

_TEAMS = (
    StreamSpec(
        name="team_summaries",
        path=_USERS.path,
        record="one team on one day, with the metrics of its members together",
        keys=(DATE, TEAM),
        family=Family.DAILY,
        schema=Schema(
            _USERS.schema.file,
            added=(*_DIMENSIONS["team"].fields, "distinct_user_count"),
            removed=frozenset({"user", *_USERS.columns}),
        ),
        is_default=False,
        null_fields=frozenset({"user"}),
        group_by=TEAM,
    ),
    StreamSpec(
        name="org_summaries_by_team",
        path="summaries",
        record="one team on one day, in the counts of the organisation's summaries",
        keys=(DATE, TEAM),
        family=Family.TEAM_SERIES,
        schema=Schema("org_summaries", added=(TEAM,)),
        is_default=False,
        columns=frozenset({TEAM}),
    ),
)


def _snapshot(
    name: str, place: tuple[str, str], keys: tuple[str, ...], **rest: Any
) -> StreamSpec:
    """Return a stream of what is true now, from its endpoint and what a record is."""
    path, record = place
    return StreamSpec(
        name=name,
        path=f"/v1/organizations/{path}",
        record=record,
        keys=keys,
        family=Family.SNAPSHOT,
        schema=Schema(name),
        is_default=False,
        **rest,
    )


_SNAPSHOTS = (
    _snapshot(
        "members",
        ("users", "one member on one day"),
        (DATE, "user_id"),
        id_column="user_id",
        paging=AFTER_ID,
    ),
    _snapshot(
        "invites",
        ("invites", "one invitation on one day, whatever its status"),
        (DATE, "invite_id"),
        id_column="invite_id",
        paging=AFTER_ID,
    ),
    _snapshot(
        "spend_limits",
        ("spend_limits/effective", "what one member may spend in a period, on one day"),
        (DATE, "actor_id", "period"),
        steps=(spend_limits,),
        columns=frozenset({"actor_id", *LIMIT_COLUMNS}),
        amounts=LIMIT_AMOUNTS,
    ),
    _snapshot(
        "spend_limit_requests",
        ("spend_limit_increase_requests", "one request for a higher limit"),
        ("request_id",),
        id_column="request_id",
        steps=(spend_limit_requests,),
        columns=frozenset({"actor_id", *map("spend_summary.{}".format, LIMIT_COLUMNS)}),
        amounts=tuple(map("spend_summary.{}".format, LIMIT_AMOUNTS)),
    ),
    _snapshot(
        "teams", ("rbac_groups", "one team on one day"), (DATE, TEAM), id_column=TEAM
    ),
    _snapshot(
        "team_members",
        (f"rbac_groups/{{{TEAM}}}/members", "one person in one team on one day"),
        (DATE, TEAM, "user_id"),
    ),
)


def _breakdown(base: StreamSpec, by: str) -> StreamSpec:
    """Return the stream that has the rows of another one, grouped by a dimension."""
    dimension = _DIMENSIONS[by]
    return replace(
        base,
        name=f"{base.name}_by_{by}",
        record=f"{base.record}, {dimension.of_one}",
        keys=(*base.keys, dimension.name),
        schema=Schema(base.schema.file, added=dimension.fields),
        is_default=False,
        null_fields=base.null_fields - set(dimension.fields),
        group_by=dimension.name,
    )


SPECS: tuple[StreamSpec, ...] = (
    *_SUMMARIES,
    _USERS,
    *_ACTIVITY,
    *_REPORTS,
    *_TEAMS,
    *(_breakdown(base, by) for base, dimensions in _ACTIVITY.items() for by in dimensions),
    *_SNAPSHOTS,
)
