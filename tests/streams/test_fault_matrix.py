"""Every fault of the simulator: the truth, or a clean failure that the next run mends."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tap_claude_analytics.api import client
from tap_claude_analytics.api.client import url_path
from tap_claude_analytics.streams.day_stream import DayStream
from tap_claude_analytics.streams.specs import SPECS
from tests import ledger, truth
from tests.simulator import FAULTS, Kind, Options, Simulator
from tests.simulator.organization.catalog import template_of
from tests.singer import SetToday, run
from tests.streams import faults_expected
from tests.streams.faults_expected import CASES, Case, Extent, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence

    from tap_claude_analytics.records.day import Day
    from tests.simulator import Fault
    from tests.simulator.traffic import Request
    from tests.singer import Message, Output

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
_ASKERS = {
    (spec.path, spec.group_by): spec.name for spec in SPECS if spec.name != "adoption"
}
#: Streams that depend on answers which another stream has asked for.
_ALSO_ASK = {"adoption": "org_summaries", "team_members": "teams"}

pytestmark = pytest.mark.usefixtures("short_waits")

COMPANY: dict[str, Any] = {"users": 16, "projects": 30}


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
    """Let a fault befall requests of one stream."""
    own = replace(
        fault,
        fits=lambda exchange: asker(exchange.request) == stream and fault.fits(exchange),
    )
    simulator.fail(own, **selection)


@cache
def requests_of(streams: tuple[str, ...]) -> Counter[tuple[str | None, bool]]:
    """Count the requests for each stream, those with a cursor under True."""
    with Simulator(Options(today=TODAY, **COMPANY)) as simulator:
        assert not read(streams, simulator).failures
        return Counter(
            (asker(request), not {"page", "after_id"}.isdisjoint(request.params))
            for request in simulator.requests
        )


def possible_requests(streams: tuple[str, ...], stream: str, kind: Kind) -> int:
    """Return how many requests of one of the streams a fault of a kind may befall."""
    source = "org_summaries" if stream == "adoption" else stream
    later = requests_of(streams)[source, True]
    requests = requests_of(streams)[source, False] + later
    assert requests
    if kind is Kind.EXPIRED:
        return later
    if kind is Kind.REVISED:
        # What is taken from a team's summaries would be missing in those of all.
        return 0 if stream == "org_summaries_by_team" else later or requests
    if kind in {Kind.NOT_YET, Kind.MISPLACED} and stream in truth.SNAPSHOTS:
        return 0
    return requests


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
        ledger.assert_current_sums(
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


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_fault(
    simulator: Simulator,
    case: Case,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It befalls a stream of each source, and loses and doubles nothing."""
    if case.fault.name in faults_expected.SLOW:
        request.getfixturevalue("impatient")
    if case.fault.kind is Kind.ENDLESS:
        monkeypatch.setattr(client, "_MAX_ROWS", MOST_PAGES * SETTINGS["page_size"])
    streams = (*KINDS, NEIGHBOUR)
    first = assert_ends(simulator, case, streams, KINDS)
    assert_holds_truth(simulator, NEIGHBOUR, DAYS, first)


@pytest.mark.slow
@pytest.mark.parametrize("name", WAYS)
def test_every_stream(simulator: Simulator, name: str) -> None:
    """Each comes to each end, in one run."""
    assert_ends(simulator, CASES[name], tuple(PATHS), tuple(PATHS))


def assert_ends(
    simulator: Simulator, case: Case, streams: tuple[str, ...], befallen: tuple[str, ...]
) -> Output:
    """Read streams of which a fault befalls some, and check how each of these ends."""
    expected = {}
    for stream in befallen:
        possible = possible_requests(streams, stream, case.fault.kind)
        expected[stream] = case.outcome if possible else Outcome.TRUTH
        # Only engagement has days that are not there yet.
        if expected[stream] is Outcome.END_FOR_NOW and stream in ledger.STREAMS:
            expected[stream] = Outcome.FAILURE
        if possible and stream != "adoption":
            befall(simulator, case.fault, stream, **case.selection(possible))
    first = read(streams, simulator, max_retries=2 if case.extent is Extent.LASTING else 8)
    hits = Counter(asker(r) for r in simulator.requests if r.fault == case.fault.name)
    assert hits
    for stream, outcome in expected.items():
        assert hits[stream] or hits[_ALSO_ASK.get(stream)] or outcome is Outcome.TRUTH
        assert hits[stream] <= MOST_PAGES + 1 or case.extent is not Extent.LASTING
        assert_confirms_whole_days(first, stream)
    fails = (stream for stream in expected if expected[stream] is Outcome.FAILURE)
    assert first.failed == sorted(fails)
    said = faults_expected.sentence_about(case.fault) if first.failed else ""
    for stream, sentence in zip(first.failed, first.failures, strict=True):
        assert f"GET {url_path(PATHS[stream]).partition('/{')[0]}" in sentence
        assert said in sentence
        has_id = said != faults_expected.NO_ANSWER and case.fault.kind is not Kind.GATEWAY
        assert not has_id or "(request id req_" in sentence
    if case.fault.kind is Kind.DOUBLED:
        assert_holds_what_came_twice(simulator, befallen, first)
        return first
    complete = [stream for stream, end in expected.items() if end is Outcome.TRUTH]
    for stream in complete:
        assert_holds_truth(simulator, stream, days_of(stream), first)
        if not hits[stream] or case.fault.kind in {Kind.PASSING, Kind.EMPTY, Kind.STALE}:
            assert len(first.records(stream)) == true_count(simulator, stream)
    incomplete = {
        stream: assert_is_incomplete(simulator, stream, first, outcome)
        for stream, outcome in expected.items()
        if outcome is not Outcome.TRUTH
    }
    simulator.recover()
    second = read(tuple(incomplete), simulator, state=first.state) if incomplete else first
    for stream, days in incomplete.items():
        assert not second.failures
        assert not set(days) & set(second.read_days(stream))
        assert_holds_truth(simulator, stream, days_of(stream), first, second)
    return first


