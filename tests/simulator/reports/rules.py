"""The rules of the reports' parameters: what was sent makes a question or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulator.errors import bad_request

from .catalog import FANNED_OUT, Shape
from .children import named
from .clock import WIDTHS
from .span import read_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from .catalog import Report
    from .clock import Clock

    Parameters = Mapping[str, Sequence[str]]

MAX_DIMENSIONS = 5
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
    _check_names(report, parameters)
    scalars = {
        name: values[0] for name, values in parameters.items() if not name.endswith("[]")
    }
    width = _choice(report.width, scalars, WIDTHS)
    end_needed = report.shape is not Shape.BUCKETS and width is not None
    if report.shape is Shape.BUCKETS:
        width = width or _DEFAULT_WIDTH
    start, end = read_span(scalars, width, clock, end_needed=end_needed)
    group_by = _groups(report, parameters)
    filters = _filters(report, parameters)
    order_by = _choice("order_by", scalars, _orders(report)) or report.metrics[0]
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
    return question, _limit(report, scalars, width)


def _orders(report: Report) -> tuple[str, ...]:
    return report.metrics if report.legacy else (*report.metrics, _TIME)


def _check_names(report: Report, parameters: Parameters) -> None:
    for name, values in parameters.items():
        if name not in report.parameters:
            message = f"{name}: unknown; known are {_listed(report.parameters)}"
            raise bad_request(message)
        if not name.endswith("[]") and len(values) > 1:
            message = f"{name}: given {len(values)} times"
            raise bad_request(message)


def _groups(report: Report, parameters: Parameters) -> tuple[str, ...]:
    groups = tuple(dict.fromkeys(parameters.get("group_by[]", ())))
    for group in groups:
        if group not in report.groups:
            message = f"group_by[]: {group!r} is not one of {_listed(report.groups)}"
            raise bad_request(message)
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
        for value in values:
            if known.allowed and value not in known.allowed:
                message = f"{name}: {value!r} is not one of {_listed(known.allowed)}"
                raise bad_request(message)
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


def _limit(report: Report, scalars: Mapping[str, str], width: str | None) -> int:
    buckets = report.shape is Shape.BUCKETS
    default, most = _BUCKETS[width or _DEFAULT_WIDTH] if buckets else _ROWS
    text = scalars.get("limit", str(default))
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= most:
        message = f"limit: must be from 1 to {most}, got {text!r}"
        raise bad_request(message)
    return int(text)


def _choice(name: str, scalars: Mapping[str, str], allowed: Iterable[str]) -> str | None:
    value = scalars.get(name)
    if value is not None and value not in allowed:
        message = f"{name}: {value!r} is not one of {_listed(allowed)}"
        raise bad_request(message)
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
