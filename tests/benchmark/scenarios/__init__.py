"""What is run, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import counts, memory, order, pace, parallel, records, refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmark.runs import Bench
    from tests.benchmark.table import Result

SCENARIOS: dict[str, Callable[[Bench], Result]] = {
    "records": records.measure,
    "parallel": parallel.measure,
    "pace": pace.measure,
    "refusals": refusals.measure,
    "counts": counts.measure,
    "memory": memory.measure,
    "order": order.measure,
}
