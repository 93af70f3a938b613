"""A thousand requests of which one in ten goes wrong, and not a row is lost."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pendulum
import pytest

from tests import ledger, truth
from tests.simulator import FAULTS, Options, Simulator
from tests.singer import run
from tests.streams.faults_expected import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

TODAY = pendulum.Date(2026, 4, 14)
FIRST, LAST = date(2026, 4, 4), date(2026, 4, 13)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
GROUP_BY = ["product", "model"]
EXPIRED = FAULTS["expired_cursor"]


@pytest.mark.slow
@pytest.mark.usefixtures("short_waits")
def test_soak(
    set_today: Callable[[pendulum.Date], None], caplog: pytest.LogCaptureFixture
) -> None:
    """All streams are complete at the end of one run, and exactly the truth."""
    # Hundreds of lines about waits are of no use to anybody.
    caplog.set_level(logging.WARNING)
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=25, projects=20)) as simulator:
        # Fewer of these: three in a row at one day, which has many pages, fail its stream.
        simulator.fail(EXPIRED, share=0.01, seed=1)
        simulator.fail(*QUICK, share=0.09, seed=2)
        output = run(
            simulator,
            *truth.ALL,
            *ledger.STREAMS,
            start_date=FIRST.isoformat(),
            end_date=LAST.isoformat(),
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
