"""The six reports, and the rules of what each may be asked."""

import contextlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from tests.simulator.data import CATALOG
from tests.simulator.options import FLOOR
from tests.simulator.protocol import (
    Parameters,
    check_one_of,
    read_limit,
    read_scalars,
    refuse,
)

from .clock import WIDTHS, floor, midnight, noon, write
from .facts import CHILDREN, HIPAA_READY, org_id

Filters = tuple[tuple[str, frozenset[str | None]], ...]
"""Fields of facts, and the values that each may have."""


BETA_HEADER = "analytics-usage-cost-2026-08-24"

# Dimensions of a cost's components, which come on top of all limits.
FANNED_OUT = frozenset({"cost_type", "token_type"})
_USAGE = ("total_tokens", "output_tokens", "requests", "uncached_input_tokens")
_MAX_DIMENSIONS = 5
_MAX_AGE = timedelta(days=365)
_MAX_SPAN = timedelta(days=31)
_MAX_MINUTES_SPAN = timedelta(hours=24)
_ROWS = (20, 1000)
# Default and most of `limit`; buckets where buckets are listed.
_BUCKETS = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 256)}
_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", re.ASCII)
# What filters call otherwise than facts do.
_MEANT = {"claude-tag": "claude_tag", "not_available": None, "": None}
_UUIDS = {org_id(uuid): uuid for uuid in (*CHILDREN, HIPAA_READY)}


class Report:
    """One report.

    Attributes:
        refusal: The status with which a plan without reports answers.
        money: Whether it is about cost, not usage.
        legacy: Whether it is of the older generation.
        of_users: Whether each row is of one user.
        has_buckets: Whether rows are in buckets.
        width: The parameter for the width of buckets.
        metrics: What the API can order rows by; here it is always the first.
        groups: The dimensions; those of its components come on top for cost.
        filters: For each list parameter the field that it narrows, and after it the allowed
            values, none meaning any.
        parameters: The names of all parameters.
    """

    def __init__(self, name: str, refusal: int) -> None:
        """Tell from the name what it is."""
        self.name, self.refusal = name, refusal
        self.money = "cost" in name
        self.legacy = name.endswith("_report")
        self.of_users = name.startswith("user_")
        self.has_buckets = self.legacy and not self.of_users
        self.width = "bucket_width" if self.legacy else "time_bucket_width"
        self.metrics = ("amount", "list_amount") if self.money else _USAGE
        known = CATALOG["reports"]["older" if self.legacy else "newer"]
        self.groups = frozenset(known["groups"]) | (FANNED_OUT if self.money else set())
        self.filters: Mapping[str, Sequence[str]] = known["filters"]
        parameters = {"starting_at", "ending_at", "limit", "page", "group_by[]", self.width}
        if not self.has_buckets:
            parameters |= {"exclude_deleted_users", "order", "order_by"}
        self.parameters = frozenset(parameters | self.filters.keys())


# By name, which is the path as well.
REPORTS = {
    name: Report(name, refusal)
    for name, refusal in {
        **dict.fromkeys(("usage", "cost"), 401),
        **dict.fromkeys(("user_usage_report", "user_cost_report"), 403),
        **dict.fromkeys(("usage_report", "cost_report"), 404),
    }.items()
}
find_report = REPORTS.__getitem__


@dataclass(frozen=True, kw_only=True)
class Question:
    """A valid question to a report, on a day, without its pages."""

    report: Report
    today: date
    start: datetime
    end: datetime
    width: str | None
    group_by: tuple[str, ...]
    filters: Filters = ()
    by_time: bool = True
    ascending: bool = True
    exclude_deleted: bool = False


def question_of_days(
    report: Report,
    days: tuple[date, date],
    width: str,
    group_by: Iterable[str],
    today: date,
) -> Question:
    """Ask for days, the last one not included, by ascending time."""
    start, end = map(midnight, days)
    return Question(
        report=report,
        today=today,
        start=start,
        end=end,
        width=width,
        group_by=tuple(group_by),
    )


def understand(report: Report, parameters: Parameters, today: date) -> tuple[Question, int]:
    """Check every parameter; give the question and the length of a page."""
    scalars = read_scalars(parameters, report.parameters)
    width = _choice(report.width, scalars, WIDTHS) or ("1d" if report.has_buckets else None)
    start, end = _read_span(report, scalars, width, today)
    group_by = _groups(report, parameters)
    filters = _filters(report, parameters)
    orders = report.metrics if report.legacy else (*report.metrics, "time")
    order_by = _choice("order_by", scalars, orders)
    if order_by not in {None, "time", report.metrics[0]}:
        refuse(f"order_by: {order_by!r} is right, but this simulator cannot order by it")
    order = _choice("order", scalars, ("asc", "desc"))
    excludes = _choice("exclude_deleted_users", scalars, ("false", "true")) == "true"
    if excludes and not report.legacy and "actor" not in group_by:
        refuse("exclude_deleted_users: needs actor in group_by[]")
    question = Question(
        report=report,
        today=today,
        start=start,
        end=end,
        width=width,
        group_by=group_by,
        filters=filters,
        by_time=order_by == "time" and width is not None,
        ascending=order == "asc",
        exclude_deleted=excludes,
    )
    bounds = _BUCKETS[width or "1d"] if report.has_buckets else _ROWS
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


def _filters(report: Report, parameters: Parameters) -> Filters:
    wanted = []
    for name, (field, *allowed) in report.filters.items():
        values = parameters.get(name, ())
        for value in values if allowed else ():
            check_one_of(f"{name}:", value, allowed)
        if name == "organization_ids[]":
            values = [_UUIDS.get(value, value.lower()) for value in values]
            if HIPAA_READY in values:
                refuse("organization_ids[]: names an organization with HIPAA readiness")
        if values:
            meant = frozenset(_MEANT.get(value, value) for value in values)
            wanted.append((field, meant))
    return tuple(wanted)


def _choice(name: str, scalars: Mapping[str, str], allowed: Collection[str]) -> str | None:
    if name in scalars:
        check_one_of(f"{name}:", scalars[name], allowed)
    return scalars.get(name)


def _read_span(
    report: Report, scalars: Mapping[str, str], width: str | None, today: date
) -> tuple[datetime, datetime]:
    """Read the time range; both ends are rounded down to whole buckets."""
    start = _moment("starting_at", scalars)
    if start is None:
        refuse("starting_at: required")
    earliest = max(noon(today) - _MAX_AGE, midnight(FLOOR))
    if start < earliest:
        refuse(f"starting_at: must not be before {write(earliest)}")
    end = _moment("ending_at", scalars)
    if end is None:
        if width is not None and not report.has_buckets:
            refuse("ending_at: required with buckets of time")
        end = max(start, min(noon(today), start + _MAX_SPAN))
    elif end <= start:
        refuse("ending_at: must be later than starting_at")
    most = _MAX_MINUTES_SPAN if width == "1m" else _MAX_SPAN
    if end - start > most:
        refuse(f"ending_at: the range may span at most {most}, not {end - start}")
    return floor(start, width), floor(end, width)


def _moment(name: str, scalars: Mapping[str, str]) -> datetime | None:
    """Read whole seconds of RFC 3339; newer Pythons would take other ISO forms too."""
    if name not in scalars:
        return None
    text, moment = scalars[name], None
    with contextlib.suppress(ValueError, OverflowError):
        if _FORM.fullmatch(text):
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
            moment = moment.astimezone(timezone.utc)
    if moment is None:
        refuse(
            f"{name}: must be an RFC 3339 timestamp with an offset, got {text!r};"
            " fractions of a second are not simulated"
        )
    return moment
