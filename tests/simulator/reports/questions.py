"""The six reports, and the rules of what each may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from tests.simulator.data import CATALOG
from tests.simulator.protocol import check_one_of, read_limit, read_scalars, refuse

from .clock import WIDTHS, floor, midnight, noon, parse, write
from .facts import CHILDREN, HIPAA_READY, org_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime

    from tests.simulator.protocol import Parameters

    from .clock import Clock

BETA_HEADER = "analytics-usage-cost-2026-08-24"

# Dimensions of a cost's components, which come on top of all limits.
FANNED_OUT = frozenset({"cost_type", "token_type"})
_USAGE = ("total_tokens", "output_tokens", "requests", "uncached_input_tokens")
_MAX_DIMENSIONS = 5
_MAX_SPAN = timedelta(days=31)
_MAX_MINUTES_SPAN = timedelta(hours=24)
_ROWS = (20, 1000)
# Default and most of `limit`; buckets where buckets are listed.
_BUCKETS = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 256)}


class Shape(Enum):
    """How an answer is built."""

    FLAT = "rows of groups"
    USERS = "rows of users"
    BUCKETS = "buckets of rows"


class Filter(NamedTuple):
    """A list parameter: the field of a fact that it narrows, and what may be sent."""

    field: str
    allowed: frozenset[str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """One report.

    `metrics` are to order by, first the default; `refusal` is the status with which a
    plan without reports answers.
    """

    name: str
    shape: Shape
    metrics: tuple[str, ...]
    refusal: int
    groups: frozenset[str]
    filters: Mapping[str, Filter]

    @property
    def money(self) -> bool:
        """Whether it is about cost, not usage."""
        return "amount" in self.metrics

    @property
    def legacy(self) -> bool:
        """Whether it is of the older generation."""
        return self.shape is not Shape.FLAT

    @property
    def width(self) -> str:
        """The parameter for the width of buckets."""
        return "bucket_width" if self.legacy else "time_bucket_width"

    @property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters."""
        always = {"starting_at", "ending_at", "limit", "page", "group_by[]", self.width}
        if self.shape is not Shape.BUCKETS:
            always |= {"exclude_deleted_users", "order", "order_by"}
        return frozenset(always | set(self.filters))


def _report(name: str, shape: Shape, refusal: int) -> Report:
    """Make a report on usage, or on cost, which has dimensions of its own."""
    known = CATALOG["reports"]["newer" if shape is Shape.FLAT else "older"]
    money = "cost" in name
    return Report(
        name=name,
        shape=shape,
        metrics=("amount", "list_amount") if money else _USAGE,
        refusal=refusal,
        groups=frozenset(known["groups"]) | (FANNED_OUT if money else set()),
        filters={
            parameter: Filter(field, frozenset(allowed))
            for parameter, (field, *allowed) in known["filters"].items()
        },
    )


# By name, which is the path as well.
REPORTS = {
    name: _report(name, shape, refusal)
    for shape, refusal, names in (
        (Shape.FLAT, 401, ("usage", "cost")),
        (Shape.USERS, 403, ("user_usage_report", "user_cost_report")),
        (Shape.BUCKETS, 404, ("usage_report", "cost_report")),
    )
    for name in names
}


