"""Where on a chart days and values are."""

from __future__ import annotations

import calendar
import json
from typing import TYPE_CHECKING

import altair as alt

from claude_page.spans import DAY

if TYPE_CHECKING:
    from datetime import date

    from claude_page.cards import Chart, Layer, Line
    from claude_page.spans import Span


def milliseconds(day: date) -> int:
    """Return a day's midnight (UTC) as Vega counts time."""
    return calendar.timegm(day.timetuple()) * 1000


def x_axis(span: Span) -> alt.X:
    """Return the axis of time, with the days that it names."""
    ticks = {milliseconds(day): name for day, name in span.ticks().items()}
    return alt.X(
        "from:Q",
        scale=alt.Scale(
            domain=[milliseconds(span.first), milliseconds(span.last + DAY)],
            nice=False,
            zero=False,
        ),
        axis=alt.Axis(
            values=list(ticks),
            labelExpr=f"({json.dumps(ticks)})[datum.value]",
            title=None,
            grid=False,
            labelFlush=True,
            tickSize=4,
        ),
    )


def y_axis(chart: Chart) -> alt.Y:
    """Return the axis of values, which begins at zero, with its unit above."""
    return alt.Y(
        "low:Q",
        scale=alt.Scale(domain=_domain(chart), nice=True, zero=True),
        axis=alt.Axis(
            title=chart.unit,
            titleAngle=0,
            titleAlign="left",
            titleAnchor="end",
            titleX=0,
            titleY=-8,
            tickCount=4,
            labelExpr="datum.value ? datum.label : '0'",
            format=chart.format,
        ),
    )


def _domain(chart: Chart) -> list[float]:
    tops = [
        value for line in chart.lines for value in within(line, chart.span).values()
    ] or [0.0]
    tops += [high for _, low, high in heights(chart) for high in (low, high)]
    # Counts have no fractions, so an axis of nothing ends at one.
    return [min([0.0, *tops]), chart.top or max([0.0, *tops]) or 1.0]


def within(item: Line | Layer, span: Span) -> dict[date, float]:
    """Return the known values of a range."""
    return {
        day: float(value)
        for day, value in item.values.items()
        if day in span and value is not None
    }


def heights(chart: Chart) -> list[tuple[tuple[Layer, date], float, float]]:
    """Return from where to where each layer reaches on each day."""
    found = []
    above: dict[date, float] = {}
    below: dict[date, float] = {}
    for layer in chart.stack:
        grown, sign = (below, -1) if layer.is_below else (above, 1)
        for day, value in within(layer, chart.span).items():
            low = grown.get(day, 0.0)
            grown[day] = low + sign * value
            found.append(((layer, day), low, grown[day]))
    return found
