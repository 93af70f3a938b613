"""What all charts over time share: gaps, days that may change, tooltips, latest values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from claude_page import words
from claude_page.cards import Chart, Key, Layer, Line
from claude_page.spans import Span

#: The longest range whose days are drawn apart.
MOST_DAYS = 28

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from claude_page.cards import Number
    from claude_page.spans import Calendar


def latest(
    values: Mapping[date, Number | None], say: Callable[[Number], str] = words.count
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
    say: Callable[[Number], str] = words.count,
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
    say: Callable[[Number], str] = words.count,
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
    items: Iterable[Line | Layer], day: date, say: Callable[[Number], str]
) -> Iterable[str]:
    for item in items:
        value = item.values.get(day)
        yield f"{item.name}: {words.NOTHING if value is None else say(value)}"


def _young_word(calendar: Calendar, stream: str, days: Iterable[date]) -> list[str]:
    states = {calendar.state(stream, day) for day in days}
    if "filling" in states:
        return ["not complete yet"]
    return ["may be revised"] if "may be revised" in states else []


@dataclass(frozen=True)
class Measure:
    """What is added up, and how it is said."""

    #: Such as `US dollars`.
    unit: str
    say: Callable[[Number], str]
    #: How an axis says it, as a format of D3.
    axis: str = "~s"


def stacked(
    calendar: Calendar,
    stream: str,
    span: Span,
    measure: Measure,
    stack: Sequence[Layer],
    lines: Sequence[Line] = (),
) -> Chart:
    """Return sums as a stack: short ranges by day, longer ones by ISO week.

    Days and weeks that are not complete are left blank.

    Args:
        calendar: What is known of each day.
        stream: The stream that the values are of.
        span: The range.
        measure: What is added up.
        stack: Values by day, of complete days.
        lines: Values by day to draw as lines, added up in the same way.
    """
    if len(span) <= MOST_DAYS:
        columns = [Span(day, day) for day in span]
        unit, step, changing = "day", 1, young(calendar, stream, span)
    else:
        columns = list(span.weeks())
        unit, step = "week", 7
        changing = young_weeks(calendar, stream, span)
        stack = [_by_week(layer, columns) for layer in stack]
        lines = [_by_week(line, columns) for line in lines]
        span = weekly(span)
    texts = {}
    for column in columns:
        day = column.first
        values = [layer.values.get(day) for layer in stack]
        total = Line("In all", "", {day: _whole(values)})
        items: list[Line | Layer] = [total, *stack, *lines]
        say = measure.say
        texts[day] = (
            day_hover(day, items, calendar, stream, say)
            if step == 1
            else week_hover(column, items, calendar, stream, say)
        )
    known = stack[0].values if stack else {}
    return Chart(
        span=span,
        unit=f"{measure.unit} a {unit}",
        hover=texts,
        lines=lines,
        stack=stack,
        step=step,
        gaps=frozenset(c.first for c in columns if known.get(c.first) is None),
        young=changing,
        format=measure.axis,
        keys=[
            *(Key(x.name, x.colour, measure.say(_sum(x, span))) for x in stack),
            *(Key(x.name, x.colour, measure.say(_sum(x, span)), "line") for x in lines),
        ],
    )


def _whole(values: Iterable[Number | None]) -> Number | None:
    """Return a sum, None if a part of it is not known."""
    total: Any = 0
    for value in values:
        if value is None:
            return None
        total += value
    return cast("Number", total)


def _sum(item: Line | Layer, span: Span) -> Number:
    known = (value for day, value in item.values.items() if day in span)
    return _whole(value for value in known if value is not None) or 0


Item = TypeVar("Item", "Line", "Layer")


def _by_week(item: Item, weeks: Iterable[Span]) -> Item:
    """Return sums of weeks, None where the value of a day is not known."""
    sums = {week.first: _whole(map(item.values.get, week)) for week in weeks}
    return replace(item, values=sums)