def find_report(name: str) -> Report:
    """Find a report by its name."""
    if name not in REPORTS:
        message = f"no report {name!r}; there are {', '.join(REPORTS)}"
        raise KeyError(message)
    return REPORTS[name]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A valid question to a report, on a day, without its pages."""

    report: Report
    today: date
    start: datetime
    end: datetime
    width: str | None
    group_by: tuple[str, ...]
    filters: tuple[tuple[str, frozenset[str]], ...] = ()
    order_by: str
    by_time: bool = False
    ascending: bool = False
    exclude_deleted: bool = False


def question_of_days(
    report: Report,
    days: tuple[date, date],
    width: str,
    group_by: Iterable[str],
    today: date,
) -> Question:
    """Ask for days, the last one not included, by ascending time."""
    return Question(
        report=report,
        today=today,
        start=midnight(days[0]),
        end=midnight(days[1]),
        width=width,
        group_by=tuple(group_by),
        order_by=report.metrics[0],
        by_time=True,
        ascending=True,
    )


def understand(
    report: Report, parameters: Parameters, clock: Clock
) -> tuple[Question, int]:
    """Check every parameter; give the question and the length of a page."""
    scalars = read_scalars(parameters, report.parameters)
    bucketed = report.shape is Shape.BUCKETS
    width = _choice(report.width, scalars, WIDTHS) or ("1d" if bucketed else None)
    end_needed = not bucketed and width is not None
    start, end = _read_span(scalars, width, clock, end_needed=end_needed)
    group_by = _groups(report, parameters)
    filters = _filters(report, parameters)
    orders = report.metrics if report.legacy else (*report.metrics, "time")
    order_by = _choice("order_by", scalars, orders) or report.metrics[0]
    ascending = _choice("order", scalars, ("asc", "desc")) == "asc"
    excludes = _choice("exclude_deleted_users", scalars, ("false", "true")) == "true"
    if excludes and not report.legacy and "actor" not in group_by:
        refuse("exclude_deleted_users: needs actor in group_by[]")
    question = Question(
        report=report,
        today=clock.today,
        start=start,
        end=end,
        width=width,
        group_by=group_by,
        filters=filters,
        order_by=report.metrics[0] if order_by == "time" else order_by,
        by_time=order_by == "time" and width is not None,
        ascending=ascending,
        exclude_deleted=excludes,
    )
    bounds = _BUCKETS[width or "1d"] if bucketed else _ROWS
    return question, read_limit(scalars, *bounds)


def _groups(report: Report, parameters: Parameters) -> tuple[str, ...]:
    groups = tuple(dict.fromkeys(parameters.get("group_by[]", ())))
    for group in groups:
        check_one_of("group_by[]:", group, report.groups)
    counted = len(set(groups) - FANNED_OUT)
    if not report.legacy and counted > _MAX_DIMENSIONS:
        refuse(f"group_by[]: at most {_MAX_DIMENSIONS} dimensions, got {counted}")
    if "claude_tag_user_id" in groups and (
        "rbac_group_id" in groups or "rbac_group_ids[]" in parameters
    ):
        refuse("group_by[]: claude_tag_user_id cannot be combined with RBAC groups")
    return groups


def _filters(
    report: Report, parameters: Parameters
) -> tuple[tuple[str, frozenset[str]], ...]:
    wanted = []
    for name, known in report.filters.items():
        values = parameters.get(name, ())
        for value in values if known.allowed else ():
            check_one_of(f"{name}:", value, known.allowed)
        if name == "organization_ids[]":
            by_org_id = {org_id(uuid): uuid for uuid in (*CHILDREN, HIPAA_READY)}
            values = [by_org_id.get(one, one.lower()) for one in values]
            if HIPAA_READY in values:
                refuse("organization_ids[]: names an organization with HIPAA readiness")
        if values:
            wanted.append((known.field, frozenset(values)))
    return tuple(wanted)


def _choice(name: str, scalars: Mapping[str, str], allowed: Collection[str]) -> str | None:
    if name in scalars:
        check_one_of(f"{name}:", scalars[name], allowed)
    return scalars.get(name)


def _read_span(
    scalars: Mapping[str, str], width: str | None, clock: Clock, *, end_needed: bool
) -> tuple[datetime, datetime]:
    """Read the time range; both ends are rounded down to whole buckets."""
    start = _moment("starting_at", scalars)
    if start is None:
        refuse("starting_at: required")
    if start < clock.earliest:
        refuse(f"starting_at: must not be before {write(clock.earliest)}")
    end = _moment("ending_at", scalars)
    if end is None:
        if end_needed:
            refuse("ending_at: required with buckets of time")
        end = max(start, min(noon(clock.today), start + _MAX_SPAN))
    elif end <= start:
        refuse("ending_at: must be later than starting_at")
    most = _MAX_MINUTES_SPAN if width == "1m" else _MAX_SPAN
    if end - start > most:
        refuse(f"ending_at: the range may span at most {most}, not {end - start}")
    return floor(start, width), floor(end, width)


def _moment(name: str, scalars: Mapping[str, str]) -> datetime | None:
    if name not in scalars:
        return None
    moment = parse(scalars[name])
    if moment is None:
        text = scalars[name]
        refuse(f"{name}: must be an RFC 3339 timestamp with an offset, got {text!r}")
    return moment
