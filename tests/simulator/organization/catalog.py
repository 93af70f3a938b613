"""The six endpoints: where each is, which scopes open it, and what the API may be asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulator.data import CATALOG

PERIODS = ("daily", "weekly", "monthly")


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """One endpoint.

    Attributes:
        path: Its whole path; a part in braces stands for an id.
        scopes: Any one of these opens it.
        lists: Its repeatable parameters with their allowed values, none meaning any. They
            narrow the rows, which the tap does not ask for and nobody simulates.
        by_id: Whether ids lead from page to page, not a cursor.
        linked: Whether it needs a key for all linked organisations.
    """

    name: str
    path: str
    scopes: list[str]
    lists: Mapping[str, list[str]]
    by_id: bool
    linked: bool

    @property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters that the API understands."""
        others = ("after_id", "before_id", "email") if self.by_id else ("page",)
        return frozenset({"limit", *others, *self.lists})


# By the name under which tests ask for the truth.
RESOURCES = {
    name: Resource(name=name, **known) for name, known in CATALOG["resources"].items()
}
_PLACES = {
    re.compile(resource.path.format(rbac_group_id="([^/]+)")): resource
    for resource in RESOURCES.values()
}


def locate(path: str) -> tuple[Resource, str | None] | None:
    """Find the endpoint of a path, and the id of the group that the path names, if any."""
    for pattern, resource in _PLACES.items():
        if match := pattern.fullmatch(path):
            return resource, match[1] if pattern.groups else None
    return None


def template_of(path: str) -> str:
    """Give the path with its ids replaced by what they stand for."""
    found = locate(path)
    return found[0].path if found else path
