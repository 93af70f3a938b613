"""The rules of the parameters: what was sent makes a query or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulator.errors import bad_request
from tests.simulator.parameters import (
    check_entries,
    check_one_of,
    read_limit,
    read_scalars,
)

from .members import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulator.parameters import Parameters

    from .catalog import Resource

_DEFAULT_LIMIT = 20
_COLUMNS = {
    "actor_ids[]": ("actor", "user_id"),
    "period[]": ("period",),
    "roles[]": ("role",),
    "status[]": ("status",),
    "statuses[]": ("status",),
    "user_ids[]": ("actor", "user_id"),
}
"""Where a row holds what a list is compared with."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A valid question: which rows it is about, and how long its pages are."""

    limit: int
    lists: Mapping[str, frozenset[str]]
    email: str | None
    after_id: str | None
    before_id: str | None

    def fits(self, row: Mapping[str, object]) -> bool:
        """Tell whether a row is asked for."""
        if self.email is not None and str(row["email"]).casefold() != self.email:
            return False
        return all(_held(row, name) in values for name, values in self.lists.items())


def understand(resource: Resource, parameters: Parameters, *, console: bool) -> Query:
    """Check every parameter.

    Raises:
        ApiError: One of them breaks a rule.
    """
    scalars = read_scalars(parameters, resource.parameters)
    if scalars.keys() >= {"after_id", "before_id"}:
        message = "after_id: use either after_id or before_id, not both"
        raise bad_request(message)
    email = scalars.get("email")
    return Query(
        limit=read_limit(scalars, _DEFAULT_LIMIT),
        lists=_lists(resource, parameters, console=console),
        email=None if email is None else email.strip().casefold(),
        after_id=scalars.get("after_id"),
        before_id=scalars.get("before_id"),
    )


def _lists(
    resource: Resource, parameters: Parameters, *, console: bool
) -> dict[str, frozenset[str]]:
    lists = {}
    for name, known in resource.lists.items():
        values = parameters.get(name, ())
        allowed = known
        if name == "roles[]":
            allowed = frozenset(ROLES.values() if console else ROLES)
        for value in values if allowed else ():
            check_one_of(f"{name}:", value, allowed)
        check_entries(name, values)
        if values:
            lists[name] = frozenset(values)
    return lists


def _held(row: Mapping[str, object], name: str) -> object:
    value: object = row
    for key in _COLUMNS[name]:
        value = value[key] if isinstance(value, dict) else None
    return value
