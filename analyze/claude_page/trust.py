"""Can this be believed? The header's lines about streams, and the strip of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claude_page import words
from claude_page.cards import SLATES, Card, Key, Part, Stretch, Strip
from claude_page.drawing import STATES
from claude_page.spans import runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from claude_page.marts import Marts
    from claude_page.spans import Calendar, Span

#: What the page shows of streams that need not be loaded.
SHOWN_OF = {
    "adoption": "growth against seats",
    "org_summaries": "active users and seats",
    "user_summaries": "people, habit and Claude Code",
    "cost": "spend",
    "usage": "tokens",
    "skills": "skills",
    "connectors": "connectors",
    "plugins": "plugins",
    "artifacts": "artifacts",
    "chat_projects": "chat projects",
    "members": "members without activity",
    "team_summaries": "teams",
    "spend_limits": "spend limits",
}


def warnings(marts: Marts, late_after: int) -> list[str]:
    """Return a sentence for each stream that is late or has gaps."""
    found = []
    for row in sorted(marts["freshness"], key=lambda row: row["stream"]):
        stream = row["stream"]
        if row["last_read_day"] is None:
            found.append(f"{stream}: switched on, and never read.")
            continue
        if row["days_behind"] is None:
            found.append(f"{stream}: no day is complete yet.")
        elif row["days_behind"] > late_after:
            found.append(
                f"{stream}: {words.plural(row['days_behind'], 'day')} behind, complete up to"
                f" {words.day(row['last_complete_day'])}."
            )
        if row["missing_day_count"]:
            days = words.plural(row["missing_day_count"], "day")
            found.append(f"{stream}: {days} not read in between.")
    return found


def not_loaded(marts: Marts) -> str:
    """Return what the page leaves out because it is not loaded, in words."""
    loaded = {row["stream"] for row in marts["freshness"]}
    missing = [shown for stream, shown in SHOWN_OF.items() if stream not in loaded]
    return f"Not loaded, so not on this page: {words.listed(missing)}." if missing else ""


def cards(calendar: Calendar, ranges: Mapping[str, Span]) -> list[Card]:
    """Return the card of what is known of each day."""
    if not calendar.streams:
        return []
    rows = calendar.streams
    stretches = [
        Stretch(stream, span, str(state))
        for stream in rows
        for span, state in runs(
            sorted(calendar.states(stream)),
            lambda day, stream=stream: calendar.state(stream, day),  # type: ignore[misc]
        )
    ]
    keys = [
        Key("Settled", SLATES[0]),
        Key("Read, and nothing there", STATES["empty"]),
        Key("May be revised", STATES["may be revised"]),
        Key("Not over when read", STATES["filling"]),
        Key("Not read", "", shape="gap"),
    ]
    charts = {name: Strip(span, rows, stretches, keys) for name, span in ranges.items()}
    return [
        Card(
            "Can I believe this?",
            "What is known of each day of each stream that is loaded. Activity settles 4 days"
            " after a day, cost and usage after 31.",
            [Part(charts=charts)],
            columns=3,
        )
    ]
