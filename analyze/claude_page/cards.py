"""What a card of the page holds, before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from claude_page.spans import Span

#: What is drawn: counts, shares, money.
Number: TypeAlias = "float | Decimal"

#: The colours of products, the same everywhere. They differ for eyes that mix up red and
#: green, too (after Okabe and Ito).
PRODUCTS = {
    "chat_cowork": "#0072b2",
    "chat": "#004f7c",
    "cowork": "#3f9bd3",
    "chat_cowork_unified": "#9ccbe8",
    "claude_code": "#d55e00",
    "office": "#009e73",
    "design": "#cc79a7",
    "science": "#e69f00",
    "claude_tag": "#7d5a3c",
}
#: `usage` and `cost` name some products otherwise than activity does.
ALIASES = {
    "office_agent": "office",
    "claude_design": "design",
    "claude_science": "science",
    "claude-tag": "claude_tag",
}
OTHER = "#9a9690"
INK = "#26241f"
#: Ramps for what is no product: from much to little.
SLATES = ("#2c3e50", "#6b8299", "#a9b9c8", "#d7dfe6")
PLUMS = ("#43195c", "#70438a", "#9b72b0", "#c2a4d1", "#e2d3ea")
SANDS = ("#5b4a2f", "#8f7a54", "#bfab84", "#e0d3b8")


def product_colour(key: str) -> str:
    """Return the colour of a product or product family."""
    return PRODUCTS.get(ALIASES.get(key, key), OTHER)


@dataclass(frozen=True)
class Line:
    """One line of a chart: a value a day, None where there is none."""

    name: str
    colour: str
    values: Mapping[date, Number | None]
    width: float = 2.0
    is_step: bool = False


@dataclass(frozen=True)
class Layer:
    """One layer of a stack, which grows from zero in the order of the layers."""

    name: str
    colour: str
    values: Mapping[date, Number | None]
    #: Whether it grows downwards.
    is_below: bool = False


@dataclass(frozen=True)
class Key:
    """An entry of a legend."""

    name: str
    colour: str
    value: str = ""
    #: `line`, `dash`, `area` or the name of a pattern.
    shape: str = "area"


@dataclass(frozen=True)
class Chart:
    """A chart over days or weeks, drawn for one range of them."""

    span: Span
    unit: str
    #: What tooltips say, by the day or the Monday that they are of.
    hover: Mapping[date, str]
    lines: Sequence[Line] = ()
    stack: Sequence[Layer] = ()
    #: How many days a column of the stack stands for: 1 joins them, 7 makes bars.
    step: int = 1
    #: Days or weeks that have no figures, and those whose figures may change.
    gaps: frozenset[date] = frozenset()
    young: frozenset[date] = frozenset()
    #: Days to mark, with what happened then.
    events: Mapping[date, str] = field(default_factory=dict)
    format: str = "~s"
    #: The top of the axis, if it is not the largest value.
    top: float | None = None
    keys: Sequence[Key] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no value at all in the range."""
        items: list[Line | Layer] = [*self.lines, *self.stack]
        return not any(
            value is not None and day in self.span
            for item in items
            for day, value in item.values.items()
        )


@dataclass(frozen=True)
class Stretch:
    """Days of a row of the strip that are of one state."""

    row: str
    span: Span
    state: str


@dataclass(frozen=True)
class Strip:
    """What is known of each day, a row a stream."""

    span: Span
    rows: Sequence[str]
    stretches: Sequence[Stretch]
    keys: Sequence[Key] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no row."""
        return not self.rows


#: A chart for each range that can be chosen.
Drawn: TypeAlias = "Mapping[str, Chart | Strip]"


@dataclass(frozen=True)
class Bar:
    """A row of a list of bars; the parts are shares of the widest row, 0 to 1."""

    name: str
    value: str
    parts: Sequence[tuple[float, str]] = ()
    note: str = ""
    is_faint: bool = False
    #: Where on the row's length a dot is drawn instead of parts, 0 to 1.
    dot: float | None = None


@dataclass(frozen=True)
class Table:
    """A small table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    faint: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Part:
    """A part of a card: a heading, and one of what it can show."""

    title: str = ""
    charts: Drawn | None = None
    #: The legend of bars.
    keys: Sequence[Key] = ()
    bars: Sequence[Bar] = ()
    table: Table | None = None
    words: str = ""
    is_folded: bool = False


@dataclass(frozen=True)
class Card:
    """A question, what answers it, and what the answer counts."""

    title: str
    says: str
    parts: Sequence[Part]
    notes: Sequence[str] = ()
    #: How many columns of the page it takes, where there are so many.
    columns: int = 1
    #: Whether two cards of the next column may stand beside it.
    is_tall: bool = False


@dataclass(frozen=True)
class Figure:
    """One number at the top of the page."""

    title: str
    value: str
    says: str
    #: The comparison, or why there is no value.
    note: str = ""
    is_young: bool = False
