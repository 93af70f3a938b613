"""The same records in the same order, however many requests run at once."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING

from tests.benchmark.runs import together
from tests.benchmark.table import Line, Promise, Result

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmark.runs import Bench

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
    service = {"users": USERS, "latency": LATENCY, "jitter": JITTER}
    outputs = {at_once: bench.tap.output_file() for at_once in PARALLEL}
    runs = together(
        {
            f"(c) tap, {at_once} at once": partial(
                bench.load, first, service, output, max_parallel_requests=at_once
            )
            for at_once, output in outputs.items()
        }
    )
    prints = [fingerprint(output) for output in outputs.values()]
    for output in outputs.values():
        output.unlink()
    return Result(
        f"order: {LATENCY * 1000:.0f} to {(LATENCY + JITTER) * 1000:.0f} ms latency, no"
        " limit",
        [
            Line(name, of_one, records, bench.first_load(of_one.counters, first))
            for (name, of_one), (records, _) in zip(runs.items(), prints, strict=True)
        ],
        [
            Promise(
                "byte-identical records in the same order, whatever the parallelism",
                len(set(prints)) == 1,
                ", ".join(digest[:12] for _, digest in prints),
            )
        ],
    )
