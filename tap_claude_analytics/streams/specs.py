"""All streams with days, as data: a new endpoint of a known family is one entry here.

The order is that of `--discover` and of the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from tap_claude_analytics.common.names import DATE, STARTING_AT, TEAM
from tap_claude_analytics.config import groupings
from tap_claude_analytics.records.activity import (
    GROUP_FIELDS,
    SKILL_AMOUNTS,
    exact_skill_amounts,
    lift_user,
    plugin_keys,
)
from tap_claude_analytics.records.reports import AMOUNTS
from tap_claude_analytics.records.summaries import adoption
from tap_claude_analytics.streams.schemas import Schema

if TYPE_CHECKING:
    from tap_claude_analytics.records.day import Step


class Family(Enum):
    """How the days of a stream are read; each has a source in `sources`."""

    DAILY = auto()
    SUMMARIES = auto()
    TEAM_SERIES = auto()
    REPORT = auto()


@dataclass(frozen=True, kw_only=True)
class ReportSpec:
    """What a stream of usage or cost has besides.

    Attributes:
        dimensions: What the endpoint can group by, and the columns of rows.
        measures: The columns that are measured.
        dimensions_under: The object of a row that has the dimensions; None for the row.
        measures_under: The object of a row that has the measures; None for the row.
        is_cost: Whether the setting `cost_group_by` applies.
        is_beta: Whether it is one of the endpoints that supersede the legacy reports: rows
            come by time, and totals tell which days have been revised.
        has_users: Legacy: whether every row is of one user. Such rows come by amount, so a
            request for one day is a reading of one day.
        has_buckets: Legacy: whether rows are buckets with a list of at most 100 results.
    """

    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    dimensions_under: str | None = None
    measures_under: str | None = None
    is_cost: bool = False
    is_beta: bool = False
    has_users: bool = False
    has_buckets: bool = False


@dataclass(frozen=True, kw_only=True)
class StreamSpec:
    """What a stream is.

    Attributes:
        name: The name of the stream.
        path: The endpoint.
        record: What a record is, in words.
        keys: The primary key.
        family: How its days are read.
        schema: Where its schema comes from.
        is_default: Whether it is selected unless a catalog says otherwise.
        replication_key: The field whose value the bookmark is.
        steps: From the rows of a day to its records.
        columns: Top-level columns that the tap adds. A field of the API that gets one of
            these names is kept in ``additional_fields``.
        amounts: Fields that are decimal strings in cents.
        null_fields: Fields that have a value in grouped answers only.
        group_by: The dimension that the endpoint groups the rows by.
        rows_fit: The schema of the rows, if it is not that of the records.
        report: Usage and cost only.
    """

    name: str
    path: str
    record: str
    keys: tuple[str, ...]
    family: Family
    schema: Schema
    is_default: bool = True
    replication_key: str = DATE
    steps: tuple[Step, ...] = ()
    columns: frozenset[str] = frozenset()
    amounts: tuple[str, ...] = ()
    null_fields: frozenset[str] = frozenset()
    group_by: str | None = None
    rows_fit: Schema | None = None
    report: ReportSpec | None = None


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
)
