"""Rows of `connectors`: one connector on one day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tests.simulator.people import NAMES
from tests.simulator.randomness import tagged_id

from .usage import office_metrics, unified_reported, use

if TYPE_CHECKING:
    from tests.simulator.company import Company

_CALLS_SINCE = date(2026, 5, 29)
_MANAGED_SINCE = date(2026, 7, 1)


def connectors(company: Company, day: date) -> list[dict[str, Any]]:
    """Build the rows of a day, by name."""
    rows = [_row(company, day, index) for index in range(company.options.connectors)]
    return sorted((row for row in rows if row), key=lambda row: str(row["connector_name"]))


def _name(company: Company, index: int) -> tuple[str, str | None]:
    """Name a connector: readable, or an opaque id; display names are not unique."""
    place = index // 2
    readable, displays = NAMES["connectors"], NAMES["connector_displays"]
    if index % 2 == 0 and place < len(readable):
        return readable[place], None
    return tagged_id("mcpsrv", company.seed, index), None if index % 8 == 7 else displays[
        place % len(displays)
    ]


def _row(company: Company, day: date, index: int) -> dict[str, Any] | None:
    people, draw = use(company, day, "connectors", index)
    if not people:
        return None
    calls = people + draw.upto(20 * people)
    name, display = _name(company, index)
    counted = day >= _CALLS_SINCE and not draw.blind
    managed = day >= _MANAGED_SINCE and not draw.blind
    conversations = "distinct_conversation_connector_used_count"
    sessions = "distinct_session_connector_used_count"
    row = {
        "chat_metrics": {conversations: draw.distinct(calls)},
        "claude_code_metrics": {sessions: draw.distinct(calls // 2)},
        "connector_display_name": display,
        "connector_name": name,
        "cowork_metrics": {sessions: draw.distinct(calls // 3)},
        "distinct_user_count": people,
        "individual_auth_distinct_user_count": draw.upto(people) if managed else None,
        "managed_auth_distinct_user_count": draw.upto(people) if managed else None,
        "office_metrics": office_metrics(draw, sessions, calls // 2),
        "read_call_count": draw.upto(calls) if counted else None,
        "unclassified_call_count": draw.upto(calls) if counted else None,
        "write_call_count": draw.upto(calls // 3) if counted else None,
    }
    if unified_reported(day) and index % 5 != 4:
        row["chat_cowork_unified_metrics"] = (
            None
            if index % 4 == 3
            else {
                "chat": {conversations: draw.distinct(calls)},
                "sessions": {sessions: draw.distinct(calls)},
            }
        )
    return row
