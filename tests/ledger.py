"""A target's tables for usage and cost, and the truth that they must add up to."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Context, Decimal, localcontext
from typing import Any, TypeAlias

from tests.simulator import Simulator
from tests.singer import Output

Record: TypeAlias = dict[str, Any]
#: The bucket and the dimensions of a row, with the identity of its actor.
Cell: TypeAlias = tuple[str, ...]

#: More digits than any sum has.
EXACT = Context(prec=100)

_TOKENS = ("output_tokens", "uncached_input_tokens", "cache_read_input_tokens")
MEASURES = {
    "usage": ("requests", *_TOKENS),
    "cost": ("amount", "list_amount", "requests"),
}
_LEGACY = ("user_usage_report", "user_cost_report", "usage_report", "cost_report")
STREAMS = ("usage", "cost", *_LEGACY)
REPORT_KEYS = dict.fromkeys(STREAMS, ("starting_at", "row_key"))


class Target:
    """Tables as a target keeps them that upserts by key and deletes nothing."""

    def __init__(
        self, *outputs: Output, keys: Mapping[str, Sequence[str]] = REPORT_KEYS
    ) -> None:
        """Load the records of some runs into a table for each stream that has keys."""
        self.keys = keys
        self.tables: dict[str, dict[tuple[Any, ...], Record]] = defaultdict(dict)
        self.readings: dict[tuple[str, str], Record] = {}
        for output in outputs:
            self.load(output)

    def load(self, output: Output) -> None:
        """Load the records of a run."""
        for stream, names in self.keys.items():
            for record in output.records(stream):
                self.tables[stream][tuple(record[name] for name in names)] = record
        for reading in output.records("readings"):
            self.readings[reading["stream"], reading["date"]] = reading

    def days(self, stream: str) -> list[str]:
        """Return the days of a stream that have been read."""
        return sorted(day for name, day in self.readings if name == stream)

    def current(self, stream: str) -> list[Record]:
        """Return the rows that count: those not older than their day's reading."""
        return [
            record
            for record in self.tables[stream].values()
            if (reading := self.readings.get((stream, record["date"])))
            and record["snapshot_at"] >= reading["snapshot_at"]
        ]


def actor_identity(actor: Record | None) -> str:
    """Return what tells an actor apart, whatever its kind."""
    if actor is None:
        return ""
    changing = {"name", "email_address", "deleted"}
    return json.dumps({n: actor[n] for n in actor if n not in changing}, sort_keys=True)


def cells(
    rows: Iterable[Record], dimensions: Sequence[str], measures: Sequence[str]
) -> dict[Cell, tuple[Decimal, ...]]:
    """Count and add up the rows per bucket and value of each dimension."""
    sums: dict[Cell, list[Decimal]] = {}
    with localcontext(EXACT):
        for row in rows:
            values = (
                actor_identity(row["actor"]) if name == "actor" else str(row[name])
                for name in dimensions
            )
            total = sums.setdefault(
                (row["starting_at"], *values), [Decimal(0)] * (1 + len(measures))
            )
            total[0] += 1
            for index, name in enumerate(measures, 1):
                total[index] += Decimal(row[name] or 0)
    return {cell: tuple(total) for cell, total in sums.items()}


def dimensions_of(stream: str, group_by: Sequence[str]) -> list[str]:
    """Return what tells rows apart; legacy reports have actors if they are of users."""
    if stream in {"usage", "cost"}:
        return list(group_by)
    others = [name for name in group_by if name != "actor"]
    return [*others, "actor"] if stream.startswith("user_") else others


def truth_rows(
    simulator: Simulator,
    stream: str,
    days: tuple[date, date],
    bucket_width: str,
    group_by: Sequence[str],
) -> list[Record]:
    """Return the true rows of the days (the second one not included), flat."""
    is_beta = stream in {"usage", "cost"}
    sent = [name for name in group_by if is_beta or name != "actor"]
    rows = simulator.truth_report(stream, *days, bucket_width=bucket_width, group_by=sent)
    if is_beta:
        return [{**row, **row["group"], **row[stream]} for row in rows]
    if stream in {"usage_report", "cost_report"}:
        return [{**row, **result} for row in rows for result in row["results"]]
    return rows


def assert_sums(
    target: Target,
    simulator: Simulator,
    stream: str,
    days: tuple[date, date],
    bucket_width: str = "1d",
    group_by: Sequence[str] = ("actor", "product", "model"),
) -> None:
    """Check that the current rows of each cell are the truth, to the last digit.

    The second of the days is not included.
    """
    rows = truth_rows(simulator, stream, days, bucket_width, group_by)
    _assert_same(target, stream, rows, dimensions_of(stream, group_by))


def _assert_same(
    target: Target, stream: str, rows: list[Record], dimensions: Sequence[str]
) -> None:
    measures = MEASURES["cost" if "cost" in stream else "usage"]
    current = cells(target.current(stream), dimensions, measures)
    assert current == cells(rows, dimensions, measures) != {}


def assert_current_sums(
    simulator: Simulator,
    stream: str,
    days: Sequence[date],
    *outputs: Output,
    group_by: Sequence[str],
    copies: int = 1,
) -> None:
    """Check a target that loaded all outputs, and that these days in a row were read.

    The API may have given copies of every row; of a row whose dimensions all have a value,
    a target keeps one.
    """
    target = Target(*outputs)
    assert target.days(stream) == [day.isoformat() for day in days]
    if days:
        span = (days[0], days[-1] + timedelta(days=1))
        dimensions = dimensions_of(stream, group_by)
        kept: list[Record] = []
        for row in truth_rows(simulator, stream, span, "1d", group_by):
            kept += [row] * (copies if None in map(row.get, dimensions) else 1)
        _assert_same(target, stream, kept, dimensions)
