"""Cards about habit: how often people come, and who does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claude_page import words
from claude_page.cards import SLATES, Bar, Card, Chart, Key, Layer, Part, Table
from claude_page.figures import latest_seats
from claude_page.spans import DAY, SUNDAY, last
from claude_page.timeline import latest, weekly, young_weeks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from claude_page.database import Row
    from claude_page.marts import Marts
from claude_page.spans import Calendar, Span

#: From the habit to the single visit, as people call the classes of `frequency`.
CLASSES = {
    "most days": "Most days (12 or more of 28)",
    "weekly": "Weekly (4 to 11)",
    "now and then": "Now and then (2 or 3)",
    "once": "Once",
}
#: Members without activity, by days since the last one: the last day of each row.
SINCE = ((7, "In the last 7 days"), (30, "8 to 30 days ago"), (90, "31 to 90 days ago"))
#: How many members a list of names has at most.
MOST_NAMES = 50


def cards(marts: Marts, calendar: Calendar, ranges: Mapping[str, Span]) -> list[Card]:
    """Return the cards, in order."""
    return [frequency(marts, calendar, ranges), *members(marts)]


def frequency(marts: Marts, calendar: Calendar, ranges: Mapping[str, Span]) -> Card:
    """Return the card of how often people come."""
    counts: dict[str, dict[date, Any]] = {name: {} for name in CLASSES}
    for row in marts["frequency"]:
        if row["frequency"] in counts:
            counts[row["frequency"]][row["date"]] = row["user_count"]
    layers = [
        Layer(title, colour, _shares_of_weeks(name, counts))
        for (name, title), colour in zip(CLASSES.items(), SLATES, strict=True)
    ]
    charts = {
        name: Chart(
            span=weekly(span),
            unit="% of the people active in 28 days",
            hover={
                week.first: _hover(week.last, counts, calendar) for week in span.weeks()
            },
            stack=layers,
            step=7,
            gaps=frozenset(
                week.first
                for week in span.weeks()
                if layers[0].values.get(week.first) is None
            ),
            young=young_weeks(calendar, "user_summaries", span),
            top=100,
            keys=[Key(x.name, x.colour, latest(x.values, words.percent)) for x in layers],
        )
        for name, span in ranges.items()
    }
    return Card(
        "Is it a habit?",
        "People by the number of days on which they were active, in the 28 days to each"
        " Sunday. It counts days, not messages: one message makes a day.",
        [
            Part(charts=charts),
            Part("From seats to habit", bars=funnel(marts, calendar)),
        ],
        ["A week is left blank if one of its 28 days was not read."],
        columns=2,
    )


def _shares_of_weeks(
    name: str, counts: Mapping[str, Mapping[date, Any]]
) -> dict[date, float | None]:
    shares: dict[date, float | None] = {}
    for day in counts[name]:
        values = [counts[other].get(day) for other in CLASSES]
        total = sum(value or 0 for value in values)
        known = total and None not in values
        share = 100 * counts[name][day] / total if known else None
        if day.weekday() == SUNDAY:
            shares[day - 6 * DAY] = share
    return shares


def _hover(day: date, counts: Mapping[str, Mapping[date, Any]], calendar: Calendar) -> str:
    title = f"28 days to {words.weekday(day)}"
    values = {name: counts[name].get(day) for name in CLASSES}
    known = {name: value for name, value in values.items() if value is not None}
    if len(known) < len(values):
        missing = [d for d in last(28, day) if not calendar.is_read("user_summaries", d)]
        return f"{title}: {words.plural(len(missing), 'day')} not read (yet)"
    told = [f"{name.capitalize()}: {words.count(value)}" for name, value in known.items()]
    return "\n".join([title, *told])


def funnel(marts: Marts, calendar: Calendar) -> list[Bar]:
    """Return how many of the seats, or members, become people who come most days."""
    until = calendar.last_complete("user_summaries")
    counts = {
        row["frequency"]: row["user_count"]
        for row in marts["frequency"]
        if row["date"] == until
    }
    regular = [counts.get("weekly"), counts.get("most days")]
    steps: list[tuple[str, Any]] = [*_ends(marts)]
    steps += [
        ("Come weekly or more", None if None in regular else sum(regular)),
        ("Come on most days", regular[1]),
    ]
    widest = max((value for _, value in steps if value), default=0)
    return [
        Bar(
            title,
            words.NOTHING if value is None else words.count(value),
            [] if not value else [(value / widest, SLATES[0])],
            "not known" if value is None else "",
        )
        for title, value in steps
    ]


def _ends(marts: Marts) -> list[tuple[str, Any]]:
    """Return the wide end of the funnel: members where they are loaded, else seats."""
    if marts["members_daily"]:
        row = max(marts["members_daily"], key=lambda found: found["date"])
        return [
            ("Members", row["member_count"]),
            ("Ever active", row["ever_active_member_count"]),
            ("Active in 30 days", row["member_active_30_count"]),
        ]
    seats, _ = latest_seats(marts)
    return [
        ("Assigned seats", seats and seats["assigned_seat_count"]),
        ("Active in 30 days", seats and seats["active_30_count"]),
    ]


def members(marts: Marts) -> list[Card]:
    """Return the card of members without activity, or why there is none."""
    rows = marts["members"]
    title = "Who does not come?"
    if not rows:
        says = "Members by the days since they were last active: for it, load the stream"
        return [Card(title, f"{says} members.", [])]
    first = rows[0]["activity_from"]
    known = [row for row in rows if row["is_never_active"] is not None]
    table = [[title, words.count(number)] for title, number in _since(known)]
    parts = [Part(table=Table(["Last active", "Members"], table))]
    if "name" in rows[0]:
        parts.append(Part("Longest first", table=_names(known), is_folded=True))
    notes = []
    if len(known) < len(rows):
        notes.append("No activity is loaded, so nothing is known of these members.")
    since = (
        f" Never means: not since {words.day(first)}, the first day loaded."
        if first
        else ""
    )
    return [
        Card(
            title,
            "Members of the latest snapshot by the days since their last activity, as of"
            f" {words.day(rows[0]['snapshot_date'])}. Members are not seats: nothing says"
            f" who holds one, and some roles need none.{since}",
            parts,
            notes,
        )
    ]


def _since(rows: Sequence[Row]) -> list[tuple[str, int]]:
    found = []
    lower = -1
    days = [row["days_since_active"] for row in rows if not row["is_never_active"]]
    for upper, title in SINCE:
        found.append((title, len([d for d in days if lower < d <= upper])))
        lower = upper
    found.append((f"More than {lower} days ago", len([d for d in days if d > lower])))
    found.append(("Never", len(rows) - len(days)))
    return found


def _names(rows: Sequence[Row]) -> Table:
    quiet = [
        row
        for row in rows
        if row["is_never_active"] or row["days_since_active"] > SINCE[1][0]
    ]
    quiet.sort(key=lambda row: row["days_since_active"] or 0, reverse=True)
    quiet.sort(key=lambda row: not row["is_never_active"])
    cells = [
        [
            row["name"] or row["email_address"] or "(no name)",
            "never" if row["is_never_active"] else words.count(row["days_since_active"]),
        ]
        for row in quiet[:MOST_NAMES]
    ]
    if len(quiet) > MOST_NAMES:
        cells.append([f"and {words.count(len(quiet) - MOST_NAMES)} more", ""])
    return Table(["Member", "Days since active"], cells)
