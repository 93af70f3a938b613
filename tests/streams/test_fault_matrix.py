"""Every fault of the simulator: the truth, or a clean failure that the next run mends."""

import logging
import re
from collections import Counter
from datetime import date
from functools import partial
from typing import Any

import pendulum
import pytest

from tap_claude_analytics.api import client
from tap_claude_analytics.api.client import url_path
from tap_claude_analytics.streams.readings import Readings
from tap_claude_analytics.streams.specs import SPECS
from tests import ledger, truth
from tests.simulator import FAULTS, Simulator
from tests.simulator.faults import ENDLESS, GATEWAYS, PASSING
from tests.singer import Organize, Output, SetToday, run
from tests.streams.faults_expected import CASES, NO_ANSWER, QUICK, SLOW, Case

TODAY = pendulum.Date(2026, 3, 16)
DAYS = [date(2026, 3, day) for day in (13, 14, 15)]
FIRST, _, LAST = DAYS
#: Days that only the longest test reads.
EARLIER = [date(2026, 3, day) for day in range(1, 13)]
#: What differs from run to run.
INSTANTS = {"snapshot_at", "data_refreshed_at"}
GROUP_BY = ["model"]
SETTINGS: dict[str, Any] = {
    "start_date": FIRST.isoformat(),
    "data_delay_days": 1,
    "lookback_days": 0,
    "report_lookback_days": 0,
    "report_group_by": GROUP_BY,
    "page_size": 2,
}
#: Pages of an answer, as many as any has here, and some more.
MOST_PAGES = 12

PATHS = {spec.name: spec.path for spec in SPECS}
#: One stream of each source.
KINDS = ("org_summaries", "skills", "usage", "org_summaries_by_team", "members")
#: Streams that send one request here, and those whose answers all have one page.
ONE_REQUEST = {"adoption", "org_summaries", "usage_report", "cost_report"}
ONE_PAGE = ONE_REQUEST | {"artifacts", "org_summaries_by_team"}
#: Streams that a fault cannot befall.
SPARED = {
    "expired_cursor": ONE_PAGE,
    "rows_of_another_day": {*truth.SNAPSHOTS},
    "not_yet": {*truth.SNAPSHOTS},
    # What is taken from a team's summaries would be missing in those that were read before.
    "revised_rows": {"org_summaries_by_team"},
}
#: A stream that knows nothing of the trouble of those.
NEIGHBOUR = "invites"
#: A case of each way to end, and of each way to come to the truth.
WAYS = (
    "status_503-once",
    "expired_cursor-once",
    "rows_twice-always",
    "null-once",
    "not_yet-always",
)
#: After other faults, records come again with a later reading.
READ_ONCE = {*PASSING, "empty_page_with_a_cursor", "stale_cursor"}

SHARED_KEYS = re.compile(
    r"(\d+) of the (\d+) rows of \S+ share a primary key .* will keep (\d+)\."
)

COMPANY: dict[str, Any] = {"users": 16, "projects": 30}

pytestmark = pytest.mark.usefixtures("short_waits")

