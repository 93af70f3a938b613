"""Results as text that a person can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .runs import Run

VERDICTS = {True: "kept", False: "BROKEN", None: "not shown"}


@dataclass(frozen=True)
class Line:
    """One program in one scenario.

    Attributes:
        records: How many records it wrote; None if that is not what it is about.
        needed: How many requests it had to make at least, 429s not counted.
    """

    subject: str
    run: Run
    records: int | None = None
    needed: int | None = None

    @property
    def speed(self) -> float:
        """Records a second, or else answers a second."""
        work = self.records
        if work is None:
            work = self.run.counters["requests"] - self.run.counters["refused"]
        return work / self.run.measured.wall


@dataclass(frozen=True)
class Promise:
    """A promise, and whether the figures keep it.

    Attributes:
        kept: None if nothing could be measured.
        figures: The figures, or why there are none.
    """

    text: str
    kept: bool | None
    figures: str


@dataclass(frozen=True)
class Result:
    """What a scenario showed."""

    title: str
    lines: Sequence[Line] = ()
    promises: Sequence[Promise] = ()


_FIGURES = (
    *("ratio", "wall s", "CPU s", "peak MB", "requests", "needed", "429s", "repeated"),
    *("at once", "server CPU s"),
)


def render(result: Result) -> str:
    """Write a scenario as a heading, a table and its promises.

    The ratio is that of the speed to the first line's.
    """
    text = [result.title]
    if result.lines:
        first = result.lines[0]
        unit = "answers/s" if first.records is None else "records/s"
        head = ("", unit, *_FIGURES)
        text += _aligned([head, *(_cells(line, first) for line in result.lines)])
    text += [
        f"  {VERDICTS[promise.kept]}: {promise.text} ({promise.figures})"
        for promise in result.promises
    ]
    return "\n".join(text)


def _cells(line: Line, first: Line) -> tuple[str, ...]:
    measured, counters = line.run.measured, line.run.counters
    return (
        line.subject,
        f"{line.speed:,.1f}",
        f"{line.speed / first.speed:.2f}",
        f"{measured.wall:.2f}",
        f"{measured.cpu:.2f}",
        f"{measured.peak:.0f}",
        str(counters["requests"]),
        "" if line.needed is None else str(line.needed),
        str(counters["refused"]),
        str(counters["repeated"]),
        str(counters["most_in_flight"]),
        f"{counters['cpu_seconds']:.2f}",
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        name, *figures = (
            f"{cell:<{width}}" if place == 0 else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"  {'  '.join((name, *figures))}".rstrip()
