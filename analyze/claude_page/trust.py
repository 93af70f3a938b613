"""Can this be believed? The header's lines about streams, and the strip of days."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from claude_page import words
from claude_page.cards import SLATES, Card, Key, Part, Stretch, Strip, Table
from claude_page.drawing import STATES
from claude_page.spans import runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from claude_page.database import Row
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
    """Return what is late or has gaps, each with the streams that it is true of."""
    found: dict[str, list[str]] = {}
    for row in sorted(marts["freshness"], key=lambda row: str(row["stream"])):
        for trouble in _troubles(row, late_after):
            found.setdefault(trouble, []).append(row["stream"])
    return [f"{trouble}: {words.listed(streams)}" for trouble, streams in found.items()]


def _troubles(row: Row, late_after: int) -> Iterator[str]:
    if row["last_read_day"] is None:
        yield "Never read"
        return
    if row["days_behind"] is None:
        yield "No complete day yet"
    elif row["days_behind"] > late_after:
        day = words.day(row["last_complete_day"])
        yield f"{words.plural(row['days_behind'], 'day')} behind, complete up to {day}"
    if row["missing_day_count"]:
        yield f"{words.plural(row['missing_day_count'], 'day')} not read in between"


def not_loaded(marts: Marts) -> str:
    """Return what the page leaves out because it is not loaded, in words."""
    loaded = {row["stream"] for row in marts["freshness"]}
    missing = [shown for stream, shown in SHOWN_OF.items() if stream not in loaded]
    return f"Not loaded, so not on this page: {words.listed(missing)}." if missing else ""


def cards(marts: Marts, calendar: Calendar, ranges: Mapping[str, Span]) -> list[Card]:
    """Return the card of what is known of each day."""
    if not calendar.streams:
        return []
    rows = calendar.streams
    stretches = [
        Stretch(stream, span, str(state))
        for stream in rows
        for span, state in runs(
            sorted(calendar.states(stream)),
            partial(calendar.state, stream),
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
            "What is known of each day of each stream that is loaded. Activity settles 4"
            " days after a day, cost and usage after 31.",
            [Part(charts=charts), Part(table=_streams(marts))],
            columns=2,
        )
    ]


def _streams(marts: Marts) -> Table:
    columns = ["Stream", "Complete to", "Days unread", "Days empty"]
    rows = [
        [
            row["stream"],
            words.short_day(day) if (day := row["last_complete_day"]) else words.NOTHING,
            *(
                words.NOTHING if row[name] is None else words.count(row[name])
                for name in ("missing_day_count", "empty_day_count")
            ),
        ]
        for row in sorted(marts["freshness"], key=lambda row: str(row["stream"]))
    ]
    return Table(columns, rows)
