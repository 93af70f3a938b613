"""The rules of the parameters: what was sent makes a query or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulator.errors import bad_request

from .members import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .catalog import Resource

    Parameters = Mapping[str, Sequence[str]]

MAX_IDS = 100
"""How many ids a list may have."""

_LIMITS = range(1, 1001)
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
    for name, values in parameters.items():
        if name not in resource.parameters:
            message = f"{name}: unknown; known are {_listed(resource.parameters)}"
            raise bad_request(message)
        if not name.endswith("[]") and len(values) > 1:
            message = f"{name}: given {len(values)} times"
            raise bad_request(message)
    scalars = {
        name: values[0] for name, values in parameters.items() if not name.endswith("[]")
    }
    if scalars.keys() >= {"after_id", "before_id"}:
        message = "after_id: use either after_id or before_id, not both"
        raise bad_request(message)
    email = scalars.get("email")
    return Query(
        limit=_limit(scalars),
        lists=_lists(resource, parameters, console=console),
        email=None if email is None else email.strip().casefold(),
        after_id=scalars.get("after_id"),
        before_id=scalars.get("before_id"),
    )


def _limit(scalars: Mapping[str, str]) -> int:
    text = scalars.get("limit", str(_DEFAULT_LIMIT))
    if not (text.isascii() and text.isdecimal()) or int(text) not in _LIMITS:
        message = f"limit: must be from {_LIMITS[0]} to {_LIMITS[-1]}, got {text!r}"
        raise bad_request(message)
    return int(text)


def _lists(
    resource: Resource, parameters: Parameters, *, console: bool
) -> dict[str, frozenset[str]]:
    lists = {}
    for name, known in resource.lists.items():
        values = parameters.get(name, ())
        allowed = known
        if name == "roles[]":
            allowed = frozenset(ROLES.values() if console else ROLES)
        for value in values:
            if allowed and value not in allowed:
                message = f"{name}: {value!r} is not one of {_listed(allowed)}"
                raise bad_request(message)
        if len(values) > MAX_IDS:
            message = f"{name}: at most {MAX_IDS} entries, got {len(values)}"
            raise bad_request(message)
        if values:
            lists[name] = frozenset(values)
    return lists


def _held(row: Mapping[str, object], name: str) -> object:
    value: object = row
    for key in _COLUMNS[name]:
        value = value[key] if isinstance(value, dict) else None
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
