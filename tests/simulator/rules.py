"""The rules of the query parameters: what was sent makes a valid query or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .dates import Calendar, Days
from .errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from .endpoints import Endpoint

Parameters = dict[str, list[str]]
"""Decoded parameters, each with every value that was sent."""

MAX_ENTRIES = 100
_LIMITS = range(1, 1001)
_DEFAULT_LIMIT = 100
_DIRECTIONS = ("asc", "desc")


@dataclass(frozen=True, kw_only=True)
class Query:
    """A valid question, without its cursor."""

    days: tuple[date, ...]
    rollup: bool = False
    group_by: tuple[str, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    order_by: str | None = None
    descending: bool = False
    limit: int = _DEFAULT_LIMIT

    @property
    def wanted(self) -> dict[str, frozenset[str]]:
        """The values that each filtered dimension may have."""
        return {
            dimension: frozenset(value for name, value in self.filters if name == dimension)
            for dimension, _ in self.filters
        }


def understand(
    endpoint: Endpoint, parameters: Mapping[str, Sequence[str]], calendar: Calendar
) -> Query:
    """Check every parameter.

    Raises:
        ApiError: One of them breaks a rule.
    """
    _check_names(endpoint, parameters)
    scalars = {
        name: values[0] for name, values in parameters.items() if not name.endswith("[]")
    }
    days = Days(scalars, calendar)
    asked = days.single_or_range() if "date" in endpoint.parameters else days.series()
    limit = _limit(scalars)
    order_by, descending = _order(endpoint, scalars)
    group_by, filters = _cut_by(
        endpoint, parameters.get("group_by[]", ()), parameters.get("filter[]", ())
    )
    return Query(
        days=asked,
        rollup="date" in endpoint.parameters and "date" not in scalars,
        group_by=group_by,
        filters=filters,
        order_by=order_by,
        descending=descending,
        limit=limit,
    )


def ask_for(
    endpoint: Endpoint, day: date, groups: Sequence[str], filters: Sequence[str]
) -> Query:
    """Ask for all of a day, available yet or not, cut in the way of a request.

    Raises:
        ApiError: A dimension to group by or an entry to filter by breaks a rule.
    """
    group_by, pairs = _cut_by(endpoint, groups, filters)
    return Query(days=(day,), group_by=group_by, filters=pairs)


def _cut_by(
    endpoint: Endpoint, groups: Sequence[str], entries: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Check dimensions to group by, and entries to filter by."""
    group_by, filters = _groups(endpoint, groups), _filters(endpoint, entries)
    dimensions = {dimension for dimension, _ in filters}
    if (
        endpoint.name == "users"
        and "project_id" in dimensions
        and (group_by or "rbac_group_id" in dimensions)
    ):
        message = "filter[]: project_id cannot be combined with group_by[] or rbac_group_id"
        raise bad_request(message)
    return group_by, filters


def _check_names(endpoint: Endpoint, parameters: Mapping[str, Sequence[str]]) -> None:
    for name, values in parameters.items():
        if name not in endpoint.parameters:
            message = f"{name}: unknown; known are {_listed(endpoint.parameters)}"
            raise bad_request(message)
        if name.endswith("[]"):
            if len(values) > MAX_ENTRIES:
                message = f"{name}: at most {MAX_ENTRIES} entries, got {len(values)}"
                raise bad_request(message)
        elif len(values) > 1:
            message = f"{name}: given {len(values)} times"
            raise bad_request(message)


def _limit(scalars: Mapping[str, str]) -> int:
    text = scalars.get("limit", str(_DEFAULT_LIMIT))
    if not (text.isascii() and text.isdecimal()) or int(text) not in _LIMITS:
        message = f"limit: must be from {_LIMITS[0]} to {_LIMITS[-1]}, got {text!r}"
        raise bad_request(message)
    return int(text)


def _order(endpoint: Endpoint, scalars: Mapping[str, str]) -> tuple[str | None, bool]:
    """Read the order: by default ascending by name and descending by metric."""
    order_by, order = scalars.get("order_by"), scalars.get("order")
    if order is not None and order not in _DIRECTIONS:
        message = f"order: must be asc or desc, got {order!r}"
        raise bad_request(message)
    if order_by is not None and order_by not in endpoint.sortable:
        message = f"order_by: must be {_listed(endpoint.sortable)}, got {order_by!r}"
        raise bad_request(message)
    own = next(iter(endpoint.sortable), None)
    by_metric = order_by is not None and order_by != own
    descending = order == "desc" if order else by_metric
    return (order_by or own if by_metric or order else None), descending


def _filters(endpoint: Endpoint, entries: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for entry in entries:
        dimension, colon, value = entry.partition(":")
        if not (colon and value):
            message = f"filter[]: must be dimension:value, got {entry!r}"
            raise bad_request(message)
        if dimension not in endpoint.filters:
            message = f"filter[]: {dimension!r} is not one of {_listed(endpoint.filters)}"
            raise bad_request(message)
        allowed = endpoint.filters[dimension]
        if allowed and value not in allowed:
            message = f"filter[]: {dimension} {value!r} is not one of {_listed(allowed)}"
            raise bad_request(message)
        pairs.append((dimension, value))
    return tuple(pairs)


def _groups(endpoint: Endpoint, entries: Sequence[str]) -> tuple[str, ...]:
    for entry in entries:
        if entry not in endpoint.groups:
            message = f"group_by[]: {entry!r} is not one of {_listed(endpoint.groups)}"
            raise bad_request(message)
    return tuple(dict.fromkeys(entries))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
