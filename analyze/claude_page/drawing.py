"""Draws charts as SVG with Altair, without a browser."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import altair as alt
import vl_convert
from altair.utils.schemapi import debug_mode

from claude_page.cards import INK, SLATES, Chart, Strip
from claude_page.scales import heights, milliseconds, within, x_axis, y_axis
from claude_page.spans import DAY, runs
from claude_page.words import day as in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from claude_page.cards import Layer, Line

WIDTH, HEIGHT = 420, 216
ROW_HEIGHT = 20
NOON = 12 * 3600 * 1000

#: Patterns that the page defines.
HATCH, GAP = "url(#hatch)", "url(#gap)"

STATES = {
    "settled": SLATES[0],
    "empty": SLATES[2],
    "may be revised": "#7aa6c9",
    "filling": "#e6b85c",
    "not read": GAP,
}

MUTED, RULE = "#6f6a62", "#e4e0d8"

#: What all charts share.
FRAME = {
    "background": "transparent",
    "autosize": {"type": "fit", "contains": "padding"},
    "padding": {"left": 2, "right": 6, "top": 4, "bottom": 2},
    "config": {
        "font": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
        "view": {"stroke": None},
        "axis": {
            "domain": False,
            "labelColor": MUTED,
            "labelFontSize": 12,
            "tickColor": RULE,
            "titleColor": MUTED,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
        },
        "axisY": {"gridColor": RULE, "labelPadding": 6, "ticks": False},
        # Only what a pointer finds has a description.
        "mark": {"aria": False},
    },
}

Values = list[dict[str, Any]]


def draw(chart: Chart | Strip) -> str:
    """Return a chart as an SVG element that is as wide as the page lets it be."""
    return _fit(vl_convert.vegalite_to_svg(specify(chart)))


def specify(chart: Chart | Strip, *, validate: bool = False) -> dict[str, Any]:
    """Return a chart as Vega-Lite.

    Args:
        chart: What to draw.
        validate: Whether Altair checks it, which takes longer than drawing it.
    """
    with debug_mode(validate):
        layered = _strip(chart) if isinstance(chart, Strip) else _chart(chart)
        return {**layered.to_dict(validate=validate), **FRAME}


def _fit(svg: str) -> str:
    """Let the page decide on the size, and leave out what only repeats itself."""
    svg = re.sub(r' (width|height)="\d+"', "", svg, count=2)
    svg = re.sub(r' role="graphics-object" aria-roledescription="[^"]*"', "", svg)
    svg = re.sub(r'"graphics-symbol" aria-roledescription="[^"]*"', '"img"', svg)
    svg = re.sub(r'(<g[^>]*?) aria-label="[^"]*"', r"\1", svg)
    svg = re.sub(r' (stroke-miterlimit|class|aria-hidden|xmlns:xlink)="[^"]*"', "", svg)
    return re.sub(r' (d|transform)="[^"]*"', lambda found: _round(found[0]), svg)


def _round(path: str) -> str:
    """Leave out what is less than a tenth of a pixel."""
    return re.sub(r"(\.\d)\d+", r"\1", path)


def _data(values: Values) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=values))


def _chart(chart: Chart) -> alt.LayerChart:
    x, y = x_axis(chart.span), y_axis(chart)
    layers = [
        *_backgrounds(chart, x),
        *_columns(chart, x, y),
        *_lines(chart, x, y),
        *_events(chart, x),
        _hover(chart, x),
    ]
    return alt.LayerChart(layer=layers, width=WIDTH, height=HEIGHT)


def _times(day: date, step: int) -> dict[str, int]:
    return {"from": milliseconds(day), "to": milliseconds(day + step * DAY)}


def _backgrounds(chart: Chart, x: alt.X) -> Iterator[alt.Chart]:
    """Yield the stretches without figures; the first layer draws the axes."""
    gaps = sorted(day for day in chart.gaps if day in chart.span)
    stretches: Values
    if chart.step == 1:
        stretches = [
            {"from": milliseconds(span.first), "to": milliseconds(span.last + DAY)}
            for span, _ in runs(gaps, lambda _: 0)
        ]
    else:
        stretches = [_times(day, chart.step) for day in gaps]
    yield _data(stretches).mark_rect(fill=GAP).encode(x=x, x2="to:Q")


def _columns(chart: Chart, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    reaches = heights(chart)
    if not reaches:
        return
    columns: dict[str, Values] = {}
    for (layer, day), low, high in reaches:
        column = {**_times(day, chart.step), "low": low, "high": high}
        columns.setdefault(layer.colour, []).append(column)
    covers = _covers(chart, reaches)
    for colour, values in [*columns.items(), (HATCH, covers)]:
        if chart.step == 1:
            mark = _data(_joined(values)).mark_area(
                fill=colour,
                interpolate="step-after",
                # A hairline keeps layers apart where colours are close.
                stroke="#fff" if colour != HATCH else None,
                strokeWidth=0.4,
            )
            yield mark.encode(x=x, y=y, y2="high:Q", detail="run:N")
        else:
            bar = _data(values).mark_rect(fill=colour, stroke="#fff", strokeWidth=1.2)
            yield bar.encode(x=x, x2="to:Q", y=y, y2="high:Q")


def _covers(
    chart: Chart, reaches: Sequence[tuple[tuple[Layer, date], float, float]]
) -> Values:
    """Return what covers the columns of days whose figures may change."""
    reach: dict[date, list[float]] = {}
    for (_, day), low, high in reaches:
        if day in chart.young:
            reach.setdefault(day, []).extend((low, high))
    return [
        {**_times(day, chart.step), "low": min(ends), "high": max(ends)}
        for day, ends in sorted(reach.items())
    ]


def _joined(values: Values) -> Values:
    """Return columns as points of areas, one for each stretch without a gap."""
    points: Values = []
    run = 0
    for place, value in enumerate(values):
        points.append({**value, "run": run})
        after = values[place + 1] if place + 1 < len(values) else None
        if after is None or after["from"] != value["to"]:
            points.append({**value, "from": value["to"], "run": run})
            run += 1
    return points


def _lines(chart: Chart, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    for line in chart.lines:
        for is_young, stretches in _split(line, chart).items():
            points: Values = [
                {"from": milliseconds(day) + chart.step * NOON, "low": value, "run": run}
                for run, stretch in enumerate(stretches)
                for day, value in stretch
            ]
            mark = _data(points).mark_line(
                stroke=line.colour,
                strokeWidth=line.width,
                strokeJoin="round",
                strokeCap="butt" if is_young else "round",
                interpolate="step" if line.is_step else "linear",
                # Vega takes an empty pattern for a solid line.
                strokeDash=[3, 3] if is_young else [],
            )
            yield mark.encode(x=x, y=y, detail="run:N")
        alone = [
            {"from": milliseconds(stretch[0][0]) + chart.step * NOON, "low": stretch[0][1]}
            for stretch in _stretches(line, chart)
            if len(stretch) == 1
        ]
        if alone:
            dots = _data(alone).mark_circle(fill=line.colour, size=24, opacity=1)
            yield dots.encode(x=x, y=y)


def _stretches(line: Line, chart: Chart) -> list[list[tuple[date, float]]]:
    """Return the values of a line, those of consecutive days together."""
    found: list[list[tuple[date, float]]] = []
    for point in sorted(within(line, chart.span).items()):
        if found and point[0] == found[-1][-1][0] + chart.step * DAY:
            found[-1].append(point)
        else:
            found.append([point])
    return found


def _split(line: Line, chart: Chart) -> dict[bool, list[list[tuple[date, float]]]]:
    """Return stretches of settled days, and those that lead to days that may change."""
    parts: dict[bool, list[list[tuple[date, float]]]] = {False: [], True: []}
    for stretch in _stretches(line, chart):
        for before, after in pairwise(stretch):
            kind = parts[after[0] in chart.young]
            if kind and kind[-1][-1] == before:
                kind[-1].append(after)
            else:
                kind.append([before, after])
    return {kind: stretches for kind, stretches in parts.items() if stretches}


def _events(chart: Chart, x: alt.X) -> Iterator[alt.Chart]:
    events: Values = [
        {"from": milliseconds(day), "text": text}
        for day, text in chart.events.items()
        if day in chart.span
    ]
    if events:
        data = _data(events)
        yield data.mark_rule(stroke=INK, strokeWidth=0.8, strokeDash=[2, 2]).encode(x=x)
        yield data.mark_text(
            align="left", baseline="top", dx=4, y=0, fontSize=11, fill=MUTED
        ).encode(x=x, text="text:N")


def _hover(chart: Chart, x: alt.X) -> alt.Chart:
    """Return what a pointer finds: an invisible column a day, which says its figures."""
    values: Values = [
        {**_times(day, chart.step), "text": text}
        for day, text in sorted(chart.hover.items())
        if day in chart.span
    ]
    mark: alt.Chart = _data(values).mark_rect(fill="transparent", aria=True)
    column: alt.Chart = mark.encode(x=x, x2="to:Q", description="text:N")
    return column


def _strip(strip: Strip) -> alt.LayerChart:
    values: Values = [
        {
            "from": milliseconds(max(stretch.span.first, strip.span.first)),
            "to": milliseconds(min(stretch.span.last, strip.span.last) + DAY),
            "row": stretch.row,
            "colour": STATES[stretch.state],
            "text": (
                f"{stretch.row}: {stretch.state}, {in_words(stretch.span.first)}"
                f" to {in_words(stretch.span.last)}"
            ),
        }
        for stretch in strip.stretches
        if stretch.span.last >= strip.span.first and stretch.span.first <= strip.span.last
    ]
    rows = alt.Y(
        "row:N",
        sort=list(strip.rows),
        scale=alt.Scale(domain=list(strip.rows), paddingInner=0.25),
        axis=alt.Axis(
            title=None, domain=False, ticks=False, labelFontSize=11, minExtent=98
        ),
    )
    marks = (
        _data(values)
        .mark_rect(aria=True)
        .encode(
            x=x_axis(strip.span),
            x2="to:Q",
            y=rows,
            fill=alt.Fill("colour:N", scale=None),
            description="text:N",
        )
    )
    height = ROW_HEIGHT * len(strip.rows) + 30
    return alt.LayerChart(layer=[marks], width=WIDTH, height=height)
