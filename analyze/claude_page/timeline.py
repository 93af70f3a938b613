"""What all charts over time share: gaps, days that may change, tooltips, latest values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claude_page import words
from claude_page.spans import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from claude_page.cards import Layer, Line
    from claude_page.spans import Calendar


def latest(
    values: Mapping[date, float | None], say: Callable[[float], str] = words.count
) -> str:
    """Return the last known value, as a legend shows it."""
    known = {day: value for day, value in values.items() if value is not None}
    return say(known[max(known)]) if known else words.NOTHING


def weekly(span: Span) -> Span:
    """Return a range in whole weeks, so that no column is cut."""
    weeks = list(span.weeks())
    return Span(weeks[0].first, weeks[-1].last) if weeks else span


def unread(calendar: Calendar, stream: str, span: Span) -> frozenset[date]:
    """Return the days that were not read."""
    return frozenset(day for day in span if not calendar.is_read(stream, day))


def young(calendar: Calendar, stream: str, span: Span) -> frozenset[date]:
    """Return the days that were read and may change."""
    return frozenset(
        day
        for day in span
        if calendar.is_read(stream, day) and not calendar.is_settled(stream, day)
    )


def unread_weeks(calendar: Calendar, stream: str, span: Span) -> frozenset[date]:
    """Return the Mondays of weeks of which a day was not read."""
    return frozenset(
        week.first
        for week in span.weeks()
        if not all(calendar.is_read(stream, day) for day in week)
    )


def young_weeks(calendar: Calendar, stream: str, span: Span) -> frozenset[date]:
    """Return the Mondays of weeks that were read and of which a day may change."""
    return frozenset(
        week.first
        for week in span.weeks()
        if all(calendar.is_read(stream, day) for day in week)
        and not all(calendar.is_settled(stream, day) for day in week)
    )


def day_hover(
    day: date,
    items: Iterable[Line | Layer],
    calendar: Calendar,
    stream: str,
    say: Callable[[float], str] = words.count,
) -> str:
    """Return the tooltip of a day: a line for each figure."""
    if not calendar.is_read(stream, day):
        return f"{words.weekday(day)}: not read"
    return "\n".join(
        [
            words.weekday(day),
            *_told(items, day, say),
            *_young_word(calendar, stream, [day]),
        ]
    )


def week_hover(
    week: Span,
    items: Iterable[Line | Layer],
    calendar: Calendar,
    stream: str,
    say: Callable[[float], str] = words.count,
) -> str:
    """Return the tooltip of a week."""
    title = f"Week of {words.day(week.first)}"
    missing = [calendar.is_read(stream, day) for day in week].count(False)
    if missing:
        return f"{title}: {words.plural(missing, 'day')} not read (yet)"
    return "\n".join(
        [title, *_told(items, week.first, say), *_young_word(calendar, stream, week)]
    )


def _told(
    items: Iterable[Line | Layer], day: date, say: Callable[[float], str]
) -> Iterable[str]:
    for item in items:
        value = item.values.get(day)
        yield f"{item.name}: {words.NOTHING if value is None else say(value)}"


def _young_word(calendar: Calendar, stream: str, days: Iterable[date]) -> list[str]:
    states = {calendar.state(stream, day) for day in days}
    if "filling" in states:
        return ["not complete yet"]
    return ["may be revised"] if "may be revised" in states else []
