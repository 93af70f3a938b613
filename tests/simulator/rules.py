"""The rules of the query parameters: what was sent makes a valid query or a refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from .errors import bad_request
from .options import FLOOR, ONE_DAY
from .parameters import check_entries, check_one_of, read_limit, read_scalars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .endpoints import Endpoint
    from .parameters import Parameters

_MAX_DAYS = 366
_DEFAULT_LIMIT = 100
_FORM = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


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


def understand(endpoint: Endpoint, parameters: Parameters, latest: date) -> Query:
    """Check every parameter, on a day when there is data up to `latest`.

    Raises:
        ApiError: One of them breaks a rule.
    """
    scalars = read_scalars(parameters, endpoint.parameters)
    for name, values in parameters.items():
        if name.endswith("[]"):
            check_entries(name, values)
    daily = "date" in endpoint.parameters
    days = _day_or_series(scalars, latest) if daily else _series(scalars, latest)
    limit = read_limit(scalars, _DEFAULT_LIMIT)
    order_by, descending = _order(endpoint, scalars)
    group_by, filters = _cut_by(
        endpoint, parameters.get("group_by[]", ()), parameters.get("filter[]", ())
    )
    return Query(
        days=days,
        rollup=daily and "date" not in scalars,
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


def _day_or_series(scalars: Mapping[str, str], latest: date) -> tuple[date, ...]:
    """Read `date`, or else the range of a rollup."""
    if "date" in scalars:
        if scalars.keys() & {"starting_date", "ending_date"}:
            message = "date: use either date or starting_date, not both"
            raise bad_request(message)
        return (_available("date", scalars, latest),)
    if "starting_date" in scalars:
        return _series(scalars, latest)
    if "ending_date" in scalars:
        message = "ending_date: only valid with starting_date"
        raise bad_request(message)
    message = "date: required"
    raise bad_request(message)


def _series(scalars: Mapping[str, str], latest: date) -> tuple[date, ...]:
    """Read `starting_date` and the exclusive `ending_date`, if any."""
    if "starting_date" not in scalars:
        message = "starting_date: required"
        raise bad_request(message)
    start = _available("starting_date", scalars, latest)
    last_end = latest + ONE_DAY
    end = _day("ending_date", scalars) if "ending_date" in scalars else last_end
    if end <= start:
        message = f"ending_date: {end} must be later than starting_date {start}"
        raise bad_request(message)
    if (end - start).days > _MAX_DAYS:
        message = f"ending_date: at most {_MAX_DAYS} days, got {(end - start).days}"
        raise bad_request(message)
    if end > last_end:
        message = (
            f"ending_date: data up to {end} (exclusive) is not available yet; "
            f"the latest available day is {latest}"
        )
        raise bad_request(message)
    return tuple(start + timedelta(days=n) for n in range((end - start).days))


def _available(name: str, scalars: Mapping[str, str], latest: date) -> date:
    day = _day(name, scalars)
    if day > latest:
        message = (
            f"{name}: data for {day} is not available yet; "
            f"the latest available day is {latest}"
        )
        raise bad_request(message)
    return day


def _day(name: str, scalars: Mapping[str, str]) -> date:
    """Read a date; newer Pythons would take other ISO forms than the API does."""
    text = scalars[name]
    try:
        day = date.fromisoformat(text) if _FORM.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        message = f"{name}: must be a date in the form YYYY-MM-DD, got {text!r}"
        raise bad_request(message)
    if day < FLOOR:
        message = f"{name}: {day} is before {FLOOR}, the first day there is"
        raise bad_request(message)
    return day


def _cut_by(
    endpoint: Endpoint, groups: Sequence[str], entries: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Check dimensions to group by, and entries to filter by."""
    for group in groups:
        check_one_of("group_by[]:", group, endpoint.groups)
    filters = _filters(endpoint, entries)
    dimensions = {dimension for dimension, _ in filters}
    if (
        endpoint.name == "users"
        and "project_id" in dimensions
        and (groups or "rbac_group_id" in dimensions)
    ):
        message = "filter[]: project_id cannot be combined with group_by[] or rbac_group_id"
        raise bad_request(message)
    return tuple(dict.fromkeys(groups)), filters


def _filters(endpoint: Endpoint, entries: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for entry in entries:
        dimension, colon, value = entry.partition(":")
        if not (colon and value):
            message = f"filter[]: must be dimension:value, got {entry!r}"
            raise bad_request(message)
        check_one_of("filter[]:", dimension, endpoint.filters)
        allowed = endpoint.filters[dimension]
        if allowed:
            check_one_of(f"filter[]: {dimension}", value, allowed)
        pairs.append((dimension, value))
    return tuple(pairs)


def _order(endpoint: Endpoint, scalars: Mapping[str, str]) -> tuple[str | None, bool]:
    """Read the order: by default ascending by name and descending by metric."""
    order_by, order = scalars.get("order_by"), scalars.get("order")
    if order not in {None, "asc", "desc"}:
        message = f"order: must be asc or desc, got {order!r}"
        raise bad_request(message)
    if order_by is not None and order_by not in endpoint.sortable:
        fields = ", ".join(sorted(endpoint.sortable))
        message = f"order_by: must be {fields}, got {order_by!r}"
        raise bad_request(message)
    own = next(iter(endpoint.sortable), None)
    by_metric = order_by is not None and order_by != own
    descending = order == "desc" if order else by_metric
    return (order_by or own if by_metric or order else None), descending
