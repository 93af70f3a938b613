"""Results as text that a person can read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .runs import Run

VERDICTS = {True: "kept", False: "BROKEN", None: "not shown"}


@dataclass(frozen=True)
class Line:
    """One program in one scenario."""

    subject: str
    run: Run
    records: int = 0  # that it wrote, if that is what it is about
    needed: int = 0  # requests that it had to make at least, without 429s

    @property
    def speed(self) -> float:
        """Records a second, or else answers a second."""
        work = self.records or self.run.requests - self.run.refused
        return work / self.run.wall


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
    table = [[*rows[0]], *([*row.values()] for row in rows)] if rows else []
    promises = (
        f"  {VERDICTS[promise.kept]}: {promise.text} ({promise.figures})"
        for promise in result.promises
    )
    return "\n".join([result.title, *_aligned(table), *promises])


def _cells(line: Line, first: Line) -> dict[str, str]:
    """Return the cells of a line by column; the ratio is that to the first line's speed."""
    run = line.run
    return {
        "": line.subject,
        "records/s" if first.records else "answers/s": f"{line.speed:,.1f}",
        "ratio": f"{line.speed / first.speed:.2f}",
        "wall s": f"{run.wall:.2f}",
        "CPU s": f"{run.cpu:.2f}",
        "peak MB": f"{run.peak:.0f}",
        "requests": str(run.requests),
        "needed": str(line.needed or ""),
        "429s": str(run.refused),
        "repeated": str(run.repeated),
        "at once": str(run.most_in_flight),
        "server CPU s": f"{run.server_cpu:.2f}",
    }


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Align names, in the first column, to the left and figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *figures in rows:
        cells = map(str.rjust, figures, widths[1:])
        yield f"  {'  '.join([name.ljust(widths[0]), *cells])}".rstrip()
