"""Every fault of the simulator: the truth, or a clean failure that the next run mends."""

import logging
import re
from collections import Counter
from collections.abc import Collection, Generator, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any

import pendulum
import pytest

from tap_claude_analytics.api import client
from tap_claude_analytics.api.client import url_path
from tap_claude_analytics.records.day import Day
from tap_claude_analytics.streams.day_stream import DayStream
from tap_claude_analytics.streams.specs import SPECS
from tests import ledger, truth
from tests.simulator import FAULTS, Fault, Kind, Simulator
from tests.simulator.organization.catalog import template_of
from tests.simulator.traffic import Exchange, Request
from tests.singer import Output, SetToday, run
from tests.streams import faults_expected
from tests.streams.faults_expected import CASES, NO_ANSWER, Case, Extent, Outcome

TODAY = pendulum.Date(2026, 3, 16)
DAYS = [date(2026, 3, day) for day in (13, 14, 15)]
FIRST, _, LAST = DAYS
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
#: A stream that knows nothing of the trouble of those, and is read before them.
NEIGHBOUR = "artifacts"
#: A case of each way to end, and of each way to come to the truth.
WAYS = (
    "status_503-once",
    "expired_cursor-once",
    "rows_twice-always",
    "null-once",
    "not_yet-always",
)
#: After other faults, records come again with a later reading.
READ_ONCE = {Kind.PASSING, Kind.EMPTY, Kind.STALE}
_ASKERS = {
    (spec.path, spec.group_by): spec.name for spec in SPECS if spec.name != "adoption"
}
#: Streams that depend on answers which another stream has asked for.
_ALSO_ASK = {"adoption": "org_summaries", "team_members": "teams"}

SHARED_KEYS = re.compile(
    r"(\d+) of the (\d+) rows of \S+ share a primary key .* will keep (\d+)\."
)

COMPANY: dict[str, Any] = {"users": 16, "projects": 30}

pytestmark = pytest.mark.usefixtures("short_waits")


def read(streams: Collection[str], simulator: Simulator, **settings: Any) -> Output:
    """Read streams, and what says which of their days have been read."""
    return run(simulator, *streams, "readings", **{**SETTINGS, **settings})


def asker(request: Request) -> str | None:
    """Return the stream that a request was sent for; for adoption, `org_summaries`."""
    path = template_of(request.path)
    if path == "summaries":
        return "org_summaries_by_team" if "filter[]" in request.params else "org_summaries"
    if "starting_date" in request.params:
        return None  # Which teams are active is no stream.
    by = None if path in ledger.STREAMS else request.params.get("group_by[]", [None])[0]
    return _ASKERS[path, by]


def befall(simulator: Simulator, fault: Fault, stream: str, **selection: Any) -> None:
    """Let a fault befall requests of one stream, under the name of the stream."""

    def fits(exchange: Exchange) -> bool:
        return asker(exchange.request) == stream and fault.fits(exchange)

    simulator.fail(replace(fault, name=stream, fits=fits), **selection)


def can_befall(fault: Fault, stream: str) -> bool:
    """Tell whether a fault can befall a request that a stream depends on."""
    if fault.kind is Kind.EXPIRED:
        return stream not in ONE_PAGE
    if fault.kind is Kind.REVISED:
        # What is taken from a team's summaries would be missing in those of all.
        return stream != "org_summaries_by_team"
    return fault.kind not in {Kind.NOT_YET, Kind.MISPLACED} or stream not in truth.SNAPSHOTS


def end_of(case: Case, stream: str) -> Outcome:
    """Return how a stream ends in a case."""
    if not can_befall(case.fault, stream):
        return Outcome.TRUTH
    # Only engagement has days that are not there yet.
    if case.outcome is Outcome.END_FOR_NOW and stream in ledger.STREAMS:
        return Outcome.FAILURE
    return case.outcome


