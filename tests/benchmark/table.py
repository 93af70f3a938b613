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
    """One program in one scenario."""

    subject: str
    run: Run
    records: int | None = None  # that it wrote, if that is what it is about
    needed: int | None = None  # requests that it had to make at least, without 429s

    @property
    def speed(self) -> float:
        """Records a second, or else answers a second."""
        work = self.records
        if work is None:
            work = self.run.counters["requests"] - self.run.counters["refused"]
        return work / self.run.measured.wall


@dataclass(frozen=True)
class Promise:
    """A promise, and whether the figures keep it: None if nothing could be measured."""

    text: str
    kept: bool | None
    figures: str


@dataclass(frozen=True)
class Result:
    """What a scenario showed."""

    title: str
    lines: Sequence[Line] = ()
    promises: Sequence[Promise] = ()


def render(result: Result) -> str:
    """Write a scenario as a heading, a table and its promises."""
    rows = [_cells(line, result.lines[0]) for line in result.lines]
    table = [[*row.values()] for row in rows]
    promises = (
        f"  {VERDICTS[promise.kept]}: {promise.text} ({promise.figures})"
        for promise in result.promises
    )
    return "\n".join(
        [result.title, *(_aligned([[*rows[0]], *table]) if rows else ()), *promises]
    )


def _cells(line: Line, first: Line) -> dict[str, str]:
    """Return the cells of a line by column; the ratio is that to the first line's speed."""
    measured, counters = line.run.measured, line.run.counters
    return {
        "": line.subject,
        "answers/s" if first.records is None else "records/s": f"{line.speed:,.1f}",
        "ratio": f"{line.speed / first.speed:.2f}",
        "wall s": f"{measured.wall:.2f}",
        "CPU s": f"{measured.cpu:.2f}",
        "peak MB": f"{measured.peak:.0f}",
        "requests": str(counters["requests"]),
        "needed": "" if line.needed is None else str(line.needed),
        "429s": str(counters["refused"]),
        "repeated": str(counters["repeated"]),
        "at once": str(counters["most_in_flight"]),
        "server CPU s": f"{counters['cpu_seconds']:.2f}",
    }


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Align names, in the first column, to the left and figures to the right."""
    width, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
    for name, *figures in rows:
        cells = (f"{figure:>{w}}" for figure, w in zip(figures, widths, strict=True))
        yield f"  {'  '.join((f'{name:<{width}}', *cells))}".rstrip()
