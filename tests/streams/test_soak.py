"""Ten thousand requests of which one in twenty goes wrong, and not a row is lost."""

from __future__ import annotations

import logging
import time
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pendulum
import pytest

from tap_claude_analytics.common import clock
from tests import ledger, truth
from tests.simulator import FAULTS, Options, Simulator
from tests.singer import run
from tests.streams.faults_expected import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

REQUESTS = 10_000
FIRST, LAST = date(2026, 1, 5), date(2026, 4, 13)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
TODAY = pendulum.Date(2026, 4, 14)
GROUP_BY = ["product", "model"]

EXPIRED = FAULTS["expired_cursor"]
SHARE = 0.047
#: Fewer of these: three in a row at one day, which has many pages, fail its stream.
SHARE_EXPIRED = 0.003


@pytest.mark.slow
def test_soak(
    set_today: Callable[[pendulum.Date], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """All streams are complete at the end of one run, and exactly the truth."""
    # Thousands of lines about waits are of no use to anybody.
    caplog.set_level(logging.WARNING)
    waited = 0.0

    def sleep(seconds: float) -> None:
        nonlocal waited
        waited += seconds
        time.sleep(seconds / 1000)

    monkeypatch.setattr(clock, "sleep", sleep)
    monkeypatch.setattr(clock, "seconds", lambda: time.monotonic() + waited)
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=25, projects=20)) as simulator:
        simulator.fail(EXPIRED, share=SHARE_EXPIRED, seed=1)
        simulator.fail(*QUICK, share=SHARE, seed=2)
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
        requests = befell.total()
        assert output.failures == ()
        for stream in truth.STREAMS:
            truth.assert_current_rows(simulator, stream, DAYS, output)
        for stream in ledger.STREAMS:
            ledger.assert_current_sums(simulator, stream, DAYS, output, group_by=GROUP_BY)
    healthy = befell.pop(None)
    assert requests >= REQUESTS
    assert set(befell) == {fault.name for fault in (*QUICK, EXPIRED)}
    assert 0.04 < (requests - healthy) / requests < 0.06
