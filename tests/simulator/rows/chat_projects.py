"""Rows of `apps/chat/projects`: one project on one day."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tests.simulator.options import FLOOR
from tests.simulator.people import NAMES
from tests.simulator.randomness import Draw, tagged_id

if TYPE_CHECKING:
    from datetime import date

    from tests.simulator.company import Company

_LIFE = (60, 500)
"""A project is in use for at least this many days, and at most that many more."""


def chat_projects(company: Company, day: date) -> list[dict[str, Any]]:
    """Build the rows of a day, by project id."""
    rows = [_row(company, day, index) for index in range(company.options.projects)]
    return sorted((row for row in rows if row), key=lambda row: str(row["project_id"]))


def _row(company: Company, day: date, index: int) -> dict[str, Any] | None:
    nature = Draw(company.seed, "project", index)
    created = datetime.combine(FLOOR, datetime.min.time(), timezone.utc) + timedelta(
        days=int(nature.fraction() * 400) - 120, seconds=int(nature.fraction() * 86_400)
    )
    ends = created.date() + timedelta(days=_LIFE[0] + nature.upto(_LIFE[1]))
    draw = Draw(
        company.seed,
        "chat_projects",
        index,
        day,
        blind=(index + day.toordinal()) % 17 == 0,
    )
    active = company.active_count(day)
    if not created.date() <= day < ends or not active or draw.fraction() < 0.3:
        return None
    messages = draw.some(12 + 3 * active)
    titles = NAMES["projects"]
    title = titles[index % len(titles)]
    forgotten = index % 6 == 5
    creator = company.people[int(nature.fraction() * len(company.people))]
    return {
        "created_at": None if forgotten else created.isoformat().replace("+00:00", "Z"),
        "created_by": None if forgotten or not creator.belongs(day) else creator.as_user(),
        "distinct_conversation_count": draw.distinct(messages),
        "distinct_user_count": min(messages, draw.some(1 + active // 4)),
        "message_count": messages,
        "project_id": tagged_id("claude_proj", company.seed, index),
        "project_name": title
        if index < len(titles)
        else f"{title} {index // len(titles) + 1}",
    }