def assert_is_incomplete(
    simulator: Simulator, stream: str, output: Output, outcome: Outcome
) -> list[str]:
    """Check what was read before the end, and return its days."""
    days, read_days = days_of(stream), output.read_days(stream)
    assert len(read_days) < len(days)
    if outcome is Outcome.END_FOR_NOW:
        assert len(read_days) == len(days) - 1
    if stream in truth.SNAPSHOTS:
        assert output.records(stream) == []
    begun = {day.isoformat() for day in days[: len(read_days) + 1]}
    assert output.by_day(stream).keys() <= begun
    assert_holds_truth(simulator, stream, days[: len(read_days)], output)
    return read_days


def assert_holds_what_came_twice(
    simulator: Simulator, streams: Sequence[str], output: Output
) -> None:
    """Check that of two rows one stays, or both where nothing tells rows apart."""
    warned = {
        record.name.rpartition(".")[2]
        for record in output.log
        if "share a primary key with another row" in record.getMessage()
    }
    for stream in streams:
        assert len(output.records(stream)) == 2 * true_count(simulator, stream)
    assert warned - {"plugins"} == {*streams} - {"plugins"}

    def twice_if_alike(rows: list[Message]) -> list[Message]:
        return [row for row in rows for _ in range(1 if row["plugin_id"] else 2)]

    for day in DAYS:
        simulator.edit("plugins", day, twice_if_alike)
    # The rows of breakdowns cannot be edited.
    for stream in (name for name in streams if not name.startswith("plugins_by_")):
        assert_holds_truth(simulator, stream, days_of(stream), output, copies=2)


@pytest.mark.parametrize("place", ["_emit_day", "_emit_records"])
def test_an_exception_that_nobody_foresaw(
    simulator: Simulator, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the trouble of the streams that it comes in, on whichever day."""
    method = getattr(DayStream, place)
    fatal = {stream: days_of(stream)[-1] for stream in KINDS}

    def fail_on_the_last_day(
        self: DayStream, sync: object, day: Day, *more: object
    ) -> Generator[object, None, object]:
        if fatal.get(self.name) == day.date:
            raise ZeroDivisionError
        return (yield from method(self, sync, day, *more))

    streams = (*KINDS, NEIGHBOUR)
    with monkeypatch.context() as patch:
        patch.setattr(DayStream, place, fail_on_the_last_day)
        first = read(streams, simulator)
    assert first.failed == sorted(KINDS)
    assert all(": Unexpected ZeroDivisionError in " in said for said in first.failures)
    assert_holds_truth(simulator, NEIGHBOUR, DAYS, first)
    second = read(streams, simulator, state=first.state)
    assert not second.failures
    for stream in KINDS:
        assert_confirms_whole_days(first, stream)
        days = [day.isoformat() for day in days_of(stream)]
        assert first.read_days(stream) == days[:-1]
        assert_holds_truth(simulator, stream, days_of(stream), first, second)


@pytest.mark.parametrize("stream", ["members", "skills", "usage"])
def test_every_cursor_may_expire(simulator: Simulator, stream: str) -> None:
    """Whichever page it leads to."""
    count = requests_of((stream,))[stream, True]
    assert count
    for nth in range(1, count + 1):
        simulator.recover()
        befall(simulator, FAULTS["expired_cursor"], stream, nth=nth)
        output = read((stream,), simulator)
        assert not output.failures
        assert_confirms_whole_days(output, stream)
        assert_holds_truth(simulator, stream, days_of(stream), output)
        if stream in truth.SNAPSHOTS:
            assert len(output.records(stream)) == true_count(simulator, stream)


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
