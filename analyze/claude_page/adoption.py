"""Cards about adoption: growth against seats, products, who stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claude_page import words
from claude_page.cards import (
    PRODUCTS,
    SLATES,
    Card,
    Chart,
    Key,
    Layer,
    Line,
    Part,
    product_colour,
)
from claude_page.spans import DAY, SUNDAY
from claude_page.timeline import (
    day_hover,
    latest,
    unread,
    unread_weeks,
    week_hover,
    weekly,
    young,
    young_weeks,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from claude_page.marts import Marts
    from claude_page.spans import Calendar, Span

FAMILIES = ("chat_cowork", "claude_code", "office", "design", "science")
UNIFIED = ("chat", "cowork", "chat_cowork_unified")


def cards(marts: Marts, calendar: Calendar, ranges: Mapping[str, Span]) -> list[Card]:
    """Return the cards, in order."""
    return [
        growth(marts, calendar, ranges),
        products(marts, calendar, ranges),
        coming_and_going(marts, calendar, ranges),
    ]


def growth(marts: Marts, calendar: Calendar, ranges: Mapping[str, Span]) -> Card:
    """Return the card of active users against seats."""
    rows = {row["date"]: row for row in marts["adoption"] if row["product"] == "all"}

    def line(
        column: str, title: str, colour: str, width: float, *, is_step: bool = False
    ) -> Line:
        values = {day: row[f"{column}_count"] for day, row in rows.items()}
        return Line(title, colour, values, width, is_step)

    lines = [
        line("assigned_seat", "Assigned seats", "#8a857c", 1.4, is_step=True),
        line("monthly_active_user", "Active in 30 days", SLATES[0], 2.2),
        line("weekly_active_user", "In 7 days", "#4f81b0", 2.2),
        line("daily_active_user", "On the day", "#a3bfd9", 1.3),
    ]
    charts = {
        name: Chart(
            span=span,
            unit="people, seats",
            hover={day: day_hover(day, lines, calendar, "adoption") for day in span},
            lines=lines,
            gaps=unread(calendar, "adoption", span),
            young=young(calendar, "adoption", span),
            keys=_line_keys(lines),
        )
        for name, span in ranges.items()
    }
    return Card(
        "Is it growing into its seats?",
        "People whom the API counts as active in any product; one person counts once. It"
        " does not say who holds a seat, or how much anybody did.",
        [Part(charts=charts)],
        ["The last days are dashed as long as the API may still revise them."],
    )


def products(marts: Marts, calendar: Calendar, ranges: Mapping[str, Span]) -> Card:
    """Return the card of people by product, week by week."""
    weeks = {
        family: {
            row["period_start"]: row["family_active_user_count"]
            for row in marts["people"]
            if row["product_family"] == family
        }
        for family in FAMILIES
    }
    used = [family for family in FAMILIES if any(weeks[family].values())]
    lines = [Line(words.name(f), PRODUCTS[f], weeks[f]) for f in used]
    start = min(
        (
            row["date"]
            for row in marts["adoption"]
            if row["product"] == "chat_cowork_unified" and row["daily_active_user_count"]
        ),
        default=None,
    )
    events = {start: "unified from here"} if start else {}
    parts = [Part(charts=_weekly(lines, calendar, ranges, "user_summaries", events))]
    sundays = {
        product: {
            row["date"] - 6 * DAY: row["weekly_active_user_count"]
            for row in marts["adoption"]
            if row["product"] == product and row["date"].weekday() == SUNDAY
        }
        for product in UNIFIED
    }
    apart = [
        Line(words.name(product), product_colour(product), values)
        for product, values in sundays.items()
        if any(values.values())
    ]
    if len(apart) > 1:
        charts = _weekly(apart, calendar, ranges, "adoption", events)
        parts.append(Part("Chat, Cowork and both unified, apart", charts, is_folded=True))
    unused = [words.name(family) for family in FAMILIES if family not in used]
    notes = ["The lines do not add up: one person may use several products."]
    if unused:
        notes.append(f"No activity was found in {words.listed(unused)}.")
    return Card(
        "Where do people use it?",
        "People with activity in a product in an ISO week, each once a product. Counted"
        " from activity, so it differs a little from the API's own counts; Claude Tag in"
        " Slack is not in it.",
        parts,
        notes,
    )


def _weekly(
    lines: Sequence[Line],
    calendar: Calendar,
    ranges: Mapping[str, Span],
    stream: str,
    events: Mapping[date, str],
) -> dict[str, Chart]:
    return {
        name: Chart(
            span=weekly(span),
            unit="people a week",
            hover={
                week.first: week_hover(week, lines, calendar, stream)
                for week in span.weeks()
            },
            lines=lines,
            step=7,
            gaps=unread_weeks(calendar, stream, span),
            young=young_weeks(calendar, stream, span),
            events=events,
            keys=_line_keys(lines),
        )
        for name, span in ranges.items()
    }


def _line_keys(lines: Iterable[Line]) -> list[Key]:
    return [Key(line.name, line.colour, latest(line.values), "line") for line in lines]


def coming_and_going(marts: Marts, calendar: Calendar, ranges: Mapping[str, Span]) -> Card:
    """Return the card of new, retained, returning and lost people by week."""
    rows = {
        row["period_start"]: row
        for row in marts["people"]
        if row["product_family"] == "all"
    }
    stack = [
        Layer(
            title, colour, {week: row[f"{column}_user_count"] for week, row in rows.items()}
        )
        for title, colour, column in (
            ("Stayed", SLATES[0], "retained"),
            ("Came back", SLATES[1], "returning"),
            ("New", SLATES[2], "new"),
        )
    ]
    # After a gap nobody can tell who is new, but still who stayed.
    either = {
        week: row["family_active_user_count"] - row["retained_user_count"]
        for week, row in rows.items()
        if row["retained_user_count"] is not None and row["new_user_count"] is None
    }
    if either:
        stack.append(Layer("New or came back", SLATES[3], either))
    lost = {week: row["lost_user_count"] for week, row in rows.items()}
    stack.append(Layer("Lost", "#c9a48c", lost, is_below=True))
    charts = {
        name: Chart(
            span=weekly(span),
            unit="people a week",
            hover={
                week.first: week_hover(week, stack, calendar, "user_summaries")
                for week in span.weeks()
            },
            stack=stack,
            step=7,
            gaps=frozenset(
                week.first
                for week in span.weeks()
                if all(layer.values.get(week.first) is None for layer in stack)
            ),
            young=young_weeks(calendar, "user_summaries", span),
            keys=[Key(layer.name, layer.colour, latest(layer.values)) for layer in stack],
        )
        for name, span in ranges.items()
    }
    return Card(
        "Do they stay?",
        "People active in an ISO week: those who were active the week before, came back"
        " after a pause, or are new. Below zero, those of the week before who did not come."
        " New means: not seen since the first day loaded.",
        [Part(charts=charts)],
        [
            "The first week loaded cannot be judged, and is left blank.",
            "After days that were not read, nobody can tell who is new and who came back.",
        ],
    )
