"""Rows of `users`: one active user on one day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tests.simulator.company import ANY, CLAUDE_TAG, CLAUDE_TAG_LAUNCH
from tests.simulator.people import LAUNCHES, UNIFIED
from tests.simulator.randomness import Draw

from .user_metrics import chat, claude_code, cowork, design, office, science

if TYPE_CHECKING:
    from tests.simulator.company import Company
    from tests.simulator.people import Person

_LAST_ACTIVITY_SINCE = date(2026, 2, 2)
_COWORK_DETAIL_SINCE = date(2026, 3, 16)
_SOMETIMES = 31
"""On about one in so many days nothing distinct can be counted for a user."""


def users(company: Company, day: date) -> list[dict[str, Any]]:
    """Build the rows of a day, by e-mail address."""
    active = company.activity(day)
    return [
        _row(
            company,
            day,
            person,
            {product for product, people in active.items() if people >> place & 1},
        )
        for place, person in enumerate(company.people)
        if active[ANY] >> place & 1
    ]


def _row(company: Company, day: date, person: Person, used: set[str]) -> dict[str, Any]:
    blind = (person.index + day.toordinal()) % _SOMETIMES == 0
    draw = Draw(company.seed, "users", person.index, day, blind=blind)
    messages = {product: draw.some(40) if product in used else 0 for product in LAUNCHES}
    detailed = day >= _COWORK_DETAIL_SINCE
    row = {
        "chat_metrics": chat(draw, messages["chat"]),
        "claude_code_metrics": claude_code(draw, messages["claude_code"]),
        "cowork_metrics": cowork(draw, messages["cowork"], detailed=detailed),
        "design_metrics": design(draw, messages["claude_design"]),
        # Only rows aggregated over several users say how many those are.
        "distinct_user_count": None,
        "office_metrics": office(draw, messages["office_agent"]),
        "science_metrics": science(draw, messages["science"]),
        "user": person.as_user(),
        "web_search_count": draw.upto(messages["chat"]),
    }
    row.update(_optional(draw, day, person, used, messages[UNIFIED]))
    return row


def _optional(
    draw: Draw, day: date, person: Person, used: set[str], messages: int
) -> dict[str, Any]:
    """Build what is left out before its launch, and for a few users for good."""
    blocks: dict[str, Any] = {}
    if day >= LAUNCHES[UNIFIED] and (messages or person.index % 7 != 3):
        has_unified = bool(messages) or person.index % 2 == 0
        blocks["chat_cowork_unified_metrics"] = (
            {
                "chat": chat(draw, messages),
                "sessions": cowork(draw, messages // 2, detailed=True),
            }
            if has_unified
            else None
        )
    if day >= CLAUDE_TAG_LAUNCH and person.index % 7 != 5:
        tagged = CLAUDE_TAG in used
        blocks["claude_tag_metrics"] = (
            {
                "active_day_count": None if draw.blind else int(tagged),
                "active_message_count": None if draw.blind else draw.some(9) * tagged,
            }
            if person.linked
            else None
        )
    if day >= _LAST_ACTIVITY_SINCE and person.index % 11 != 1:
        blocks["last_activity_date"] = None if draw.blind else day.isoformat()
    return blocks
