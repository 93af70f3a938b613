"""The figures at the top of the page: pure functions from rows, None-safe and honest.

A figure whose period is not complete has no value, and says why.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from claude_page import words
from claude_page.cards import Figure
from claude_page.spans import DAY, Calendar, Span, last

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claude_page.database import Row
    from claude_page.marts import Marts

#: Rates of fewer decisions say little.
FEW_DECIDED = 20


def figures(marts: Marts, calendar: Calendar) -> list[Figure]:
    """Return what a manager asks first, in that order."""
    return [
        active_users(marts, calendar),
        share_of_seats(marts, calendar),
        regulars(marts, calendar),
        month_to_date(marts),
        spend_per_user(marts, calendar),
        acceptance(marts, calendar),
    ]


def active_users(marts: Marts, calendar: Calendar) -> Figure:
    """Return the users active in 7 days, against the 7 days before."""
    title, says = "Active users, 7 days", "People active at least once in the 7 days"
    row, why = latest_seats(marts)
    if row is None:
        return Figure(title, words.NOTHING, says, why)
    day, count = row["date"], row["active_7_count"]
    says = f"{says} to {words.day(day)}, as the API counts them."
    if count is None:
        return Figure(title, words.NOTHING, says, "The API states no count for that day.")
    before = _on(marts["seats"], day - timedelta(days=7))
    if before is None or not before["is_complete"] or before["active_7_count"] is None:
        note = f"No figure of {words.short_day(day - timedelta(days=7))} to compare with."
    else:
        change = count - before["active_7_count"]
        note = f"{words.signed(change, words.count(abs(change)))} against a week earlier"
    young = not calendar.is_settled("org_summaries", day)
    return Figure(title, words.count(count), says, note, is_young=young)


def share_of_seats(marts: Marts, calendar: Calendar) -> Figure:
    """Return the share of assigned seats whose number of users was active in 7 days."""
    title, says = "Share of seats in use", "Users active in 7 days per assigned seat"
    row, why = latest_seats(marts)
    if row is None:
        return Figure(title, words.NOTHING, says, why)
    says = f"{says}, {words.day(row['date'])}. Above 100% when users have lost their seat."
    if row["seat_utilisation_7"] is None:
        why = "No seats, or no count of them or of users, on that day."
        return Figure(title, words.NOTHING, says, why)
    note = (
        f"{words.plural(row['active_7_count'], 'user')}, "
        f"{words.plural(row['assigned_seat_count'], 'seat')}"
    )
    young = not calendar.is_settled("org_summaries", row["date"])
    return Figure(
        title, words.percent(row["seat_utilisation_7"]), says, note, is_young=young
    )


def regulars(marts: Marts, calendar: Calendar) -> Figure:
    """Return how many people come weekly or on most days."""
    title = "People who come weekly"
    says = "Users who were active on 4 or more of 28 days"
    until = calendar.last_complete("user_summaries")
    if until is None:
        return Figure(title, words.NOTHING, says, "No activity of users has been read.")
    says = f"{says} to {words.day(until)}: weekly or on most days."
    counts = {
        row["frequency"]: row["user_count"]
        for row in marts["frequency"]
        if row["date"] == until and row["frequency"] != "none"
    }
    if not counts or None in counts.values():
        return Figure(title, words.NOTHING, says, _unread(calendar, last(28, until)))
    everybody = sum(counts.values())
    regular = counts.get("weekly", 0) + counts.get("most days", 0)
    if not everybody:
        return Figure(title, "0", says, "Nobody was active in the 28 days.")
    note = (
        f"{words.percent(100 * regular / everybody)} of {words.plural(everybody, 'user')}"
    )
    return Figure(
        title, words.count(regular), says, note, is_young=_is_young(calendar, until)
    )


def month_to_date(marts: Marts) -> Figure:
    """Return the metered spend of this month, against the same days of the last."""
    title = "Spend, this month"
    says = "Metered, after discounts, before credits. Seats and taxes are not in it."
    months = dollars(marts["months"])
    if not months:
        return Figure(title, words.NOTHING, says, "No cost has been read.")
    row = max(months, key=lambda month: month["month_start"])
    start, days = row["month_start"], row["complete_day_count"]
    if not days or row["month_to_date_usd"] is None:
        why = f"No day of {words.month(start)} is complete yet."
        return Figure(title, words.NOTHING, says, why)
    last_day = start + (days - 1) * DAY
    title = f"Spend, 1–{last_day.day} {last_day:%B}"
    before, change = row["last_month_same_days_usd"], row["month_to_date_change"]
    if before is None:
        note = "The same days of last month are not all complete."
    elif change is None:
        note = f"{words.money(before)} on the same days of last month"
    else:
        arrow = words.signed(change, words.percent(abs(change)))
        note = f"{arrow} against {words.money(before)} on the same days of last month"
    return Figure(
        title,
        words.money(row["month_to_date_usd"]),
        says,
        note,
        is_young=not row["is_settled"],
    )


def spend_per_user(marts: Marts, calendar: Calendar) -> Figure:
    """Return the metered spend per active user of the last full month."""
    title = "Spend per active user"
    says = "All metered spend of the last full month, shared by the people active in it."
    month = last_full_month(calendar)
    if month is None:
        return Figure(title, words.NOTHING, says, "No full month of cost has been read.")
    title = f"Spend per user, {month:%B}"
    row = next((m for m in dollars(marts["months"]) if m["month_start"] == month), None)
    if row is None or row["cost_per_active_user"] is None:
        if row is not None and row["active_user_count"] == 0:
            why = f"Nobody was active in {words.month(month)}."
        else:
            why = f"Cost or activity of {words.month(month)} is not complete."
        return Figure(title, words.NOTHING, says, why)
    count = row["active_user_count"]
    people = "1 person" if count == 1 else f"{words.count(count)} people"
    note = f"{words.money(row['cost_usd'])} for {people}"
    return Figure(
        title,
        words.money(row["cost_per_active_user"]),
        says,
        note,
        is_young=not row["is_settled"],
    )


def acceptance(marts: Marts, calendar: Calendar) -> Figure:
    """Return the share of Claude Code's proposed edits that people accepted."""
    title = "Claude Code acceptance"
    says = "Accepted of all edits that people accepted or rejected, in the 28 days"
    until = calendar.last_complete("user_summaries")
    if until is None:
        return Figure(title, words.NOTHING, says, "No activity of users has been read.")
    says = f"{says} to {words.day(until)}."
    span = last(28, until)
    if not all(calendar.is_complete("user_summaries", day) for day in span):
        return Figure(title, words.NOTHING, says, _unread(calendar, span))
    accepted, decided = decisions(marts, span).get("all", (0, 0))
    if not decided:
        return Figure(title, words.NOTHING, says, "Nothing was decided in these days.")
    note = f"{words.count(accepted)} of {words.count(decided)} edits"
    if decided < FEW_DECIDED:
        note += ": too few to say much"
    return Figure(
        title,
        words.percent(100 * accepted / decided),
        says,
        note,
        is_young=_is_young(calendar, until),
    )


