"""The six endpoints: where each is, which scopes open it, and what it may be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the paths of these endpoints begin with; the analytics endpoints lie below it.
ORGANIZATION_PATH = "/v1/organizations/"
PERIODS = ("daily", "weekly", "monthly")

_ANYTHING: frozenset[str] = frozenset()
_MEMBERS = frozenset({"read:members", "read:org_audit"})
_GROUPS = frozenset({"read:rbac_groups", "read:org_audit"})
_SPENDING = frozenset({"read:spend_limits"})


class Paging(Enum):
    """How a client comes to the next page."""

    CURSOR = "with the opaque cursor that `next_page` holds"
    ID = "with the id of the last or of the first object of this page"


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """One endpoint.

    Attributes:
        path: Its whole path; a part in braces stands for an id.
        scopes: Any one of these opens it.
        lists: Its repeatable parameters with their allowed values, none meaning any;
            which roles are allowed depends on the organisation.
        paging: How its pages follow each other; by id, it can be narrowed to one e-mail
            address, and Console organisations have it too.
        linked: Whether it needs a key for all linked organisations.
    """

    name: str
    path: str
    scopes: frozenset[str]
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    paging: Paging = Paging.CURSOR
    linked: bool = False

    @property
    def enterprise(self) -> bool:
        """Whether Console organisations lack it."""
        return self.paging is Paging.CURSOR

    @property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters."""
        by_id = self.paging is Paging.ID
        others = ("after_id", "before_id", "email") if by_id else ("page",)
        return frozenset({"limit", *others, *self.lists})


# By the name under which tests ask for the truth.
RESOURCES = {
    resource.name: resource
    for resource in (
        Resource(
            name="members",
            path=f"{ORGANIZATION_PATH}users",
            scopes=_MEMBERS,
            lists={"roles[]": _ANYTHING},
            paging=Paging.ID,
        ),
        Resource(
            name="invites",
            path=f"{ORGANIZATION_PATH}invites",
            scopes=_MEMBERS,
            # A deleted one cannot be asked for.
            lists={
                "roles[]": _ANYTHING,
                "statuses[]": frozenset({"accepted", "expired", "pending"}),
            },
            paging=Paging.ID,
        ),
        Resource(
            name="spend_limits",
            path=f"{ORGANIZATION_PATH}spend_limits/effective",
            scopes=_SPENDING,
            lists={"period[]": frozenset(PERIODS), "user_ids[]": _ANYTHING},
        ),
        Resource(
            name="spend_limit_requests",
            path=f"{ORGANIZATION_PATH}spend_limit_increase_requests",
            scopes=_SPENDING,
            lists={
                "actor_ids[]": _ANYTHING,
                "status[]": frozenset({"approved", "denied", "pending"}),
            },
        ),
        Resource(
            name="teams",
            path=f"{ORGANIZATION_PATH}rbac_groups",
            scopes=_GROUPS,
            linked=True,
        ),
        Resource(
            name="team_members",
            path=f"{ORGANIZATION_PATH}rbac_groups/{{rbac_group_id}}/members",
            scopes=_GROUPS,
            linked=True,
        ),
    )
}
_MEMBERS_OF_A_GROUP = re.compile(
    re.escape(f"{ORGANIZATION_PATH}rbac_groups/") + r"([^/]+)/members"
)
_BY_PATH = {resource.path: resource for resource in RESOURCES.values()}


def locate(path: str) -> tuple[Resource, str | None] | None:
    """Find the endpoint of a path, and the id of the group that the path names, if any."""
    match = _MEMBERS_OF_A_GROUP.fullmatch(path)
    if match:
        return RESOURCES["team_members"], match[1]
    resource = _BY_PATH.get(path)
    return (resource, None) if resource else None


def template_of(path: str) -> str:
    """Give the path with its ids replaced by what they stand for."""
    found = locate(path)
    return found[0].path if found else path
