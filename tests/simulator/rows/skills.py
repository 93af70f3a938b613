"""Rows of `skills`: one skill on one day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tests.simulator.people import NAMES
from tests.simulator.randomness import Draw, tagged_id

from .usage import office_metrics, unified_reported, use

if TYPE_CHECKING:
    from tests.simulator.company import Company

_SPEND_SINCE = date(2026, 1, 19)
_MICRO = 1_000_000
_STATUSES = ("organization", "private", "public", None)


def skills(company: Company, day: date) -> list[dict[str, Any]]:
    """Build the rows of a day, by name, with the bucket of skills without one."""
    rows = [_row(company, day, index) for index in range(company.options.skills + 1)]
    return sorted((row for row in rows if row), key=lambda row: str(row["skill_name"]))


def _name(company: Company, index: int) -> tuple[str, str | None]:
    """Name a skill: readably, or by an opaque id with or without a display name."""
    if index == company.options.skills:
        return "unknown", "Unknown skill"
    kind, place = index % 3, index // 3
    readable, displays = NAMES["skills"], NAMES["skill_displays"]
    if kind == 0 and place < len(readable):
        return readable[place], None
    return tagged_id("skill", company.seed, index), None if kind == 1 else displays[
        place % len(displays)
    ]


def _row(company: Company, day: date, index: int) -> dict[str, Any] | None:
    people, draw = use(company, day, "skills", index)
    if not people:
        return None
    uses = people + draw.upto(9 * people)
    name, display = _name(company, index)
    status = _STATUSES[index % len(_STATUSES)]
    spending = day >= _SPEND_SINCE and not draw.blind
    # Chat has no attribution by request, so what is used there alone has no list price.
    price = _cents(draw, uses) if spending and index % 5 != 4 else None
    spend = _cents(draw, uses // 2) if spending else None
    conversations = "distinct_conversation_skill_used_count"
    sessions = "distinct_session_skill_used_count"
    row = {
        "attributed_list_price": price,
        "chat_metrics": {conversations: draw.distinct(uses)},
        "claude_code_metrics": {sessions: draw.distinct(uses // 2)},
        "cowork_metrics": {sessions: draw.distinct(uses // 3)},
        "currency": "USD" if price or spend else None,
        "distinct_user_count": people,
        "enable_count": None if status is None else draw.upto(people),
        "estimated_overage_spend": spend,
        "invocation_count": None if draw.blind else uses,
        "office_metrics": office_metrics(draw, sessions, uses // 2),
        "share_status": status,
        "skill_display_name": display,
        "skill_name": name,
    }
    if unified_reported(day) and index % 7 != 6:
        row["chat_cowork_unified_metrics"] = (
            None
            if index % 4 == 3
            else {
                "chat": {conversations: draw.distinct(uses)},
                "sessions": {sessions: draw.distinct(uses)},
            }
        )
    return row


def _cents(draw: Draw, uses: int) -> str:
    """Draw an amount, in cents with six fractional digits."""
    amount = draw.upto(uses * 97 * _MICRO)
    return f"{amount // _MICRO}.{amount % _MICRO:06d}"
