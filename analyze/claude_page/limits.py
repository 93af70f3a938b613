"""The card of spend limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claude_page import words
from claude_page.cards import SLATES, Bar, Card, Part

if TYPE_CHECKING:
    from claude_page.marts import Marts


def cards(marts: Marts) -> list[Card]:
    """Return the card of spend limits, if they are loaded."""
    order = (
        "over",
        "high",
        "raised",
        "below",
        "included usage only",
        "unlimited",
        "unknown",
    )
    titles = {
        "over": "Over the limit",
        "high": "90% and more",
        "raised": "75% to 90%",
        "below": "Below 75%",
        "included usage only": "Included usage only",
        "unlimited": "No limit",
        "unknown": "Spend not known",
    }
    rows = marts["limits"]
    if not rows:
        return []
    colours = dict(zip(order, ("#8f2d12", "#c46a33", "#e0b184"), strict=False))
    parts = []
    for period in sorted({row["period"] or "other" for row in rows}):
        counts = {
            row["state"]: row["count"]
            for row in rows
            if (row["period"] or "other") == period
        }
        widest = max(counts.values())
        bars = [
            Bar(
                titles[state],
                words.count(counts[state]),
                [(counts[state] / widest, colours.get(state, SLATES[2]))],
            )
            for state in order
            if state in counts
        ]
        parts.append(Part(f"{words.name(period)} limits", bars=bars))
    pending = marts["requests"][0] if marts["requests"] else None
    notes = []
    if pending is not None and pending["count"]:
        waiting = words.plural(pending["days_waiting"] or 0, "day")
        notes.append(
            f"{words.plural(pending['count'], 'request')} for more pending, the longest for"
            f" {waiting}."
        )
    elif "requests" in marts.built:
        notes.append("No request for more is pending.")
    return [
        Card(
            "Who will be stopped?",
            "Members by how much of their spend limit they have used in the period so far,"
            " as of the latest snapshot. Not known: the API says 0 while cost says more.",
            parts,
            notes,
        )
    ]
