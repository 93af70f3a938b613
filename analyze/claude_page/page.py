"""Puts figures and cards together and writes the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jinja2

from claude_page import adoption, code, habit, spend, trust, used, words
from claude_page.drawing import draw
from claude_page.figures import figures
from claude_page.spans import Calendar, chosen, ranges

if TYPE_CHECKING:
    from claude_page.cards import Card
    from claude_page.marts import Marts

#: The streams whose days make the ranges.
STREAMS = ("adoption", "user_summaries", "cost", "usage")


@dataclass(frozen=True)
class Options:
    """What the reader of a page may want otherwise."""

    title: str | None = None
    #: `seat` or `usage`: changes words only.
    plan: str | None = None
    #: Teams with fewer people are folded into one row.
    least_team: int = 5
    #: Days after which a stream is said to be behind.
    late_after: int = 5


def render(marts: Marts, options: Options) -> str:
    """Return the page.

    Args:
        marts: The rows of one organisation.
        options: Title, plan and thresholds.

    Returns:
        HTML that needs no other file.
    """
    calendar = Calendar(marts)
    offered = ranges(calendar.whole(STREAMS))
    sections: dict[str, list[Card]] = {
        "Adoption": adoption.cards(marts, calendar, offered),
        "Habit": habit.cards(marts, calendar, offered),
        "Use": used.cards(marts),
        "Claude Code": code.cards(marts, calendar, offered, options.least_team),
        "Spend": spend.cards(marts, calendar, offered, options.plan),
        "Data": trust.cards(marts, calendar, offered),
    }
    read = [row["last_read_at"] for row in marts["freshness"] if row["last_read_at"]]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("claude_page", "template"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("page.html").render(
        title=options.title or marts.organization or "Claude",
        ranges=list(offered),
        chosen=chosen(offered),
        whole=calendar.whole(STREAMS),
        figures=figures(marts, calendar),
        sections={name: cards for name, cards in sections.items() if cards},
        read_at=max(read, default=None),
        complete=_complete(calendar),
        warnings=trust.warnings(marts, options.late_after),
        not_loaded=trust.not_loaded(marts),
        draw=draw,
        words=words,
    )


def _complete(calendar: Calendar) -> list[str]:
    """Return up to which days there are figures, as parts of a sentence."""
    found = []
    for stream, title in (("user_summaries", "activity"), ("cost", "cost")):
        day = calendar.last_complete(stream)
        if day:
            found.append(f"{words.day(day)} ({title})")
    settled = calendar.settled_up_to("cost")
    if settled:
        found[-1] = f"{found[-1][:-1]}, settled up to {words.day(settled)})"
    return found