assert_holds_truth = partial(truth.assert_current_rows, group_by=GROUP_BY)


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read streams, and what says which of their days have been read."""
    return run(simulator, *streams, "readings", **{**SETTINGS, **settings})


def days_of(stream: str) -> list[date]:
    """Return the days that a run reads: usage and cost also of today, others only today."""
    if stream in truth.SNAPSHOTS:
        return [TODAY]
    return [*DAYS, TODAY] if stream in ledger.STREAMS else DAYS


def true_count(simulator: Simulator, stream: str) -> int:
    """Return how many rows there are."""
    if stream in ledger.STREAMS:
        span = (FIRST, TODAY.add(days=1))
        return len(ledger.truth_rows(simulator, stream, span, "1d", GROUP_BY))
    return sum(len(truth.records(simulator, stream, day)) for day in days_of(stream))


def assert_confirms_whole_days(output: Output, stream: str) -> None:
    """No STATE names a day whose reading was not written before, nor skips one."""
    last = TODAY if stream in truth.SNAPSHOTS else LAST
    truth.assert_confirms_whole_days(output, stream, last)
    days = [day.isoformat() for day in days_of(stream)]
    read_days = output.read_days(stream)
    assert read_days == days[: len(read_days)]


RUNS: dict[str, tuple[Case, tuple[str, ...]]] = {
    name: (case, KINDS) for name, case in CASES.items()
}
RUNS |= {f"{name}-every-stream": (CASES[name], tuple(PATHS)) for name in WAYS}


@pytest.mark.slow
@pytest.mark.parametrize(("case", "streams"), RUNS.values(), ids=RUNS)
def test_every_fault(
    simulator: Simulator,
    case: Case,
    streams: tuple[str, ...],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It loses and doubles nothing, and harms no stream that it does not befall."""
    fault, is_lasting = case.fault, case.extent == "lasting"
    if fault.name in SLOW:
        request.getfixturevalue("impatient")
    if fault.name in ENDLESS:
        monkeypatch.setattr(client, "_MAX_ROWS", MOST_PAGES * SETTINGS["page_size"])
    for stream in streams:
        nth = 1 if stream in ONE_REQUEST else 2
        if fault.name == "expired_cursor":
            nth = 4 if streams == KINDS else 1  # some have one cursor only
        which = {"once": {"nth": nth}, "lasting": {"since": nth}, "always": {}}
        is_befallen = stream not in SPARED.get(fault.name, ())
        if is_befallen:
            simulator.fail(fault, path=PATHS[stream], **which[case.extent])
        retries = 2 if is_lasting else 8
        output = read(simulator, stream, NEIGHBOUR, max_retries=retries)
        hits = [request.fault for request in simulator.requests].count(fault.name)
        simulator.recover()
        simulator.requests.clear()
        assert bool(hits) is is_befallen
        assert hits <= MOST_PAGES + 1 or not is_lasting
        assert_confirms_whole_days(output, stream)
        if stream != NEIGHBOUR:
            assert_holds_truth(simulator, NEIGHBOUR, days_of(NEIGHBOUR), output)
        if case.sentence and is_befallen:
            assert_ends(simulator, case, stream, output)
            continue
        assert not output.failures
        if fault.name == "rows_twice":
            assert_holds_what_came_twice(simulator, stream, output)
            continue
        assert_holds_truth(simulator, stream, days_of(stream), output)
        if fault.name in READ_ONCE or not is_befallen:
            assert len(output.records(stream)) == true_count(simulator, stream)


def assert_ends(simulator: Simulator, case: Case, stream: str, first: Output) -> None:
    """Check what is said and read of a stream, and that the next run completes it."""
    days, read_days = days_of(stream), first.read_days(stream)
    # Only engagement has days that are not there yet: that is no failure.
    if case.fault.name == "not_yet" and stream not in ledger.STREAMS:
        assert not first.failures
        assert len(read_days) == len(days) - 1
    else:
        assert first.failed == [stream]
        assert f"GET {url_path(PATHS[stream]).partition('/{')[0]}" in first.failure
        assert case.sentence in first.failure
        has_id = case.sentence != NO_ANSWER and case.fault.name not in GATEWAYS
        assert not has_id or "(request id req_" in first.failure
        assert len(read_days) < len(days)
    assert_holds_truth(simulator, stream, days[: len(read_days)], first)
    begun = {day.isoformat() for day in days[: len(read_days) + 1]}
    assert first.by_day(stream).keys() <= begun
    # The members of half an organisation are no answer.
    assert read_days or stream not in truth.SNAPSHOTS or not first.records(stream)
    second = read(simulator, stream, state=first.state)
    simulator.requests.clear()
    assert not second.failures
    assert set(read_days).isdisjoint(second.read_days(stream))
    assert_holds_truth(simulator, stream, days, first, second)


def assert_holds_what_came_twice(simulator: Simulator, stream: str, output: Output) -> None:
    """Check that of two rows one stays, or both where nothing tells rows apart."""
    assert len(output.records(stream)) == 2 * true_count(simulator, stream)
    # Those without an id are numbered, so that both stay.
    if stream.startswith("plugins"):
        return
    told = [match for line in output.logged if (match := SHARED_KEYS.fullmatch(line))]
    assert told
    for match in told:
        shared, rows, kept = map(int, match.groups())
        assert shared + kept == rows
    assert_holds_truth(simulator, stream, days_of(stream), output, copies=2)


