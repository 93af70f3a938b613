"""What all charts over time share: gaps, days that may change, tooltips, latest values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from claude_page import words
from claude_page.cards import Chart, Key, Layer, Line
from claude_page.spans import Span

#: The longest range whose days are drawn apart.
MOST_DAYS = 28

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

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


def stacked(
    calendar: Calendar,
    stream: str,
    span: Span,
    unit: str,
    stack: Sequence[Layer],
    lines: Sequence[Line],
    say: Callable[[float], str],
    axis: str,
) -> Chart:
    """Return sums a day as a stack: short ranges by day, longer ones by ISO week.

    Days and weeks that are not complete are left blank.

    Args:
        calendar: What is known of each day.
        stream: The stream that the values are of.
        span: The range.
        unit: What is added up, such as `US dollars`.
        stack: Values by day, of complete days.
        lines: Values by day to draw as lines, added up in the same way.
        say: How a value is said in legend and tooltips.
        axis: How the axis says it, as a format of D3.
    """
    is_daily = len(span) <= MOST_DAYS
    if not is_daily:
        stack = [_by_week(layer, span) for layer in stack]
        lines = [_by_week(line, span) for line in lines]
    shown = weekly(span) if not is_daily else span
    columns = list(span) if is_daily else [week.first for week in span.weeks()]
    hover = {}
    for column in columns:
        total = [layer.values.get(column) for layer in stack]
        sums = Line("In all", "", {column: None if None in total else sum(total)})
        items = [sums, *stack, *lines]
        hover[column] = (
            day_hover(column, items, calendar, stream, say)
            if is_daily
            else week_hover(_week(column), items, calendar, stream, say)
        )
    known = stack[0].values if stack else {}
    return Chart(
        span=shown,
        unit=f"{unit} a {'day' if is_daily else 'week'}",
        hover=hover,
        lines=lines,
        stack=stack,
        step=1 if is_daily else 7,
        gaps=frozenset(column for column in columns if known.get(column) is None),
        young=(young if is_daily else young_weeks)(calendar, stream, span),
        format=axis,
        keys=[
            *(Key(x.name, x.colour, say(_sum(x, shown))) for x in stack),
            *(Key(x.name, x.colour, say(_sum(x, shown)), "line") for x in lines),
        ],
    )


def _week(monday: date) -> Span:
    return next(Span(monday, monday).weeks())


def _sum(item: Line | Layer, span: Span) -> float:
    return sum(value or 0 for day, value in item.values.items() if day in span)


Item = TypeVar("Item", "Line", "Layer")


def _by_week(item: Item, span: Span) -> Item:
    """Return sums of weeks, None where the value of a day is not known."""
    sums = {}
    for week in span.weeks():
        values = [item.values.get(day) for day in week]
        sums[week.first] = None if None in values else sum(values)
    return replace(item, values=sums)
