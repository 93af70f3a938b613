"""The same records in the same order, however many requests run at once."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING

from tests.benchmark.runs import UNLIMITED, run, together
from tests.benchmark.serving import serving
from tests.benchmark.table import Line, Promise, Result

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from tests.benchmark.runs import Bench, Run

USERS = 1500
LATENCY, JITTER = 0.05, 0.3
PARALLEL = (1, 4, 32)
_OF_THE_RUN = re.compile(rb'"(snapshot_at|time_extracted)":\s*"[^"]*"')


def fingerprint(output: Path) -> tuple[int, str]:
    """Count the records of an output, and hash them but for what is of the run."""
    records, digest = 0, hashlib.sha256()
    with output.open("rb") as lines:
        for line in lines:
            if re.match(rb'{"type":\s*"RECORD"', line):
                records += 1
                digest.update(_OF_THE_RUN.sub(b"", line))
    return records, digest.hexdigest()


def measure(bench: Bench) -> Result:
    """Load all default streams from a server whose answers overtake each other."""
    first = bench.days_back(8 if bench.quick else 20)
    missing = bench.missing("max_parallel_requests")
    parallel = (1,) if missing else PARALLEL
    outputs = {at_once: bench.tap.output_file() for at_once in parallel}
    runs = together(
        {
            f"(c) tap, {at_once} at once": partial(_load, bench, first, at_once, output)
            for at_once, output in outputs.items()
        }
    )
    prints = [fingerprint(output) for output in outputs.values()]
    for output in outputs.values():
        output.unlink()
    lines = [
        Line(
            subject=name,
            run=of_one,
            records=records,
            needed=bench.first_load(of_one.counters, first),
        )
        for (name, of_one), (records, _) in zip(runs.items(), prints, strict=True)
    ]
    return Result(
        title=(
            f"order: {LATENCY * 1000:.0f} to {(LATENCY + JITTER) * 1000:.0f} ms latency, no"
            " limit"
        ),
        lines=lines,
        promises=[
            Promise(
                text="byte-identical records in the same order, whatever the parallelism",
                kept=None if missing else len(set(prints)) == 1,
                figures=missing or ", ".join(digest[:12] for _, digest in prints),
            )
        ],
    )


def _load(bench: Bench, first: date, at_once: int, output: Path) -> Run:
    with serving(users=USERS, latency=LATENCY, jitter=JITTER) as served:
        command = bench.tap.command(
            served.url,
            first,
            requests_per_minute=UNLIMITED,
            max_parallel_requests=at_once,
        )
        return run(served, command, output)
