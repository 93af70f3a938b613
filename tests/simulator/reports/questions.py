"""The six reports, and the rules of what the tap asks of each; it asks nothing else."""

from collections.abc import Iterable, Mapping, Sequence
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

from .clock import WIDTHS, midnight, noon, write
from .facts import CHILDREN, org_id

Filters = tuple[tuple[str, frozenset[str]], ...]
"""Fields of facts, and the values that each may have."""


BETA_HEADER = "analytics-usage-cost-2026-08-24"

# Dimensions of a cost's components, which come on top of all limits.
FANNED_OUT = frozenset({"cost_type", "token_type"})
_MAX_DIMENSIONS = 5
_MAX_AGE = timedelta(days=365)
_MAX_SPAN = timedelta(days=31)
_MAX_MINUTES_SPAN = timedelta(hours=24)
_MAX_ROWS = 1000
_MAX_BUCKETS = {"1d": 31, "1h": 168, "1m": 256}
_UUIDS = {org_id(uuid): uuid for uuid in CHILDREN}


class Report:
    """One report.

    Attributes:
        money: Whether it is about cost, not usage.
        legacy: Whether it is of the older generation.
        of_users: Whether each row is of one user.
        has_buckets: Whether rows are in buckets.
        width: The parameter for the width of buckets.
        groups: The dimensions; those of its components come on top for cost.
        filters: For each list parameter the field that it narrows, and after it the allowed
            values, none meaning any.
        simulated: The names of the parameters that are understood here.
        parameters: Those that the API understands.
    """

    def __init__(self, name: str) -> None:
        """Tell from the name what it is."""
        self.name = name
        self.money = "cost" in name
        self.legacy = name.endswith("_report")
        self.of_users = name.startswith("user_")
        self.has_buckets = self.legacy and not self.of_users
        self.width = "bucket_width" if self.legacy else "time_bucket_width"
        known = CATALOG["reports"]["older" if self.legacy else "newer"]
        self.groups = frozenset(known["groups"]) | (FANNED_OUT if self.money else set())
        self.filters: Mapping[str, Sequence[str]] = known["filters"]
        names = {"starting_at", "ending_at", "limit", "page", "group_by[]", self.width}
        order = {"order", "order_by"}
        users = set() if self.has_buckets else {"exclude_deleted_users"}
        newer = set() if self.legacy else {"organization_ids[]", *order}
        self.simulated = names | {"rbac_group_ids[]"} | users | newer
        self.parameters = self.simulated | self.filters.keys() | (order if users else set())


# By name, which is the path as well.
REPORTS = {
    name: Report(name)
    for name in (
        *("usage", "cost", "user_usage_report", "user_cost_report"),
        *("usage_report", "cost_report"),
    )
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """A valid question to a report, on a day, without its pages."""

    report: Report
    today: date
    start: datetime
    end: datetime
    width: str
    group_by: tuple[str, ...]
    filters: Filters = ()
    exclude_deleted: bool = False


def question_of_days(
    name: str, days: tuple[date, date], width: str, group_by: Iterable[str], today: date
) -> Question:
    """Ask for days, the last one not included."""
    start, end = map(midnight, days)
    return Question(
        report=REPORTS[name],
        today=today,
        start=start,
        end=end,
        width=width,
        group_by=tuple(group_by),
    )


def understand(report: Report, parameters: Parameters, today: date) -> tuple[Question, int]:
    """Check every parameter; give the question and the length of a page."""
    scalars = read_scalars(parameters, report.simulated)
    width = scalars.get(report.width, "")
    check_one_of(f"{report.width}:", width, WIDTHS)
    start, end = _read_span(scalars, width, today)
    group_by = _groups(report, parameters)
    order = {"order_by": "time", "order": "asc"}
    if not report.legacy and not order.items() <= scalars.items():
        refuse("order_by: only the oldest first is simulated")
    excludes = scalars.get("exclude_deleted_users") == "true"
    if excludes and not report.legacy and "actor" not in group_by:
        refuse("exclude_deleted_users: needs actor in group_by[]")
    question = Question(
        report=report,
        today=today,
        start=start,
        end=end,
        width=width,
        group_by=group_by,
        filters=_filters(parameters),
        exclude_deleted=excludes,
    )
    most = _MAX_BUCKETS[width] if report.has_buckets else _MAX_ROWS
    return question, read_limit(scalars, 20, most)


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


def _filters(parameters: Parameters) -> Filters:
    children = parameters.get("organization_ids[]", ())
    wanted = {
        "rbac_group_ids": frozenset(parameters.get("rbac_group_ids[]", ())),
        "organization_id": frozenset(_UUIDS.get(child, child) for child in children),
    }
    return tuple((field, values) for field, values in wanted.items() if values)


def _read_span(
    scalars: Mapping[str, str], width: str, today: date
) -> tuple[datetime, datetime]:
    start, end = (_midnight(name, scalars) for name in ("starting_at", "ending_at"))
    earliest = max(noon(today) - _MAX_AGE, midnight(FLOOR))
    if start < earliest:
        refuse(f"starting_at: must not be before {write(earliest)}")
    if end <= start:
        refuse("ending_at: must be later than starting_at")
    most = _MAX_MINUTES_SPAN if width == "1m" else _MAX_SPAN
    if end - start > most:
        refuse(f"ending_at: the range may span at most {most}, not {end - start}")
    return start, end


def _midnight(name: str, scalars: Mapping[str, str]) -> datetime:
    text, form = scalars.get(name, ""), "%Y-%m-%dT00:00:00Z"
    try:
        return datetime.strptime(text, form).replace(tzinfo=timezone.utc)
    except ValueError:
        refuse(f"{name}: only midnights such as 2026-03-01T00:00:00Z are simulated")
