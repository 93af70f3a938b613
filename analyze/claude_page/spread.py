"""The card of how spend is spread over people, without names."""

from __future__ import annotations

import itertools
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from claude_page import words
from claude_page.cards import OTHER, SLATES, Bar, Card, Part
from claude_page.figures import dollars, last_full_month

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from claude_page.database import Row
    from claude_page.marts import Marts
    from claude_page.spans import Calendar

#: How many equal steps of spend users are counted in.
STEPS = 8


def card(marts: Marts, calendar: Calendar) -> Card:
    """Return the card of how spend is spread over people."""
    month = last_full_month(calendar)
    title = "Few or many?"
    says = (
        "How many users spent how much in the last full month, without names. Users without"
        " metered spend are not in it."
    )
    if month is None:
        return Card(title, says, [Part(words="No full month of cost has been read.")])
    row = next((m for m in dollars(marts["months"]) if m["month_start"] == month), None)
    amounts = [
        found["cost_usd"]
        for found in marts["spenders"]
        if found["cost_month_start"] == month
    ]
    if row is None or row["spending_user_count"] is None:
        return Card(title, says, [Part(words=f"{words.month(month)} is not complete.")])
    parts, notes = [], []
    if row["median_cost_per_spender"] is None:
        parts.append(
            Part(words=f"{words.month(month)}: not shown for fewer than 10 such users.")
        )
    else:
        parts.append(Part(f"Users by spend, {words.month(month)}", bars=histogram(amounts)))
        notes.append(
            f"Half of the {words.count(row['spending_user_count'])} users spent"
            f" {words.money(row['median_cost_per_spender'])} or less, one in ten more than"
            f" {words.money(row['p90_cost_per_spender'])}."
        )
    bars = whose(marts, month, row)
    if bars:
        parts.append(Part("Whose spend it is", bars=bars))
    return Card(title, says, parts, notes, is_tall=not marts["limits"])


def histogram(amounts: Sequence[Decimal]) -> list[Bar]:
    """Return how many amounts lie in each of some equal steps; the last step is open."""
    ordered = sorted(amounts)
    high = ordered[(len(ordered) - 1) * 19 // 20]
    step = next(step for step in _steps() if high <= STEPS * step)
    counts = Counter(min(int(amount / step), STEPS) for amount in ordered)
    widest = max(counts.values())
    bars = []
    for place in range(min(max(counts), STEPS) + 1):
        lower, upper = _edge(place * step, step), _edge((place + 1) * step, step)
        name = f"{lower} and more" if place == STEPS else f"{lower} to {upper}"
        share = counts[place] / widest
        bars.append(Bar(name, words.count(counts[place]), [(share, SLATES[1])]))
    return bars


def _steps() -> Iterator[Decimal]:
    """Yield 1, 2 and 5 cents, 10, 20 and 50, and so on."""
    for zeros in itertools.count():
        for digit in (1, 2, 5):
            yield digit * Decimal(10) ** (zeros - 2)


def _edge(value: Decimal, step: Decimal) -> str:
    return f"${value:,.{0 if step >= 1 else 2}f}"


def whose(marts: Marts, month: date, row: Row) -> list[Bar]:
    """Return whose spend a month was: the tenth who spend most, others, nobody."""
    found = {
        actor["actors"]: actor["cost_usd"]
        for actor in dollars(marts["actors"])
        if actor["month_start"] == month and actor["cost_usd"]
    }
    users, top = found.get("users"), row["top_decile_share"]
    parts = [("Users", users, SLATES[0])]
    if users and top is not None:
        most = users * Decimal(top)
        parts = [
            ("Users, top tenth", most, SLATES[0]),
            ("All other users", users - most, SLATES[1]),
        ]
    parts += [
        ("Services and keys", found.get("others"), SLATES[2]),
        ("Nobody named", found.get("nobody"), OTHER),
    ]
    total = sum(found.values())
    return [
        Bar(
            name,
            words.percent(100 * amount / total),
            [(float(amount / total), colour)],
            words.money(amount),
        )
        for name, amount, colour in parts
        if amount
    ]
