"""The cards of money and tokens: what drives the cost, who spends, how well caches work."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from claude_page import words
from claude_page.cards import (
    ALIASES,
    INK,
    OTHER,
    PLUMS,
    PRODUCTS,
    SANDS,
    SLATES,
    Bar,
    Card,
    Chart,
    Key,
    Layer,
    Line,
    Part,
)
from claude_page.figures import dollars, last_full_month
from claude_page.timeline import Measure, day_hover, latest, stacked, young

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
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
#: How many equal steps of spend users are counted in.
STEPS = 8
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
        found += [by_day(marts, calendar, ranges, plan), spread(marts, calendar)]
    if calendar.states("usage"):
        found.append(tokens(marts, calendar, ranges))
    return [*found, *limits(marts)]


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


def spread(marts: Marts, calendar: Calendar) -> Card:
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


def limits(marts: Marts) -> list[Card]:
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
