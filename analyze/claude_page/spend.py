"""The cards of money and tokens: what drives the cost, who spends, how well caches work."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from claude_page import limits, spread, words
from claude_page.cards import (
    ALIASES,
    INK,
    OTHER,
    PLUMS,
    PRODUCTS,
    SANDS,
    Card,
    Chart,
    Key,
    Layer,
    Line,
    Part,
)
from claude_page.figures import dollars
from claude_page.timeline import Measure, day_hover, latest, stacked, young

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from claude_page.database import Row
    from claude_page.marts import Marts
    from claude_page.spans import Calendar, Span

TOKENS = {
    "cache_read_tokens": ("Cache reads", SANDS[3]),
    "cache_write_5m_tokens": ("Cache writes, 5 min", SANDS[2]),
    "cache_write_1h_tokens": ("Cache writes, 1 h", SANDS[1]),
    "uncached_input_tokens": ("Uncached input", SANDS[0]),
    "output_tokens": ("Output", "#26241f"),
}
DOLLARS = Measure("US dollars", words.money, "$~s")
PLANS = {
    "seat": "On a seat-based plan it is extra usage only: seats are paid apart.",
    "usage": "On a usage-based plan it is all usage.",
    None: "On a seat-based plan it is extra usage only; the API does not say which.",
}


def cards(
    marts: Marts, calendar: Calendar, ranges: Mapping[str, Span], plan: str | None
) -> list[Card]:
    """Return the cards of what is loaded of cost and usage."""
    found = []
    if calendar.states("cost"):
        found += [by_day(marts, calendar, ranges, plan), spread.card(marts, calendar)]
    if calendar.states("usage"):
        found.append(tokens(marts, calendar, ranges))
    return [*found, *limits.cards(marts)]


def sums(
    rows: Iterable[Row],
    column: str,
    days: Iterable[date],
    group: str,
) -> dict[str, dict[date, Any]]:
    """Return sums by group and day; a day that counts and has no row has zero.

    Args:
        rows: Rows of spend.
        column: What is added up.
        days: The days that count.
        group: The column to group by.

    Returns:
        For each group a value for each of the days.
    """
    counted = list(days)
    found: dict[str, dict[date, Any]] = defaultdict(lambda: dict.fromkeys(counted, 0))
    for row in rows:
        key = "no model" if row[group] is None else str(row[group])
        key = ALIASES.get(key, key)
        values = found[key]
        if row[column] is not None and row["date"] in values:
            values[row["date"]] += row[column]
    return dict(found)


def by_day(
    marts: Marts, calendar: Calendar, ranges: Mapping[str, Span], plan: str | None
) -> Card:
    """Return the card of spend by day or week, by product and by model."""
    rows = dollars(marts["spend"])
    days = [day for day in calendar.states("cost") if calendar.is_complete("cost", day)]
    listed = dict.fromkeys(days, Decimal())
    for row in rows:
        if row["date"] in listed and row["list_cost_usd"] is not None:
            listed[row["date"]] += row["list_cost_usd"]
    price = Line("At list prices", INK, listed, 1.2, is_step=True)
    stacks = {
        "By product": _products(sums(rows, "cost_usd", days, "product_family")),
        "By model": _models(sums(rows, "cost_usd", days, "model")),
    }
    parts = [
        Part(
            title,
            {
                name: stacked(calendar, "cost", span, DOLLARS, stack, [price])
                for name, span in ranges.items()
            },
        )
        for title, stack in stacks.items()
    ]
    notes = [
        "Hatched: may still be revised, because cost settles after 31 days.",
        "Days and weeks that are not over are left blank.",
    ]
    unknown = sum(row["unknown_row_count"] for row in rows)
    if unknown:
        notes.append(f"{words.plural(unknown, 'row')} without an amount are in no sum.")
    others = {row["currency"] for row in marts["spend"]} - {"USD", None}
    if others:
        notes.append(f"Amounts in {words.listed(sorted(others))} are not shown.")
    return Card(
        "What drives the cost?",
        "Metered spend after discounts and before credits. The gap to the line is the"
        f" discount. It is not the invoice: seats and taxes are outside. {PLANS[plan]}",
        parts,
        notes,
        columns=2,
    )


def _products(groups: Mapping[str, Mapping[date, Any]]) -> list[Layer]:
    """Return a layer for each product with a colour of its own, and one for all others."""
    ordered = _ordered(groups)
    layers = [
        Layer(words.name(key), PRODUCTS[key], values)
        for key, values in ordered
        if key in PRODUCTS
    ]
    rest = [(key, values) for key, values in ordered if key not in PRODUCTS]
    return [*layers, *_rest("Others and API", rest)]


def _models(groups: Mapping[str, Mapping[date, Any]]) -> list[Layer]:
    """Return a layer for each of the models that cost most, and one for all others."""
    ordered = _ordered(groups)
    layers = [
        Layer(key, colour, values)
        for (key, values), colour in zip(ordered, PLUMS, strict=False)
    ]
    return [*layers, *_rest("Other models", ordered[len(PLUMS) :])]


def _rest(title: str, groups: Sequence[tuple[str, Mapping[date, Any]]]) -> list[Layer]:
    if not groups:
        return []
    days = groups[0][1]
    values = {day: sum(values[day] for _, values in groups) for day in days}
    return [Layer(title, OTHER, values)]


def _ordered(
    groups: Mapping[str, Mapping[date, Any]],
) -> list[tuple[str, Mapping[date, Any]]]:
    """Return groups by their sum, the largest first, without those of nothing."""
    totals = {key: sum(values.values()) for key, values in groups.items()}
    return sorted(
        ((key, values) for key, values in groups.items() if totals[key]),
        key=lambda item: (-totals[item[0]], item[0]),
    )


def tokens(marts: Marts, calendar: Calendar, ranges: Mapping[str, Span]) -> Card:
    """Return the card of tokens by kind, and how many of them came from caches."""
    days = [day for day in calendar.states("usage") if calendar.is_complete("usage", day)]
    counts: dict[str, dict[date, Any]] = {
        column: dict.fromkeys(days, 0) for column in TOKENS
    }
    for row in marts["spend"]:
        for column, values in counts.items():
            if row["date"] in values and row[column] is not None:
                values[row["date"]] += row[column]
    stack = [
        Layer(name, colour, counts[column])
        for column, (name, colour) in TOKENS.items()
        if any(counts[column].values())
    ]
    share = Line("Cache reads, share of input", INK, _cache_share(counts, days))
    shares = {
        name: Chart(
            span=span,
            unit="% of input tokens a day",
            hover={
                day: day_hover(day, [share], calendar, "usage", words.percent)
                for day in span
            },
            lines=[share],
            gaps=frozenset(day for day in span if day not in share.values),
            young=young(calendar, "usage", span),
            top=100,
            keys=[Key(share.name, INK, latest(share.values, words.percent), "line")],
        )
        for name, span in ranges.items()
    }
    kinds = {
        name: stacked(calendar, "usage", span, Measure("tokens", words.short), stack)
        for name, span in ranges.items()
    }
    return Card(
        "How well are caches used?",
        "Tokens by kind, and the share of input tokens that came from the cache. Output is"
        " not in the share, and it is no share of requests.",
        [Part(charts=kinds), Part(charts=shares)],
        columns=2,
    )


def _cache_share(
    counts: Mapping[str, Mapping[date, int]], days: Iterable[date]
) -> dict[date, float | None]:
    shares: dict[date, float | None] = {}
    for day in days:
        inputs = sum(v[day] for name, v in counts.items() if name != "output_tokens")
        shares[day] = 100 * counts["cache_read_tokens"][day] / inputs if inputs else None
    return shares
