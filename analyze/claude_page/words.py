"""Numbers and days as people read them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

#: What stands where there is no figure.
NOTHING = "–"

#: From where on cents, and tenths of a per cent, say nothing.
LARGE, TWO_DIGITS = 100, 10

#: The products, product families and streams of the API, as people call them.
NAMES = {
    "all": "All products",
    "chat_cowork": "Chat and Cowork",
    "chat": "Chat",
    "cowork": "Cowork",
    "chat_cowork_unified": "Chat and Cowork, unified",
    "claude_code": "Claude Code",
    "office": "Office",
    "office_agent": "Office",
    "design": "Design",
    "claude_design": "Design",
    "science": "Science",
    "claude_tag": "Claude Tag",
    "(none)": "No product named",
}


def name(key: str) -> str:
    """Return what people call a product, or its key."""
    return NAMES.get(key, key.replace("_", " ").replace("-", " ").capitalize())


def count(value: float | Decimal) -> str:
    """Return a number with separators: 12,345."""
    return f"{value:,.0f}"


def short(value: float | Decimal) -> str:
    """Return a large number in three digits: 1.23 M."""
    number = float(value)
    for size, unit in ((1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if abs(number) >= size:
            return f"{number / (1e3 if unit == 'k' else size):.3g} {unit}"
    return count(number)


def money(value: Decimal | float) -> str:
    """Return dollars: $1,234 from 100 on, else with cents."""
    amount = Decimal(value)
    if 0 < amount < Decimal("0.005"):
        return "under $0.01"
    sign = "−" if amount < 0 else ""
    digits = 0 if abs(amount) >= LARGE else 2
    return f"{sign}${abs(amount):,.{digits}f}"


def percent(value: float | Decimal) -> str:
    """Return a share of a hundred, without digits that say nothing."""
    digits = 1 if 0 < abs(float(value)) < TWO_DIGITS else 0
    return f"{value:.{digits}f}%"


def signed(value: float | Decimal, text: str) -> str:
    """Return a change with an arrow."""
    arrow = "▲" if value > 0 else "▼" if value < 0 else "="
    return f"{arrow} {text}"


def day(value: date) -> str:
    """Return a day: 25 Nov 2026."""
    return f"{value.day} {value:%b %Y}"


def short_day(value: date) -> str:
    """Return a day of a year that is known: 25 Nov."""
    return f"{value.day} {value:%b}"


def weekday(value: date) -> str:
    """Return a day with its weekday: Wed 25 Nov 2026."""
    return f"{value:%a} {day(value)}"


def month(value: date) -> str:
    """Return a month: November 2026."""
    return f"{value:%B %Y}"


def listed(parts: Iterable[str]) -> str:
    """Return a list as a sentence has it: a, b and c."""
    items = list(parts)
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def plural(number: int, thing: str) -> str:
    """Return a number of things: 1 day, 2 days."""
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"
