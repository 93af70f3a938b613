"""What skills, connectors, plugins and artifacts share: how many people used one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulator.people import LAUNCHES, UNIFIED
from tests.simulator.randomness import Draw

if TYPE_CHECKING:
    from datetime import date

    from tests.simulator.company import Company

OFFICE_APPS = ("excel", "outlook", "powerpoint", "word")


def use(company: Company, day: date, kind: str, index: int) -> tuple[int, Draw]:
    """Draw how many people used an entity, 0 on many days; the rest is drawn after."""
    # The first of a kind are popular, the last ones idle most of the time.
    share = 0.6 / (1 + index)
    draw = Draw(company.seed, kind, index, day, blind=(index + day.toordinal()) % 13 == 0)
    active = company.active_count(day)
    if draw.fraction() > min(0.97, active * share):
        return 0, draw
    return draw.some(max(1, int(active * share))), draw


def office_metrics(draw: Draw, name: str, most: int) -> dict[str, dict[str, int | None]]:
    """Build one distinct count for each Office app."""
    return {
        app: {name: draw.distinct(most // part)}
        for part, app in enumerate(OFFICE_APPS, start=2)
    }


def unified_reported(day: date) -> bool:
    """Tell whether answers have a block for Chat and Cowork unified."""
    return day >= LAUNCHES[UNIFIED]
