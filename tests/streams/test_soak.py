"""A thousand requests of which one in ten goes wrong, and not a row is lost."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pendulum
import pytest

from tests import ledger, truth
from tests.simulator import FAULTS
from tests.singer import run
from tests.streams.faults_expected import QUICK

if TYPE_CHECKING:
    from tests.simulator import Simulator
    from tests.singer import Output

TODAY = pendulum.Date(2026, 4, 14)
DAYS = [date(2026, 4, day) for day in range(4, 14)]
COMPANY = {"users": 25, "projects": 20, "empty_page_every": 7}
GROUP_BY = ["product", "model"]
EXPIRED = FAULTS["expired_cursor"]


def same_of(output: Output) -> list[str]:
    """Return what is the same in all runs: each record once, without its instants."""
    instants = {"snapshot_at", "data_refreshed_at"}
    records = [m["record"] for m in output.messages if m["type"] == "RECORD"]
    alike = (repr({n: v for n, v in r.items() if n not in instants}) for r in records)
    return [*dict.fromkeys(alike)]


@pytest.mark.slow
@pytest.mark.usefixtures("short_waits")
def test_soak(simulator: Simulator) -> None:
    """All streams are the truth at the end of one run, however many requests run at once.

    Their records come in the same order too.
    """
    records = {}
    for parallel, seed in ((1, 1), (32, 3)):
        simulator.requests.clear()
        # Fewer of these: three in a row at one day, which has many pages, fail its stream.
        simulator.fail(EXPIRED, share=0.01, seed=seed)
        simulator.fail(*QUICK, share=0.09, seed=seed + 1)
        output = run(
            simulator,
            *truth.ALL,
            *ledger.STREAMS,
            start_date=DAYS[0].isoformat(),
            end_date=DAYS[-1].isoformat(),
            data_delay_days=1,
            report_group_by=GROUP_BY,
            page_size=1,
            max_parallel_requests=parallel,
        )
        simulator.recover()
        befell = Counter(request.fault for request in simulator.requests)
        assert output.failures == ()
        for stream in truth.STREAMS:
            truth.assert_current_rows(simulator, stream, DAYS, output)
        for stream in ledger.STREAMS:
            ledger.assert_current_sums(simulator, stream, DAYS, output, group_by=GROUP_BY)
        assert befell.total() >= 1000
        healthy = befell.pop(None)
        assert set(befell) == {fault.name for fault in (*QUICK, EXPIRED)}
        assert befell.total() > healthy / 12
        records[parallel] = same_of(output)
    assert records[1] == records[32]
