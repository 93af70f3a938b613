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

TODAY = pendulum.Date(2026, 4, 14)
DAYS = [date(2026, 4, day) for day in range(4, 14)]
GROUP_BY = ["product", "model"]
EXPIRED = FAULTS["expired_cursor"]


COMPANY = {"users": 25, "projects": 20}


@pytest.mark.slow
@pytest.mark.usefixtures("short_waits")
def test_soak(simulator: Simulator) -> None:
    """All streams are complete at the end of one run, and exactly the truth."""
    # Fewer of these: three in a row at one day, which has many pages, fail its stream.
    simulator.fail(EXPIRED, share=0.01, seed=1)
    simulator.fail(*QUICK, share=0.09, seed=2)
    output = run(
        simulator,
        *truth.ALL,
        *ledger.STREAMS,
        start_date=DAYS[0].isoformat(),
        end_date=DAYS[-1].isoformat(),
        data_delay_days=1,
        report_group_by=GROUP_BY,
        page_size=1,
    )
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
