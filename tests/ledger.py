"""A target's tables for usage and cost, and the truth that they must add up to."""

import json
from collections.abc import Iterable, Sequence
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


def loaded(
    stream: str, keys: Sequence[str], *outputs: Output
) -> tuple[list[str], list[Record]]:
    """Return which days a target has of a stream after some runs, and the rows that count.

    It upserts by key and deletes nothing, so rows that are older than the reading of their
    day do not count.
    """
    readings, table = dict[str, str](), dict[tuple[Any, ...], Record]()
    for output in outputs:
        table |= {tuple(map(r.get, keys)): r for r in output.records(stream)}
        for reading in output.records("readings"):
            if reading["stream"] == stream:
                readings[reading["date"]] = reading["snapshot_at"]
    rows = [row for row in table.values() if row["date"] in readings]
    current = [row for row in rows if row["snapshot_at"] >= readings[row["date"]]]
    return sorted(readings), current


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
    simulator: Simulator,
    stream: str,
    days: Sequence[date],
    *outputs: Output,
    bucket_width: str = "1d",
    group_by: Sequence[str] = ("actor", "product", "model"),
    copies: int = 1,
) -> None:
    """Check that a target that loaded all outputs has these days in a row, and their truth.

    Of each cell the rows that count are counted and added up, to the last digit. The API
    may have given copies of every row; of a row whose dimensions all have a value, a target
    keeps one.
    """
    days_read, current = loaded(stream, REPORT_KEYS[stream], *outputs)
    assert days_read == [day.isoformat() for day in days]
    if not days:
        return
    # Legacy reports have actors if they are of users.
    dimensions = [name for name in group_by if name != "actor" or stream not in _LEGACY]
    dimensions += ["actor"] if stream.startswith("user_") else []
    rows: list[Record] = []
    span = (days[0], days[-1] + timedelta(days=1))
    for row in truth_rows(simulator, stream, span, bucket_width, group_by):
        rows += [row] * (copies if None in map(row.get, dimensions) else 1)
    measures = MEASURES["cost" if "cost" in stream else "usage"]
    sums = cells(rows, dimensions, measures)
    assert cells(current, dimensions, measures) == sums != {}
