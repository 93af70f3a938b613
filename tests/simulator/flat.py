"""Rows as flat figures by path, so that they can be split and added up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .store import Row

Path = tuple[str, ...]
Flat = dict[Path, Any]

MONEY = {"attributed_list_price", "estimated_overage_spend"}
_NUMBERS = {int, Decimal}
_WHOLE = {"created_by", "user"}
"""Objects that say who, not how much."""

_EXACT_CREATIONS = {"distinct_artifacts_created_count", "distinct_projects_created_count"}
_OTHER_DISTINCT = {"sessions_with_file_edits_count"}


def pick(row: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401 - a JSON value
    """Give what a row holds at a path, null below what is null."""
    value: Any = row
    for key in path:
        if value is None:
            return None
        value = value[key]
    return value


def flatten(row: Row) -> Flat:
    """Give every leaf of a row by its path; amounts of money as numbers."""
    return dict(_leaves(row, ()))


def _leaves(node: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, Any]]:
    for name, value in node.items():
        if isinstance(value, dict) and value and name not in _WHOLE:
            yield from _leaves(value, (*at, name))
        elif name in MONEY and value is not None:
            yield (*at, name), Decimal(value)
        else:
            yield (*at, name), value


def unflatten(flat: Flat) -> Row:
    """Make a row, which shares nothing with others; a block beats its being null."""
    row: Row = {}
    for path, value in flat.items():
        node = row
        for key in path[:-1]:
            if node.get(key) is None:
                node[key] = {}
            node = node[key]
        if value is None and path[-1] in node:
            continue
        if isinstance(value, Decimal):
            node[path[-1]] = format(value, "f")
        else:
            node[path[-1]] = dict(value) if isinstance(value, dict) else value
    return row


def is_count(value: object) -> bool:
    """Tell whether a leaf is a count; booleans are none."""
    return type(value) is int


def is_distinct(path: Path) -> bool:
    """Tell whether a leaf counts distinct things, which may be beyond computation.

    Users are always counted, and things that are created cannot be counted twice.
    """
    name = path[-1]
    return name in _OTHER_DISTINCT or (
        name.startswith("distinct_")
        and name != "distinct_user_count"
        and name not in _EXACT_CREATIONS
    )


def add(total: Flat, part: Flat) -> None:
    """Add the figures of a part to those of a total.

    A count is null where any part is; money is the sum of what is known. Of what is
    no figure the later one stays, if there is one. Needs a context precise enough.
    """
    for path, value in part.items():
        if path not in total:
            total[path] = value
            continue
        so_far = total[path]
        if type(value) is type(so_far) and type(value) in _NUMBERS:
            total[path] = so_far + value
        elif is_count(so_far) or is_count(value):
            total[path] = None
        elif value is not None:
            total[path] = value