def test_an_exception_that_nobody_foresaw(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It fails the streams that it comes in, and leaves the days before it read.

    The sentence says where it is, and where to report it. Its text may quote a record.
    """
    text, write = "Zoe Quillfeather", Readings.write

    def fail_on_the_last_day(
        readings: Readings, stream: str, day: str, **said: Any
    ) -> None:
        if stream in KINDS and day == days_of(stream)[-1].isoformat():
            raise ZeroDivisionError(text)
        write(readings, stream, day, **said)

    monkeypatch.setattr(Readings, "write", fail_on_the_last_day)
    with caplog.at_level(logging.DEBUG):
        output = read(simulator, *KINDS, NEIGHBOUR)
    assert output.failed == sorted(KINDS)
    for sentence in output.failures:
        assert "Unexpected ZeroDivisionError in test_fault_matrix.py, line " in sentence
        assert "please report it at https://" in sentence
        assert text not in sentence
    assert text not in caplog.text
    assert "unhandled error" not in caplog.text
    assert "Traceback" in caplog.text
    for stream in KINDS:
        assert_confirms_whole_days(output, stream)
        days = [day.isoformat() for day in days_of(stream)]
        assert output.read_days(stream) == days[:-1]
    assert_holds_truth(simulator, NEIGHBOUR, days_of(NEIGHBOUR), output)


@pytest.mark.parametrize("days_off", [-1, 1])
def test_wrong_clock(simulator: Simulator, set_today: SetToday, days_off: int) -> None:
    """The clock of this machine may be a day behind or ahead; nothing is skipped."""
    streams = [stream for stream in KINDS if stream not in truth.SNAPSHOTS]
    for path in {PATHS[stream] for stream in streams}:
        simulator.fail(FAULTS["rate_limit_until_a_date"], path=path, nth=1)
    set_today(TODAY.add(days=days_off))
    first = read(simulator, *streams, max_retry_wait=2)
    assert not first.failures
    set_today(TODAY)
    second = read(simulator, *streams, state=first.state)
    assert not second.failures
    for stream in streams:
        assert (first.bookmark(stream) or "")[:10] <= LAST.isoformat()
        assert (second.bookmark(stream) or "")[:10] == LAST.isoformat()
        days = days_of(stream)
        if stream in ledger.STREAMS and days_off > 0:
            days = [*days, TODAY.add(days=1)]  # The current day, as the tap knew it.
        assert_holds_truth(simulator, stream, days, first, second)


@pytest.mark.slow
def test_a_thousand_requests_of_which_many_go_wrong(organization: Organize) -> None:
    """All streams are the truth at the end of one run, however many requests run at once.

    Their records come in the same order too.
    """
    simulator = organization(users=25, projects=20, empty_page_every=7)
    streams, days = (*truth.STREAMS, *ledger.STREAMS), [*EARLIER, *DAYS]
    expired, records = FAULTS["expired_cursor"], {}
    for parallel, seed in ((1, 1), (32, 3)):
        simulator.requests.clear()
        # Fewer of these: three in a row at one day, which has many pages, fail its stream.
        simulator.fail(expired, share=0.01, seed=seed)
        simulator.fail(*QUICK, share=0.09, seed=seed + 1)
        often: dict[str, Any] = {"page_size": 1, "max_parallel_requests": parallel}
        output = read(simulator, *streams, start_date=days[0], end_date=LAST, **often)
        simulator.recover()
        befell = Counter(request.fault for request in simulator.requests)
        assert not output.failures
        for stream in streams:
            assert_holds_truth(simulator, stream, days, output)
        for stream in truth.STREAMS:
            truth.assert_confirms_whole_days(output, stream, LAST)
        assert befell.total() >= 1000
        healthy = befell.pop(None)
        assert set(befell) == {fault.name for fault in (*QUICK, expired)}
        assert befell.total() > healthy / 12
        # Each record once, for those of a day come again if its cursor expires.
        alike = (
            repr({n: v for n, v in message["record"].items() if n not in INSTANTS})
            for message in output.messages
            if message["type"] == "RECORD"
        )
        records[parallel] = [*dict.fromkeys(alike)]
    assert records[1] == records[32]