def decisions(marts: Marts, span: Span) -> dict[str, tuple[int, int]]:
    """Return the accepted and the decided edits of each tool in some days."""
    found: dict[str, tuple[int, int]] = {}
    for row in marts["tools"]:
        if row["date"] in span and row["decided_count"] is not None:
            accepted, decided = found.get(row["tool"], (0, 0))
            found[row["tool"]] = (
                accepted + row["accepted_count"],
                decided + row["decided_count"],
            )
    return found


def dollars(rows: Iterable[Row]) -> list[Row]:
    """Return the rows whose amounts are dollars, or that have none."""
    return [row for row in rows if row["currency"] in ("USD", None)]


def last_full_month(calendar: Calendar) -> date | None:
    """Return the latest month that was over on the last complete day of cost."""
    until = calendar.last_complete("cost")
    if until is None:
        return None
    this_month = (until + DAY).replace(day=1)
    return (this_month - DAY).replace(day=1)


def latest_seats(marts: Marts) -> tuple[Row | None, str]:
    """Return the last complete day's row of seats, or why there is none."""
    if not marts["seats"]:
        return None, "The stream org_summaries has not been read."
    complete = [row for row in marts["seats"] if row["is_complete"]]
    if not complete:
        return None, "No day is complete yet."
    return max(complete, key=lambda row: row["date"]), ""


def _on(rows: Iterable[Row], day: date) -> Any:  # noqa: ANN401  a row or None
    return next((row for row in rows if row["date"] == day), None)


def _is_young(calendar: Calendar, until: date) -> bool:
    return not all(calendar.is_settled("user_summaries", day) for day in last(28, until))


def _unread(calendar: Calendar, span: Span) -> str:
    """Say why 28 days cannot be judged."""
    states = calendar.states("user_summaries")
    before = len([day for day in span if day < min(states)]) if states else len(span)
    if before:
        return f"Only {words.plural(len(span) - before, 'day')} of the 28 loaded."
    missing = [day for day in span if not calendar.is_complete("user_summaries", day)]
    verb = "was" if len(missing) == 1 else "were"
    return (
        f"{words.plural(len(missing), 'day')} of the 28 {verb} not read, or not over yet."
    )
