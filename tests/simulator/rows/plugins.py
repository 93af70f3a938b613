"""Rows of `plugins`: one plugin on one day, several of them under one name at times."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulator.people import NAMES

from .usage import unified_reported, use

if TYPE_CHECKING:
    from tests.simulator.company import Company

_SINCE = date(2026, 1, 12)
_SILENT = 9
"""On one in so many days nobody used a plugin."""

_SATURDAY = 5
_TWINS = 3
_BUCKET = "third-party"


class _Plugin(NamedTuple):
    """One row's plugin; twins share their name and have no id."""

    name: str
    id: str | None = None
    rank: int = 0
    twin: int = 0


def plugins(company: Company, day: date) -> list[dict[str, Any]]:
    """Build the rows of a day, by name; on many days there are none."""
    if day < _SINCE or day.weekday() >= _SATURDAY or day.toordinal() % _SILENT == 0:
        return []
    rows = [
        row
        for index in range(company.options.plugins + 1)
        for row in _rows(company, day, index)
    ]
    return sorted(rows, key=lambda row: str(row["plugin_name"]))


def _rows(company: Company, day: date, index: int) -> list[dict[str, Any]]:
    """Build the rows of one name: several where the API hides which plugin each is."""
    if index == company.options.plugins:
        twins = 2 if company.active_count(day) else 0
        return [_row(company, day, _Plugin(_BUCKET, twin=twin)) for twin in range(twins)]
    if not use(company, day, "plugins", index)[0]:
        return []
    names = NAMES["plugins"]
    suffix = f"-{index // len(names) + 1}" if index >= len(names) else ""
    name = names[index % len(names)] + suffix
    if index % _TWINS == _TWINS - 1:
        twins = 1 + day.toordinal() % _TWINS
        return [
            _row(company, day, _Plugin(name, rank=index, twin=twin))
            for twin in range(twins)
        ]
    official = f"{name}@claude-plugins-official"
    return [_row(company, day, _Plugin(name, official, rank=index))]


def _row(company: Company, day: date, plugin: _Plugin) -> dict[str, Any]:
    kind = f"plugins/{plugin.name}/{plugin.twin}"
    people, draw = use(company, day, kind, plugin.rank)
    people = max(1, people)
    sessions = "distinct_session_plugin_used_count"
    row = {
        "claude_code_metrics": {sessions: draw.distinct(3 * people)},
        "cowork_metrics": {sessions: draw.distinct(2 * people)},
        "distinct_user_count": people,
        "install_count": None if draw.blind else draw.upto(people),
        # The twin sets the last digit, so that no two rows of a name are equal.
        "invocation_count": 10 * draw.some(6 * people) + plugin.twin,
        "plugin_id": plugin.id,
        "plugin_name": plugin.name,
    }
    if unified_reported(day) and plugin.rank % 5 != 4:
        row["chat_cowork_unified_metrics"] = (
            None if plugin.twin == 1 else {sessions: draw.distinct(people)}
        )
    return row
