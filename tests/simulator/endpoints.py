"""The endpoints of days: where each is, what it may be asked, and who builds its rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from . import activity, rows
from .company import Company
from .data import CATALOG, sets
from .options import FLOOR, ONE_DAY
from .protocol import (
    Parameters,
    check_entries,
    check_one_of,
    read_limit,
    read_scalars,
    refuse,
)

BASE_PATH = "/v1/organizations/analytics/"

_MAX_DAYS = 366
_DEFAULT_LIMIT = 100
_FORM = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoint:
    """One endpoint.

    Attributes:
        filters: The allowed values of every dimension, none meaning anything.
        paginated: Whether it is when nothing is grouped; what is grouped always is.
    """

    name: str
    path: str
    rows: Callable[[Company, date], list[dict[str, Any]]]
    parameters: frozenset[str]
    groups: frozenset[str]
    filters: Mapping[str, frozenset[str]]
    paginated: bool


def _endpoint(name: str, known: Mapping[str, Any]) -> Endpoint:
    module = activity if name in {"users", "summaries"} else rows
    return Endpoint(
        name=name,
        path=known["path"],
        rows=getattr(module, name),
        parameters=frozenset(CATALOG["parameters"][known["parameters"]]),
        groups=frozenset(known["groups"]),
        filters=sets(known["filters"]),
        paginated=known["paginated"],
    )


ENDPOINTS = {name: _endpoint(name, known) for name, known in CATALOG["endpoints"].items()}
BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS.values()}


def find(endpoint: str) -> Endpoint:
    """Find an endpoint by its name or by its path."""
    return ENDPOINTS.get(endpoint) or BY_PATH[endpoint]


@dataclass(frozen=True, kw_only=True)
class Query:
    """A valid question to an endpoint, without its cursor."""

    endpoint: Endpoint
    days: tuple[date, ...]
    group_by: tuple[str, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    limit: int = _DEFAULT_LIMIT

    @property
    def wanted(self) -> dict[str, frozenset[str]]:
        """The values that each filtered dimension may have."""
        return {
            dimension: frozenset(value for name, value in self.filters if name == dimension)
            for dimension, _ in self.filters
        }


def understand(endpoint: Endpoint, parameters: Parameters, latest: date) -> Query:
    """Check every parameter, on a day when there is data up to `latest`."""
    scalars = read_scalars(parameters, endpoint.parameters)
    for name in scalars.keys() & {"order", "order_by"}:
        refuse(f"{name}: the simulator knows the default order only")
    for name, values in parameters.items():
        if name.endswith("[]"):
            check_entries(name, values)
    daily = "date" in endpoint.parameters
    days = _days(scalars, latest, daily=daily)
    limit = read_limit(scalars, _DEFAULT_LIMIT)
    groups, entries = (parameters.get(name, ()) for name in ("group_by[]", "filter[]"))
    group_by, filters = _cut_by(endpoint, groups, entries)
    if daily and "date" not in scalars and not (endpoint.name == "users" and group_by):
        refuse("starting_date: the simulator rolls up only users by team")
    return Query(
        endpoint=endpoint, days=days, group_by=group_by, filters=filters, limit=limit
    )


def ask_for(name: str, day: date, groups: Sequence[str], filters: Sequence[str]) -> Query:
    """Ask for all of a day, available yet or not, cut in the way of a request."""
    endpoint = find(name)
    group_by, pairs = _cut_by(endpoint, groups, filters)
    return Query(endpoint=endpoint, days=(day,), group_by=group_by, filters=pairs)


def _days(scalars: Mapping[str, str], latest: date, *, daily: bool) -> tuple[date, ...]:
    """Read `date`, or else `starting_date` and the exclusive `ending_date`, if any."""
    if "date" in scalars:
        if scalars.keys() & {"starting_date", "ending_date"}:
            refuse("date: use either date or starting_date, not both")
        return (_day("date", scalars, latest),)
    if "starting_date" not in scalars:
        refuse("date: required" if daily else "starting_date: required")
    start = _day("starting_date", scalars, latest)
    last_end = latest + ONE_DAY
    end = _day("ending_date", scalars) if "ending_date" in scalars else last_end
    length = (end - start).days
    if length <= 0:
        refuse(f"ending_date: {end} must be later than starting_date {start}")
    if length > _MAX_DAYS:
        refuse(f"ending_date: at most {_MAX_DAYS} days, got {length}")
    if end > last_end:
        refuse(
            f"ending_date: data up to {end} (exclusive) is not available yet; "
            f"the latest available day is {latest}"
        )
    return tuple(start + timedelta(days=n) for n in range(length))


def _day(name: str, scalars: Mapping[str, str], latest: date = date.max) -> date:
    """Read a date; newer Pythons would take other ISO forms than the API does."""
    text = scalars[name]
    try:
        day = date.fromisoformat(text) if _FORM.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        refuse(f"{name}: must be a date in the form YYYY-MM-DD, got {text!r}")
    if day < FLOOR:
        refuse(f"{name}: {day} is before {FLOOR}, the first day there is")
    if day > latest:
        refuse(
            f"{name}: data for {day} is not available yet; "
            f"the latest available day is {latest}"
        )
    return day


def _cut_by(
    endpoint: Endpoint, groups: Sequence[str], entries: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Check dimensions to group by, and entries to filter by."""
    for group in groups:
        check_one_of("group_by[]:", group, endpoint.groups)
    filters = []
    for entry in entries:
        dimension, _, value = entry.partition(":")
        if not value:
            refuse(f"filter[]: must be dimension:value, got {entry!r}")
        check_one_of("filter[]:", dimension, endpoint.filters)
        if allowed := endpoint.filters[dimension]:
            check_one_of(f"filter[]: {dimension}", value, allowed)
        if endpoint.name == "users" and dimension == "project_id":
            refuse(f"filter[]: {entry!r} is not simulated")
        filters.append((dimension, value))
    return tuple(dict.fromkeys(groups)), tuple(filters)
