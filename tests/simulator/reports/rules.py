"""The rules of the reports' parameters: what was sent makes a question or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulator.errors import bad_request
from tests.simulator.parameters import check_one_of, read_limit, read_scalars

from .catalog import FANNED_OUT, Shape
from .children import named
from .clock import WIDTHS, floor, parse, write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from tests.simulator.parameters import Parameters

    from .catalog import Report
    from .clock import Clock

MAX_DIMENSIONS = 5
_MAX_SPAN = timedelta(days=31)
_MAX_MINUTES_SPAN = timedelta(hours=24)
_ROWS = (20, 1000)
_BUCKETS = {"1d": (7, 31), "1h": (24, 168), "1m": (60, 256)}
"""Default and most of `limit`; buckets where buckets are listed."""

_DEFAULT_WIDTH = "1d"
_BOOLEANS = ("false", "true")
_DIRECTIONS = ("asc", "desc")
_TIME = "time"


@dataclass(frozen=True, kw_only=True)
class Question:
    """A valid question, without its pages."""

    start: datetime
    end: datetime
    width: str | None
    group_by: tuple[str, ...]
    filters: tuple[tuple[str, frozenset[str]], ...] = ()
    order_by: str
    by_time: bool = False
    ascending: bool = False
    exclude_deleted: bool = False


def understand(
    report: Report, parameters: Parameters, clock: Clock
) -> tuple[Question, int]:
    """Check every parameter; give the question and the length of a page.

    Raises:
        ApiError: One of them breaks a rule.
    """
    scalars = read_scalars(parameters, report.parameters)
    width = _choice(report.width, scalars, WIDTHS)
    end_needed = report.shape is not Shape.BUCKETS and width is not None
    if report.shape is Shape.BUCKETS:
        width = width or _DEFAULT_WIDTH
    start, end = _read_span(scalars, width, clock, end_needed=end_needed)
    group_by = _groups(report, parameters)
    filters = _filters(report, parameters)
    orders = report.metrics if report.legacy else (*report.metrics, _TIME)
    order_by = _choice("order_by", scalars, orders) or report.metrics[0]
    question = Question(
        start=start,
        end=end,
        width=width,
        group_by=group_by,
        filters=filters,
        order_by=report.metrics[0] if order_by == _TIME else order_by,
        by_time=order_by == _TIME and width is not None,
        ascending=_choice("order", scalars, _DIRECTIONS) == "asc",
        exclude_deleted=_excludes(report, scalars, group_by),
    )
    listed = _BUCKETS[width or _DEFAULT_WIDTH]
    bounds = listed if report.shape is Shape.BUCKETS else _ROWS
    return question, read_limit(scalars, *bounds)


def _groups(report: Report, parameters: Parameters) -> tuple[str, ...]:
    groups = tuple(dict.fromkeys(parameters.get("group_by[]", ())))
    for group in groups:
        check_one_of("group_by[]:", group, report.groups)
    counted = [group for group in groups if group not in FANNED_OUT]
    if not report.legacy and len(counted) > MAX_DIMENSIONS:
        message = f"group_by[]: at most {MAX_DIMENSIONS} dimensions, got {len(counted)}"
        raise bad_request(message)
    if "claude_tag_user_id" in groups and (
        "rbac_group_id" in groups or "rbac_group_ids[]" in parameters
    ):
        message = "group_by[]: claude_tag_user_id cannot be combined with RBAC groups"
        raise bad_request(message)
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
            values = named(values)
        if values:
            wanted.append((name, frozenset(values)))
    return tuple(wanted)


def _excludes(
    report: Report, scalars: Mapping[str, str], group_by: tuple[str, ...]
) -> bool:
    excludes = _choice("exclude_deleted_users", scalars, _BOOLEANS) == "true"
    if excludes and report.shape is Shape.FLAT and "actor" not in group_by:
        message = "exclude_deleted_users: needs actor in group_by[]"
        raise bad_request(message)
    return excludes


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
        message = "starting_at: required"
        raise bad_request(message)
    if start < clock.earliest:
        message = f"starting_at: must not be before {write(clock.earliest)}"
        raise bad_request(message)
    end = _moment("ending_at", scalars)
    if end is None:
        if end_needed:
            message = "ending_at: required with buckets of time"
            raise bad_request(message)
        end = max(start, min(clock.now, start + _MAX_SPAN))
    elif end <= start:
        message = "ending_at: must be later than starting_at"
        raise bad_request(message)
    most = _MAX_MINUTES_SPAN if width == "1m" else _MAX_SPAN
    if end - start > most:
        message = f"ending_at: the range may span at most {most}, not {end - start}"
        raise bad_request(message)
    return floor(start, width), floor(end, width)


def _moment(name: str, scalars: Mapping[str, str]) -> datetime | None:
    text = scalars.get(name)
    if text is None:
        return None
    moment = parse(text)
    if moment is None:
        message = f"{name}: must be an RFC 3339 timestamp with an offset, got {text!r}"
        raise bad_request(message)
    return moment
