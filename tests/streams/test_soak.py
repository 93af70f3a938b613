"""A thousand requests of which one in ten goes wrong, and not a row is lost."""

from collections import Counter
from datetime import date

import pendulum
import pytest

from tests import ledger, truth
from tests.simulator import FAULTS, Simulator
from tests.singer import run
from tests.streams.faults_expected import QUICK

TODAY = pendulum.Date(2026, 4, 14)
DAYS = [date(2026, 4, day) for day in range(4, 14)]
COMPANY = {"users": 25, "projects": 20, "empty_page_every": 7}
GROUP_BY = ["product", "model"]
EXPIRED = FAULTS["expired_cursor"]
INSTANTS = {"snapshot_at", "data_refreshed_at"}


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
            *(*truth.STREAMS, *ledger.STREAMS),
            start_date=DAYS[0],
            end_date=DAYS[-1],
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
            truth.assert_confirms_whole_days(output, stream, DAYS[-1])
        for stream in ledger.STREAMS:
            ledger.assert_sums(simulator, stream, DAYS, output, group_by=GROUP_BY)
        assert befell.total() >= 1000
        healthy = befell.pop(None)
        assert set(befell) == {fault.name for fault in (*QUICK, EXPIRED)}
        assert befell.total() > healthy / 12
        # Each record once, for those of a day come again if its cursor expires.
        alike = (
            repr({n: v for n, v in message["record"].items() if n not in INSTANTS})
            for message in output.messages
            if message["type"] == "RECORD"
        )
        records[parallel] = [*dict.fromkeys(alike)]
    assert records[1] == records[32]
