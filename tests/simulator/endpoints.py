"""The endpoints: where each is, what it may be asked, and who builds its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .rows.artifacts import artifacts
from .rows.chat_projects import chat_projects
from .rows.connectors import connectors
from .rows.plugins import plugins
from .rows.skills import skills
from .rows.summaries import summaries
from .rows.users import users

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from .company import Company

BASE_PATH = "/v1/organizations/analytics/"

_SURFACES = frozenset(
    {"chat", "chat_cowork_unified", "claude_code", "cowork", "office_agent"}
)
_PLUGIN_SURFACES = frozenset({"chat_cowork_unified", "claude_code", "cowork"})
_ANYTHING: frozenset[str] = frozenset()

_SERIES = frozenset({"starting_date", "ending_date", "filter[]", "limit", "page"})
_ONE_DAY = frozenset({"date", "filter[]", "group_by[]", "limit", "page"})
_DAILY = _ONE_DAY | {"starting_date", "ending_date", "order", "order_by"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoint:
    """One endpoint.

    `entity` is what a row is about; several rows of a day may share it.
    `filters` has the allowed values of every dimension, none meaning anything, and
    `columns` where an ungrouped row holds a dimension, for those that it does hold,
    maybe under several names.
    `sortable` has the fields to order by, first the one that rows are in order of.
    """

    name: str
    path: str
    rows: Callable[[Company, date], list[dict[str, Any]]]
    entity: tuple[tuple[str, ...], ...] = ()
    parameters: frozenset[str] = _DAILY
    groups: frozenset[str] = frozenset({"product", "rbac_group_id", "user_id"})
    filters: Mapping[str, frozenset[str]]
    columns: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    sortable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    paginated: bool = True
    """Whether it is when nothing is grouped; what is grouped always is."""


def _sortable(*paths: str) -> dict[str, tuple[str, ...]]:
    return {path.rpartition(".")[2]: tuple(path.split(".")) for path in paths}


def _filters(*free: str, **allowed: frozenset[str]) -> dict[str, frozenset[str]]:
    return dict.fromkeys(free, _ANYTHING) | allowed


def _columns(*names: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    return {name: ((name,),) for name in names}


ENDPOINTS = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint(
            name="users",
            path="users",
            rows=users,
            entity=(("user", "id"),),
            groups=frozenset({"rbac_group_id"}),
            filters=_filters("project_id", "rbac_group_id", "user_id"),
            columns={"user_id": (("user", "id"),)},
            sortable=_sortable("user.email_address", "web_search_count"),
        ),
        Endpoint(
            name="summaries",
            path="summaries",
            rows=summaries,
            parameters=_SERIES,
            groups=frozenset(),
            filters=_filters("rbac_group_id"),
            paginated=False,
        ),
        Endpoint(
            name="chat_projects",
            path="apps/chat/projects",
            rows=chat_projects,
            entity=(("project_id",),),
            groups=frozenset({"rbac_group_id", "user_id"}),
            filters=_filters("project_id", "rbac_group_id", "user_id"),
            columns=_columns("project_id"),
            sortable=_sortable("project_id", "distinct_user_count", "message_count"),
        ),
        Endpoint(
            name="skills",
            path="skills",
            rows=skills,
            entity=(("skill_name",),),
            filters=_filters(
                *("rbac_group_id", "skill_name", "user_id"),
                product=_SURFACES,
                share_status=frozenset({"organization", "private", "public"}),
            ),
            columns=_columns("share_status", "skill_name"),
            sortable=_sortable("skill_name", "distinct_user_count", "invocation_count"),
        ),
        Endpoint(
            name="connectors",
            path="connectors",
            rows=connectors,
            entity=(("connector_name",),),
            filters=_filters(
                "connector_name", "rbac_group_id", "user_id", product=_SURFACES
            ),
            columns={"connector_name": (("connector_name",), ("connector_display_name",))},
            sortable=_sortable("connector_name", "distinct_user_count", "read_call_count"),
        ),
        Endpoint(
            name="plugins",
            path="plugins",
            rows=plugins,
            entity=(("plugin_name",), ("plugin_id",)),
            filters=_filters(
                "plugin_name", "rbac_group_id", "user_id", product=_PLUGIN_SURFACES
            ),
            columns=_columns("plugin_name"),
            sortable=_sortable("plugin_name", "distinct_user_count", "invocation_count"),
        ),
        Endpoint(
            name="artifacts",
            path="artifacts",
            rows=artifacts,
            entity=(("artifact_type",), ("is_shared",)),
            parameters=_ONE_DAY,
            filters=_filters(
                *("artifact_type", "rbac_group_id", "user_id"),
                is_shared=frozenset({"false", "true"}),
                product=_PLUGIN_SURFACES | {"chat"},
            ),
            columns=_columns("artifact_type", "is_shared"),
            paginated=False,
        ),
    )
}

BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS.values()}


def find(endpoint: str) -> Endpoint:
    """Find an endpoint by its name or by its path."""
    found = ENDPOINTS.get(endpoint) or BY_PATH.get(endpoint)
    if found is None:
        message = f"no endpoint {endpoint!r}; there are {', '.join(ENDPOINTS)}"
        raise KeyError(message)
    return found
