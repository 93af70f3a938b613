"""The cards of money and tokens: what drives the cost, who spends, how well caches work."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from claude_page import words
from claude_page.cards import (
    ALIASES,
    INK,
    OTHER,
    PLUMS,
    SANDS,
    SLATES,
    Bar,
    Card,
    Chart,
    Key,
    Layer,
    Line,
    Part,
    product_colour,
)
from claude_page.figures import dollars, last_full_month
from claude_page.timeline import day_hover, latest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from claude_page.database import Row
    from claude_page.marts import Marts
    from claude_page.spans import Calendar, Span

TOKENS = {
    "cache_read_tokens": ("Cache reads", SANDS[3]),
    "cache_write_5m_tokens": ("Cache writes, 5 minutes", SANDS[2]),
    "cache_write_1h_tokens": ("Cache writes, 1 hour", SANDS[1]),
    "uncached_input_tokens": ("Input, uncached", SANDS[0]),
    "output_tokens": ("Output", "#7a2e1d"),
}
#: As many spenders show how spend is spread without showing who they are.
LEAST_SPENDERS = 10
PLANS = {
    "seat": "On a seat-based plan it is extra usage only: seats are paid apart.",
    "usage": "On a usage-based plan it is all usage.",
    None: "On a seat-based plan it is extra usage only; the API does not say which plan it is.",
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
        key = row[group]
        key = "no model" if key is None else ALIASES.get(key, key)
        if row[column] is not None and row["date"] in found[key]:
            found[key][row["date"]] += row[column]
    return dict(found)


def by_day(
    marts: Marts, calendar: Calendar, ranges: Mapping[str, Span], plan: str | None
) -> Card:
    """Return the card of spend by day, by product and by model."""
    rows = dollars(marts["spend"])
    days = [day for day in calendar.states("cost") if calendar.is_complete("cost", day)]
    listed = dict.fromkeys(days, Decimal())
    for row in rows:
        if row["date"] in listed and row["list_cost_usd"] is not None:
            listed[row["date"]] += row["list_cost_usd"]
    price = Line("At list prices", INK, listed, 1, is_step=True)
    products = _ordered(sums(rows, "cost_usd", days, "product_family"))
    models = _ordered(sums(rows, "cost_usd", days, "model"))
    stacks = {
        "By product": [
            Layer(words.name(key), product_colour(key), values) for key, values in products
        ],
        "By model": _folded(models, PLUMS),
    }
    parts = [
        Part(
            title,
            [
                Key(layer.name, layer.colour, _total(layer.values, ranges))
                for layer in stack
            ]
            + [Key(price.name, price.colour, _total(listed, ranges), "line")],
            {
                name: Chart(
                    span=span,
                    unit="US dollars a day",
                    hover={day: _hover(day, stack, price, calendar) for day in span},
                    stack=stack,
                    lines=[price],
                    gaps=frozenset(day for day in span if day not in listed),
                    young=frozenset(
                        day for day in listed if not calendar.is_settled("cost", day)
                    ),
                    format="$~s",
                )
                for name, span in ranges.items()
            },
        )
        for title, stack in stacks.items()
    ]
    notes = [
        "Hatched days may still be revised: cost settles after 31 days. A day that is not"
        " over is left blank. Sums in the legends are of all days loaded."
    ]
    unknown = sum(row["unknown_row_count"] for row in rows)
    if unknown:
        notes.append(f"{words.plural(unknown, 'row')} without an amount are in no sum.")
    others = {row["currency"] for row in marts["spend"]} - {"USD", None}
    if others:
        notes.append(f"Amounts in {words.listed(sorted(others))} are not shown.")
    return Card(
        "What drives the cost?",
        "Metered spend a day after discounts and before credits. The gap to the line is the"
        f" discount. It is not the invoice: seats and taxes are outside. {PLANS[plan]}",
        parts,
        notes,
        is_wide=True,
    )


def _hover(day: date, stack: Sequence[Layer], price: Line, calendar: Calendar) -> str:
    if calendar.state("cost", day) == "filling":
        return f"{words.weekday(day)}: not over when it was read"
    if not calendar.is_read("cost", day):
        return f"{words.weekday(day)}: not read"
    total = sum(layer.values.get(day) or 0 for layer in stack)
    first, *rest = day_hover(day, [*stack, price], calendar, "cost", words.money).split("\n")
    return "\n".join([first, f"Spend: {words.money(total)}", *rest])


def _ordered(groups: Mapping[str, Mapping[date, Any]]) -> list[tuple[str, Mapping[date, Any]]]:
    """Return groups by their sum, the largest first, without those of nothing."""
    totals = {key: sum(values.values()) for key, values in groups.items()}
    return sorted(
        ((key, values) for key, values in groups.items() if totals[key]),
        key=lambda item: (-totals[item[0]], item[0]),
    )


def _folded(
    groups: Sequence[tuple[str, Mapping[date, Any]]], colours: Sequence[str]
) -> list[Layer]:
    """Return a layer for each of the largest groups, and one for all others."""
    layers = [
        Layer(key, colour, values)
        for (key, values), colour in zip(groups, colours, strict=False)
    ]
    rest = groups[len(colours) :]
    if rest:
        other = {day: sum(values[day] for _, values in rest) for day in rest[0][1]}
        layers.append(Layer(f"{len(rest)} other models", OTHER, other))
    return layers


def _total(values: Mapping[date, Any], ranges: Mapping[str, Span]) -> str:
    del ranges
    return words.money(sum(values.values()))


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
    parts = []
    notes = []
    if row is None or not row["is_complete"] or row["median_cost_per_spender"] is None:
        reason = (
            f"fewer than {LEAST_SPENDERS} users spent anything"
            if len(amounts) < LEAST_SPENDERS
            else "the month is not complete"
        )
        parts.append(Part(words=f"{words.month(month)}: not shown, because {reason}."))
    else:
        parts.append(
            Part(f"Users by spend, {words.month(month)}", bars=histogram(amounts))
        )
        notes.append(
            f"Half of the {words.count(row['spending_user_count'])} users spent"
            f" {words.money(row['median_cost_per_spender'])} or less, one in ten more than"
            f" {words.money(row['p90_cost_per_spender'])}."
        )
    bars = whose(marts, month, row)
    if bars:
        parts.append(Part("Whose spend it is", bars=bars))
    return Card(title, says, parts, notes)


def histogram(amounts: Sequence[Decimal]) -> list[Bar]:
    """Return how many amounts lie between steps of 1, 2 and 5."""
    edges = [Decimal(1)]
    while edges[-1] < max(amounts, default=0):
        edges.append(edges[-1] * (Decimal("2.5") if str(edges[-1])[0] == "2" else 2))
    found = []
    lower = Decimal(0)
    for upper in edges:
        number = len([amount for amount in amounts if lower < amount <= upper])
        name = f"up to {_edge(upper)}" if not lower else f"{_edge(lower)} to {_edge(upper)}"
        found.append((name, number))
        lower = upper
    while len(found) > 1 and not found[0][1]:
        del found[0]
    widest = max(number for _, number in found) or 1
    return [
        Bar(name, words.count(number), [(number / widest, SLATES[1])])
        for name, number in found
    ]


def _edge(value: Decimal) -> str:
    return f"${value:,.0f}"


def whose(marts: Marts, month: date, row: Row | None) -> list[Bar]:
    """Return whose spend a month was: the tenth who spend most, others, nobody."""
    found = {
        actor["actors"]: actor["cost_usd"]
        for actor in dollars(marts["actors"])
        if actor["month_start"] == month and actor["cost_usd"]
    }
    users, top = found.get("users"), row and row["top_decile_share"]
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
    """Return the card of tokens by kind, and how many of them caches answered."""
    days = [day for day in calendar.states("usage") if calendar.is_complete("usage", day)]
    counts: dict[str, dict[date, int]] = {
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
    common = {
        name: {
            "gaps": frozenset(day for day in span if day not in set(days)),
            "young": frozenset(d for d in days if not calendar.is_settled("usage", d)),
        }
        for name, span in ranges.items()
    }
    return Card(
        "How well are caches used?",
        "Tokens a day by kind, and the share of input tokens that came from the cache."
        " Output is not in the share, and it is no count of requests.",
        [
            Part(
                keys=[
                    Key(x.name, x.colour, words.short(sum(x.values.values()))) for x in stack
                ],
                charts={
                    name: Chart(
                        span=span,
                        unit="tokens a day",
                        hover={
                            day: day_hover(day, stack, calendar, "usage", words.short)
                            for day in span
                        },
                        stack=stack,
                        **common[name],
                    )
                    for name, span in ranges.items()
                },
            ),
            Part(
                keys=[Key(share.name, INK, latest(share.values, words.percent), "line")],
                charts={
                    name: Chart(
                        span=span,
                        unit="% of input tokens",
                        hover={
                            day: day_hover(day, [share], calendar, "usage", words.percent)
                            for day in span
                        },
                        lines=[share],
                        top=100,
                        **common[name],
                    )
                    for name, span in ranges.items()
                },
            ),
        ],
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
    order = ("over", "high", "raised", "below", "included usage only", "unlimited", "unknown")
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
