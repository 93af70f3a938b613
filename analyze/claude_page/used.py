"""The card of what is used: skills, connectors, plugins, artifacts, projects."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from claude_page import words
from claude_page.cards import SLATES, Bar, Card, Key, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claude_page.database import Row
    from claude_page.marts import Marts

KINDS = {
    "skill": "Skills, invocations",
    "connector": "Connectors, calls",
    "plugin": "Plugins, invocations",
    "artifact": "Artifacts created",
    "project": "Chat projects, messages",
}
#: Where connectors' calls are told apart.
CALLS = {
    "read_call_count": ("Read", SLATES[2]),
    "write_call_count": ("Write", "#b4532a"),
    "unclassified_call_count": ("Not classified", SLATES[3]),
}
#: Days on which counts began to mean something else, by kind, and what changed.
BREAKS = {
    "connector": (
        (date(2026, 6, 2), "Reads and writes are told apart everywhere since 2 June 2026."),
        (date(2026, 7, 1), "Access of connectors is told apart since 1 July 2026."),
    ),
    "skill": ((date(2026, 6, 18), "Office states skills' cost since 18 June 2026."),),
    "artifact": (
        (date(2026, 8, 17), "Artifacts of Code and Cowork are in it since 17 August 2026."),
    ),
}


def cards(marts: Marts) -> list[Card]:
    """Return the card, if anything was used."""
    parts, notes = [], []
    for kind, title in KINDS.items():
        rows = sorted(
            (row for row in marts["things"] if row["kind"] == kind),
            key=lambda row: (row["is_bucket"], row["use_rank"]),
        )
        if rows:
            keys = [Key(*call) for call in CALLS.values()] if kind == "connector" else []
            parts.append(Part(title, keys=keys, bars=bars(kind, rows)))
            notes += _notes(kind, rows)
    if not parts:
        return []
    spans = {(row["from_date"], row["to_date"]) for row in marts["things"]}
    first, last = min(spans)[0], max(spans)[1]
    return [
        Card(
            "What is used?",
            f"Uses in the last 28 days read, {words.short_day(first)} to {words.day(last)}:"
            " the most used of each kind. The peak is the people on the day that had"
            " most of them, not the people of the 28 days. Units differ and are not added.",
            parts,
            notes,
            columns=3,
        )
    ]


def bars(kind: str, rows: Sequence[Row]) -> list[Bar]:
    """Return a bar for each thing; collecting buckets come last and are faint."""
    widest = max((row["use_count"] or 0 for row in rows), default=0) or 1
    names = [row["thing_name"] for row in rows]
    found = []
    for row in rows:
        uses = row["use_count"]
        users = row["user_count_28"]
        people = f"{words.count(users)} people" if users is not None else _peak(row)
        found.append(
            Bar(
                _name(row, is_unique=names.count(row["thing_name"]) == 1),
                words.NOTHING if uses is None else words.count(uses),
                _parts(kind, row, widest),
                people,
                is_faint=row["is_bucket"],
            )
        )
    return found


def _name(row: Row, *, is_unique: bool) -> str:
    """Return a name that tells a thing apart; nothing is merged by name."""
    if row["kind"] == "artifact":
        return str(row["thing_name"]).removeprefix("application/vnd.ant.")
    name = str(row["thing_name"])
    return name if is_unique else f"{name} ({row['thing_id'].rpartition(':')[2]})"


def _peak(row: Row) -> str:
    peak = row["most_users_of_a_day"]
    return "" if peak is None else f"peak {words.count(peak)}"


def _parts(kind: str, row: Row, widest: int) -> list[tuple[float, str]]:
    if kind == "connector":
        counts = [(row[column] or 0, colour) for column, (_, colour) in CALLS.items()]
        return [(count / widest, colour) for count, colour in counts if count]
    return [((row["use_count"] or 0) / widest, SLATES[1])]


def _notes(kind: str, rows: Sequence[Row]) -> list[str]:
    title = KINDS[kind].partition(",")[0]
    first = min(row["from_date"] for row in rows)
    notes = [note for day, note in BREAKS.get(kind, ()) if first < day]
    unread = max(row["unread_day_count"] for row in rows)
    if unread:
        notes.append(f"{title}: {words.plural(unread, 'day')} of the 28 not read.")
    if any(row["unknown_day_count"] for row in rows):
        notes.append(f"{title}: days without a count are in no sum.")
    return notes