def days_of(stream: str) -> list[date]:
    """Return the days that a run reads: usage and cost also of today, others only today."""
    if stream in truth.SNAPSHOTS:
        return [TODAY]
    return [*DAYS, TODAY] if stream in ledger.STREAMS else DAYS


def assert_holds_truth(
    simulator: Simulator,
    stream: str,
    days: Sequence[date],
    *outputs: Output,
    copies: int = 1,
) -> None:
    """Check the current rows of a target that loaded the outputs, for days in a row."""
    if stream in ledger.STREAMS:
        ledger.assert_sums(
            simulator, stream, days, *outputs, group_by=GROUP_BY, copies=copies
        )
    else:
        truth.assert_current_rows(simulator, stream, days, *outputs)


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
@pytest.mark.parametrize(("case", "befallen"), RUNS.values(), ids=RUNS)
def test_every_fault(
    simulator: Simulator,
    case: Case,
    befallen: tuple[str, ...],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It loses and doubles nothing, and harms no stream that it does not befall."""
    fault, is_lasting = case.fault, case.extent is Extent.LASTING
    if fault.name in faults_expected.SLOW:
        request.getfixturevalue("impatient")
    if fault.kind is Kind.ENDLESS:
        monkeypatch.setattr(client, "_MAX_ROWS", MOST_PAGES * SETTINGS["page_size"])
    for stream in befallen:
        # Some streams have one cursor only; see also `test_every_cursor_may_expire`.
        nth = 1 if fault.kind is Kind.EXPIRED or stream in ONE_REQUEST else 2
        selections = {Extent.ONCE: {"nth": nth}, Extent.LASTING: {"nth": nth, "every": 1}}
        if can_befall(fault, stream):
            befall(simulator, fault, stream, **selections.get(case.extent, {}))
    streams = dict.fromkeys((*befallen, NEIGHBOUR))
    first = read(streams, simulator, max_retries=2 if is_lasting else 8)
    hits = Counter(request.fault for request in simulator.requests)
    for stream in befallen:
        hit = hits[stream] or hits[_ALSO_ASK.get(stream, stream)]
        assert bool(hit) is can_befall(fault, stream)
        assert hits[stream] <= MOST_PAGES + 1 or not is_lasting
        assert_confirms_whole_days(first, stream)
    ends = {stream: end_of(case, stream) for stream in befallen}
    assert first.failed == sorted(s for s in ends if ends[s] is Outcome.FAILURE)
    if NEIGHBOUR not in befallen:
        assert_holds_truth(simulator, NEIGHBOUR, DAYS, first)
    if fault.kind is Kind.DOUBLED:
        assert_holds_what_came_twice(simulator, befallen, first)
    else:
        assert_ends(simulator, case, ends, first)


def assert_ends(
    simulator: Simulator, case: Case, ends: dict[str, Outcome], first: Output
) -> None:
    """Check what is said and read of each stream, and that the next run completes it."""
    sentences = dict(zip(first.failed, first.failures, strict=True))
    for stream, end in ends.items():
        days, read_days = days_of(stream), first.read_days(stream)
        if end is Outcome.FAILURE:
            assert f"GET {url_path(PATHS[stream]).partition('/{')[0]}" in sentences[stream]
            assert case.sentence in sentences[stream]
            has_id = case.sentence != NO_ANSWER and case.fault.kind is not Kind.GATEWAY
            assert not has_id or "(request id req_" in sentences[stream]
            assert len(read_days) < len(days)
        elif end is Outcome.END_FOR_NOW:
            assert len(read_days) == len(days) - 1
        elif case.fault.kind in READ_ONCE or not can_befall(case.fault, stream):
            assert len(first.records(stream)) == true_count(simulator, stream)
        assert_holds_truth(simulator, stream, days[: len(read_days)], first)
        begun = {day.isoformat() for day in days[: len(read_days) + 1]}
        assert first.by_day(stream).keys() <= begun
        # The members of half an organisation are no answer.
        assert read_days or stream not in truth.SNAPSHOTS or not first.records(stream)
    incomplete = [stream for stream, end in ends.items() if end is not Outcome.TRUTH]
    simulator.recover()
    second = read(incomplete, simulator, state=first.state) if incomplete else first
    for stream in ends:
        read_again = set(first.read_days(stream)) & set(second.read_days(stream))
        assert not read_again or stream not in incomplete
        assert_holds_truth(simulator, stream, days_of(stream), first, second)
    assert not second.failures


def assert_holds_what_came_twice(
    simulator: Simulator, streams: Sequence[str], output: Output
) -> None:
    """Check that of two rows one stays, or both where nothing tells rows apart."""
    for stream in streams:
        assert len(output.records(stream)) == 2 * true_count(simulator, stream)
    # Those without an id are numbered; see `test_plugins_that_share_a_name`.
    plugins = {stream for stream in streams if stream.startswith("plugins")}
    warned = set()
    for record in output.log:
        if told := SHARED_KEYS.fullmatch(record.getMessage()):
            shared, rows, kept = map(int, told.groups())
            assert shared + kept == rows
            warned.add(record.name.rpartition(".")[2])
    assert warned | plugins == {*streams}
    for stream in {*streams} - plugins:
        assert_holds_truth(simulator, stream, days_of(stream), output, copies=2)


def test_an_exception_that_nobody_foresaw(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It fails the streams that it comes in, and leaves the days before it read.

    The sentence says where it is, and where to report it. Its text may quote a record.
    """
    place, text = "_emit_records", "Zoe Quillfeather"
    emit_records = getattr(DayStream, place)

    def fail_on_the_last_day(
        self: DayStream, sync: object, day: Day, snapshot_at: str
    ) -> Generator[object, None, int]:
        row_count: int = yield from emit_records(self, sync, day, snapshot_at)
        if self.name in KINDS and day.date == days_of(self.name)[-1]:
            raise ZeroDivisionError(text)
        return row_count

    monkeypatch.setattr(DayStream, place, fail_on_the_last_day)
    with caplog.at_level(logging.DEBUG):
        output = read((*KINDS, NEIGHBOUR), simulator)
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
    assert_holds_truth(simulator, NEIGHBOUR, DAYS, output)


@pytest.mark.parametrize("stream", ["members", "skills", "usage"])
def test_every_cursor_may_expire(simulator: Simulator, stream: str) -> None:
    """Whichever page it leads to."""
    for nth in count(1):
        simulator.recover()
        simulator.requests.clear()
        befall(simulator, FAULTS["expired_cursor"], stream, nth=nth)
        output = read((stream,), simulator)
        assert not output.failures
        assert_confirms_whole_days(output, stream)
        assert_holds_truth(simulator, stream, days_of(stream), output)
        if stream in truth.SNAPSHOTS:
            assert len(output.records(stream)) == true_count(simulator, stream)
        if not any(request.fault for request in simulator.requests):
            break
    assert nth > 5


@pytest.mark.parametrize("days_off", [-1, 1])
def test_wrong_clock(simulator: Simulator, set_today: SetToday, days_off: int) -> None:
    """The clock of this machine may be a day behind or ahead; nothing is skipped."""
    streams = [stream for stream in KINDS if stream not in truth.SNAPSHOTS]
    for stream in streams:
        befall(simulator, FAULTS["rate_limit_until_a_date"], stream, nth=1)
    set_today(TODAY.add(days=days_off))
    first = read(streams, simulator, max_retry_wait=2)
    assert not first.failures
    set_today(TODAY)
    second = read(streams, simulator, state=first.state)
    assert not second.failures
    for stream in streams:
        assert (first.bookmark(stream) or "")[:10] <= LAST.isoformat()
        assert (second.bookmark(stream) or "")[:10] == LAST.isoformat()
        days = days_of(stream)
        if stream in ledger.STREAMS and days_off > 0:
            days = [*days, TODAY.add(days=1)]  # The current day, as the tap knew it.
        assert_holds_truth(simulator, stream, days, first, second)
