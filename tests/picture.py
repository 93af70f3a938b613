"""Draws the README's picture: who uses which product, week by week, over a quarter.

`python -m tests.picture` writes it anew, from what the tap reads of a simulated
organisation. The weeks are those of sql/postgres/weekly_active_users_by_product.sql.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import time_machine

from tests import ROOT, fake_clock, singer
from tests.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PICTURE = ROOT / ".github" / "adoption.svg"

TODAY = date(2026, 10, 5)
#: The Sundays of the quarter's 13 weeks.
SUNDAYS = [date(2026, 7, 5) + timedelta(weeks=n) for n in range(13)]
ORGANISATION = Options(users=240, today=TODAY)

#: The products as people call them, and their colours on light and on dark ground.
PRODUCTS = {
    "all": ("All products", "#57606a", "#9198a1"),
    "chat": ("Chat", "#c2410c", "#fb8147"),
    "claude_code": ("Claude Code", "#1d4ed8", "#6ea8fe"),
    "cowork": ("Cowork", "#15803d", "#4ac26b"),
    "chat_cowork_unified": ("Chat and Cowork unified", "#a16207", "#e3b341"),
    "office_agent": ("Claude in Office", "#be185d", "#f778ba"),
    "claude_design": ("Claude Design", "#7e22ce", "#c297ff"),
    "science": ("Claude Science", "#0f766e", "#39c5bb"),
    "claude_tag": ("Claude Tag (Slack users)", "#854d4d", "#d0a0a0"),
}

WIDTH, HEIGHT = 880, 472
LEFT, TOP, RIGHT, BOTTOM = 60, 106, 650, 408
MARGIN = 24
#: How far apart labels are at least.
LINE_HEIGHT = 19
#: How many lines of the grid there are at most.
MOST_LINES = 7

Series: TypeAlias = "Mapping[str, Sequence[int | None]]"
Point: TypeAlias = "tuple[float, float]"

STYLE = """\
text { font: 13px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
.title { font-size: 17px; font-weight: 600; fill: #1f2328 }
.ground { fill: #ffffff }
.grid { stroke: #d8dee4 }
.line, .leader { fill: none; stroke: currentColor }
.line { stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
.all .line { stroke-dasharray: 2 5 }
circle, .name { fill: currentColor }
"""
DARK_STYLE = """\
text { fill: #9198a1 }
.title { fill: #e6edf3 }
.ground { fill: #0d1117 }
.grid { stroke: #30363d }
.name { fill: currentColor }
"""


def read() -> Series:
    """Return the weekly active users of each product, one for each Sunday."""
    with (
        time_machine.travel(fake_clock.noon(TODAY)),
        Simulator(ORGANISATION) as simulator,
    ):
        output = singer.run(
            simulator,
            "adoption",
            start_date=SUNDAYS[0].isoformat(),
            end_date=SUNDAYS[-1].isoformat(),
        )
    counts = {
        (record["product"], record["date"]): record["weekly_active_user_count"]
        for record in output.records("adoption")
    }
    return {
        product: [counts.get((product, day.isoformat())) for day in SUNDAYS]
        for product in PRODUCTS
    }


def draw(series: Series) -> str:
    """Return the chart of some products as an SVG image."""
    highest = max(count for counts in series.values() for count in counts if count)
    step = grid_step(highest)
    top = -(-highest // step) * step

    def y(count: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * count / top

    lines = {
        product: [
            None if count is None else (x(place), y(count))
            for place, count in enumerate(counts)
        ]
        for product, counts in series.items()
    }
    ends = {
        product: next(point for point in reversed(points) if point)
        for product, points in lines.items()
    }
    heights = apart({product: end[1] for product, end in ends.items()})
    first, last = SUNDAYS[0], SUNDAYS[-1]
    title = f"Weekly active users by product, {first:%B} to {last:%B %Y}"
    subtitle = (
        f"Users active in the week, in a simulated organisation of {ORGANISATION.users}"
        " people; gaps are counts that cannot be computed"
    )
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {size}>',
        f"<title>{title}</title>",
        f"<style>\n{style(series)}</style>",
        f'<rect class="ground" {size} rx="8"/>',
        f'<text class="title" x="{MARGIN}" y="34">{title}</text>',
        f'<text x="{MARGIN}" y="56">{subtitle}</text>',
        *grid(range(0, top + 1, step), y),
    ]
    for product, counts in series.items():
        parts += [
            f'<g class="{product}">',
            curve(lines[product]),
            *label(product, counts, ends[product], heights[product]),
            "</g>",
        ]
    return "\n".join([*parts, "</svg>", ""])


def grid_step(highest: int) -> int:
    """Return the distance of the grid's lines: 1, 2 or 5, and zeros."""
    steps = (digit * int(f"1{'0' * zeros}") for zeros in range(9) for digit in (1, 2, 5))
    return next(step for step in steps if highest / step < MOST_LINES)


def x(place: int) -> float:
    """Return where a week is."""
    return LEFT + 12 + (RIGHT - LEFT - 24) * place / (len(SUNDAYS) - 1)


def style(products: Series) -> str:
    """Return the rules of the image, with each product's colour."""
    light, dark = (
        "".join(f".{p} {{ color: {PRODUCTS[p][way]} }}\n" for p in products)
        for way in (1, 2)
    )
    return f"{STYLE}{light}@media (prefers-color-scheme: dark) {{\n{DARK_STYLE}{dark}}}\n"


def grid(counts: Sequence[int], y: Callable[[float], float]) -> Iterator[str]:
    """Yield the axes: a line for some counts, a date for every other week."""
    for count in counts:
        height = f"{y(count):.1f}"
        yield f'<path class="grid" d="M{LEFT} {height}H{RIGHT}"/>'
        yield (f'<text x="{LEFT - 8}" y="{height}" dy="4" text-anchor="end">{count}</text>')
    yield f'<text x="{LEFT - 8}" y="{TOP - 18}" text-anchor="end">Users</text>'
    for place, day in list(enumerate(SUNDAYS))[::2]:
        yield (
            f'<text x="{x(place):.1f}" y="{BOTTOM + 22}" text-anchor="middle">'
            f"{day.day} {day:%b}</text>"
        )
    yield (
        f'<text x="{(LEFT + RIGHT) / 2:.1f}" y="{BOTTOM + 46}" text-anchor="middle">'
        "Week ending on Sunday</text>"
    )


def curve(points: Sequence[Point | None]) -> str:
    """Return a product's line, which is broken where a count is unknown."""
    path, pen = "", "M"
    for point in points:
        if point is None:
            pen = "M"
        else:
            path += f"{pen}{point[0]:.1f} {point[1]:.1f}"
            pen = "L"
    dots = (f'<circle cx="{p[0]:.1f}" cy="{p[1]:.1f}" r="2.5"/>' for p in points if p)
    return f'<path class="line" d="{path}"/>{"".join(dots)}'


def label(
    product: str, counts: Sequence[int | None], end: Point, height: float
) -> Iterator[str]:
    """Yield a product's name and latest count, and what leads from its line to it."""
    latest = next(count for count in reversed(counts) if count is not None)
    yield (
        f'<path class="leader" d="M{end[0] + 5:.1f} {end[1]:.1f}'
        f'L{RIGHT + 10} {height:.1f}h8"/>'
    )
    yield (
        f'<text class="name" x="{RIGHT + 24}" y="{height:.1f}" dy="4">'
        f"{PRODUCTS[product][0]} {latest}</text>"
    )


def apart(heights: Mapping[str, float]) -> Mapping[str, float]:
    """Return heights moved away from each other until labels do not touch."""
    moved = dict(heights)
    order = sorted(moved, key=lambda product: moved[product])
    # Each round halves what is left to do.
    for _ in range(100):
        for upper, lower in pairwise(order):
            missing = LINE_HEIGHT - (moved[lower] - moved[upper])
            if missing > 0:
                moved[upper] -= missing / 2
                moved[lower] += missing / 2
    return moved


if __name__ == "__main__":
    PICTURE.write_text(draw(read()), encoding="utf-8")
