"""Every fault of the simulator, with every stream: the truth, or a clean failure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tap_claude_analytics import tap
from tap_claude_analytics.api import client
from tap_claude_analytics.streams.day_stream import DayStream
from tap_claude_analytics.streams.specs import SPECS
from tests import ledger, truth
from tests.simulator import (
    BASE_PATH,
    FAULTS,
    Kind,
    Options,
    RefusingProxy,
    Simulator,
)
from tests.singer import run
from tests.streams.faults_expected import (
    CASES,
    NO_ANSWER,
    SLOW,
    Case,
    Outcome,
    sentence_about,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from tap_claude_analytics.records.day import Day
    from tests.simulator import Fault
    from tests.singer import Output

TODAY = pendulum.Date(2026, 1, 15)
FIRST, LAST = date(2026, 1, 12), date(2026, 1, 14)
DAYS = [FIRST + timedelta(days=n) for n in range(3)]
GROUP_BY = ["product", "model"]
SETTINGS: dict[str, Any] = {
    "start_date": FIRST.isoformat(),
    "data_delay_days": 1,
    "lookback_days": 0,
    "report_lookback_days": 0,
    "report_group_by": GROUP_BY,
    "page_size": 5,
}
UP_TO_LAST = {**SETTINGS, "end_date": LAST.isoformat()}
#: Of the streams that are made from one table and read in one way, one.
UNTRIED = {"org_summaries_by_team", *truth.BREAKDOWNS} - {"skills_by_team"}
#: These have no days to be read again; see `test_fault_matrix_snapshots`.
UNTRIED |= truth.SNAPSHOTS.keys()
PATHS = {spec.name: spec.path for spec in SPECS if spec.name not in UNTRIED}
#: Pages of a question, more than any has here.
MOST_PAGES = 30
#: Streams in which several rows may be alike, so that one that comes twice is two.
ALIKE = {"plugins", *ledger.STREAMS}

#: What these answer for the days of this file has one page.
ONE_PAGE = {"adoption", "artifacts", "cost_report", "org_summaries", "usage_report"}

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("short_waits")]
each_stream = pytest.mark.parametrize("stream", PATHS)


@pytest.fixture
def simulator(set_today: Callable[[pendulum.Date], None]) -> Iterator[Simulator]:
    """An organisation of a few people."""
    set_today(TODAY)
    with _organisation() as running:
        yield running


def _organisation() -> Simulator:
    return Simulator(Options(today=TODAY, users=12, projects=30))


def siblings(stream: str) -> list[str]:
    """Return the streams that share the answers of a stream, itself among them."""
    shared = [name for name in PATHS if PATHS[name] == "summaries"]
    return shared if stream in shared else [stream]


def neighbour(stream: str) -> str:
    """Return a stream that knows nothing of a stream's trouble."""
    return "artifacts" if PATHS[stream] == "summaries" else "org_summaries"


def together(stream: str) -> list[str]:
    """Return a stream, those that share its fate, and one that does not."""
    return [*siblings(stream), neighbour(stream), "readings"]


@cache
def requests_of(stream: str) -> Counter[bool]:
    """Count the requests that a stream costs, those with a cursor under True."""
    with _organisation() as simulator:
        assert not run(simulator, *together(stream), **UP_TO_LAST).failures
        return Counter(
            "page" in request.params
            for request in simulator.requests
            if request.path == PATHS[stream]
        )


def possible_requests(stream: str, kind: Kind) -> int:
    """Return how many requests of a stream a fault of a kind may befall."""
    requests = requests_of(stream)
    if kind is Kind.EXPIRED:
        return requests[True]
    if kind is Kind.REVISED:
        return requests[True] or requests.total()
    return requests.total()


def assert_holds_truth(
    simulator: Simulator, stream: str, days: Sequence[date], *outputs: Output
) -> None:
    """Check the current rows of a target that loaded the outputs, for days in a row."""
    if stream in ledger.STREAMS:
        ledger.assert_current_sums(simulator, stream, days, *outputs, group_by=GROUP_BY)
    else:
        truth.assert_current_rows(simulator, stream, days, *outputs)


def true_count(simulator: Simulator, stream: str) -> int:
    """Return how many rows there are."""
    if stream in ledger.STREAMS:
        span = (FIRST, TODAY)
        return len(ledger.truth_rows(simulator, stream, span, "1d", GROUP_BY))
    return sum(len(truth.records(simulator, stream, day)) for day in DAYS)


def assert_confirms_whole_days_only(output: Output, stream: str) -> None:
    """No STATE names a day whose reading was not written before, nor skips one."""
    read: list[str] = []
    for message in output.messages:
        if message["type"] == "RECORD" and message["stream"] == "readings":
            if message["record"]["stream"] == stream:
                read.append(message["record"]["date"])
        elif message["type"] == "RECORD" and message["stream"] == stream:
            assert message["record"]["date"] not in read
        elif message["type"] == "STATE":
            state = message["value"]["bookmarks"].get(stream, {})
            bookmark = state.get("replication_key_value")
            assert bookmark is None if not read else bookmark[:10] == read[-1]
    assert read == [day.isoformat() for day in DAYS[: len(read)]]


@each_stream
@pytest.mark.parametrize("case", CASES, ids=str)
def test_fault(
    simulator: Simulator,
    stream: str,
    case: Case,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The fault befalls the stream alone, and loses and doubles nothing."""
    if case.fault.name in SLOW:
        options = tap.api_options
        monkeypatch.setattr(
            tap,
            "api_options",
            lambda settings: replace(options(settings), request_timeout=0.15),
        )
    if case.fault.kind is Kind.ENDLESS:
        monkeypatch.setattr(client, "_MAX_ROWS", MOST_PAGES * SETTINGS["page_size"])
    possible = possible_requests(stream, case.fault.kind)
    simulator.fail(case.fault, path=PATHS[stream], **case.extent.selection(possible))

    first = run(simulator, *together(stream), max_retries=case.max_retries, **UP_TO_LAST)
    hits = [request.fault for request in simulator.requests].count(case.fault.name)
    assert hits or not possible
    assert hits <= MOST_PAGES + 1
    assert_confirms_whole_days_only(first, stream)
    outcome = outcome_of(case, stream) if hits else Outcome.TRUTH
    if outcome is Outcome.FAILURE and is_unreachable(simulator, case.fault):
        assert_nothing_read(simulator, stream, first)
        return
    assert_holds_truth(simulator, neighbour(stream), DAYS, first)
    assert_failures(first, stream, case if outcome is Outcome.FAILURE else None)
    if outcome is Outcome.TRUTH:
        assert_truth_at_once(simulator, stream, case, first)
        if case.fault.kind is Kind.DOUBLED and stream != "plugins":
            assert "share a primary key with another row" in caplog.text
        return
    read = first.read_days(stream)
    assert len(read) < len(DAYS)
    if outcome is Outcome.END_FOR_NOW:
        assert len(read) == len(DAYS) - 1
    assert first.by_day(stream).keys() <= {day.isoformat() for day in DAYS[: len(read) + 1]}
    assert_holds_truth(simulator, stream, DAYS[: len(read)], first)

    simulator.recover()
    second = run(simulator, *together(stream), state=first.state, **UP_TO_LAST)
    assert not second.failures
    assert not set(read) & set(second.read_days(stream))
    assert_holds_truth(simulator, stream, DAYS, first, second)


def outcome_of(case: Case, stream: str) -> Outcome:
    """Return how a case ends; only engagement has days that are not there yet."""
    if case.outcome is Outcome.END_FOR_NOW and stream in ledger.STREAMS:
        return Outcome.FAILURE
    return case.outcome


def assert_failures(output: Output, stream: str, case: Case | None) -> None:
    """Check that the streams of one path failed, each with a sentence that helps."""
    failed = siblings(stream) if case else []
    assert [sentence.split()[1] for sentence in output.failures] == sorted(failed)
    for sentence in output.failures:
        assert case
        assert sentence.startswith("Stream ")
        assert f"{BASE_PATH}{PATHS[stream]}" in sentence
        said = sentence_about(case.fault)
        assert said in sentence
        has_id = said != NO_ANSWER and case.fault.kind is not Kind.GATEWAY
        assert not has_id or "(request id req_" in sentence


def is_unreachable(simulator: Simulator, fault: Fault) -> bool:
    """Return whether nothing at all has been answered, so that the run ends."""
    met = {request.fault for request in simulator.requests}
    return sentence_about(fault) == NO_ANSWER and met == {fault.name}


def assert_nothing_read(simulator: Simulator, stream: str, first: Output) -> None:
    """Check a run that reached nobody, and that the next one reads everything."""
    (sentence,) = first.failures
    assert sentence.startswith("The API at 127.0.0.1 cannot be reached: ")
    assert first.records("readings") == []
    simulator.recover()
    second = run(simulator, *together(stream), state=first.state, **UP_TO_LAST)
    assert not second.failures
    for name in (stream, neighbour(stream)):
        assert_holds_truth(simulator, name, DAYS, first, second)


@each_stream
@pytest.mark.parametrize("status", [None, 403, 407])
@pytest.mark.usefixtures("_bare_environment")
def test_nobody_to_ask(
    simulator: Simulator,
    stream: str,
    status: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No host of that name, or a proxy that refuses: one sentence, and all days later."""
    elsewhere: dict[str, Any] = {"api_url": "https://api.example.invalid", "max_retries": 1}
    with RefusingProxy(status or 403) as proxy:
        if status is not None:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        first = run(simulator, *together(stream), **UP_TO_LAST | elsewhere)
        assert len(proxy.requests) == (0 if status is None else 1)
    assert simulator.requests == []
    (sentence,) = first.failures
    assert sentence.startswith("The API at api.example.invalid cannot be reached: ")
    assert first.bookmark(stream) is None
    second = run(simulator, *together(stream), state=first.state, **UP_TO_LAST)
    assert not second.failures
    assert_holds_truth(simulator, stream, DAYS, first, second)


@each_stream
@pytest.mark.parametrize("place", ["_emit_day", "_emit_records"])
def test_an_exception_that_nobody_foresaw(
    simulator: Simulator, stream: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is that stream's trouble, on whichever day it comes."""
    method = getattr(DayStream, place)

    def fail_on_the_last_day(
        self: DayStream, sync: object, day: Day, *more: object
    ) -> Generator[object, None, object]:
        if self.name == stream and day.date == LAST:
            raise ZeroDivisionError
        return (yield from method(self, sync, day, *more))

    with monkeypatch.context() as patch:
        patch.setattr(DayStream, place, fail_on_the_last_day)
        first = run(simulator, *together(stream), **UP_TO_LAST)
    (sentence,) = first.failures
    assert sentence.startswith(f"Stream {stream} failed: Unexpected ZeroDivisionError in ")
    assert_confirms_whole_days_only(first, stream)
    assert first.read_days(stream) == [day.isoformat() for day in DAYS[:-1]]
    assert_holds_truth(simulator, neighbour(stream), DAYS, first)
    second = run(simulator, *together(stream), state=first.state, **UP_TO_LAST)
    assert not second.failures
    assert_holds_truth(simulator, stream, DAYS, first, second)


def assert_truth_at_once(
    simulator: Simulator, stream: str, case: Case, output: Output
) -> None:
    """Check that one run was enough, and that no record was written without need."""
    count, kind = len(output.records(stream)), case.fault.kind
    if kind is Kind.DOUBLED and stream in ALIKE:
        assert_holds_what_came_twice(simulator, stream, output)
        return
    assert_holds_truth(simulator, stream, DAYS, output)
    if kind in {Kind.PASSING, Kind.EMPTY, Kind.STALE}:
        assert count == true_count(simulator, stream)
    if kind is Kind.DOUBLED:
        assert count == 2 * true_count(simulator, stream)


def assert_holds_what_came_twice(simulator: Simulator, stream: str, output: Output) -> None:
    """Check that rows that nothing tells apart are all there."""
    if stream in ledger.STREAMS:
        ledger.assert_current_sums(
            simulator, stream, DAYS, output, group_by=GROUP_BY, copies=2
        )
        return
    for day in DAYS:
        simulator.edit(
            stream,
            day,
            lambda rows: [row for row in rows for _ in range(1 if row["plugin_id"] else 2)],
        )
    truth.assert_current_rows(simulator, stream, DAYS, output)


@pytest.mark.parametrize("stream", sorted(PATHS.keys() - ONE_PAGE))
def test_every_cursor_may_expire(simulator: Simulator, stream: str) -> None:
    """Whichever page it leads to."""
    pages = requests_of(stream)[True]
    assert pages
    for nth in range(1, pages + 1):
        simulator.recover()
        simulator.fail(FAULTS["expired_cursor"], path=PATHS[stream], nth=nth)
        output = run(simulator, *together(stream), **UP_TO_LAST)
        assert not output.failures
        assert_confirms_whole_days_only(output, stream)
        assert_holds_truth(simulator, stream, DAYS, output)


@each_stream
@pytest.mark.parametrize("days_off", [-1, 1])
def test_wrong_clock(
    simulator: Simulator,
    set_today: Callable[[pendulum.Date], None],
    stream: str,
    days_off: int,
) -> None:
    """The clock of this machine may be a day behind or ahead; nothing is skipped."""
    simulator.fail(FAULTS["rate_limit_until_a_date"], path=PATHS[stream], nth=1)
    set_today(TODAY.add(days=days_off))
    first = run(simulator, *together(stream), max_retry_wait=2, **SETTINGS)
    assert not first.failures
    assert (first.bookmark(stream) or "")[:10] <= LAST.isoformat()

    set_today(TODAY)
    second = run(simulator, *together(stream), state=first.state, **SETTINGS)
    assert not second.failures
    assert (second.bookmark(stream) or "")[:10] == LAST.isoformat()
    days = [*DAYS]
    if stream in ledger.STREAMS:
        # They are read up to the current day, as the tap knows it.
        days += [TODAY.add(days=n) for n in range(1 + max(0, days_off))]
    assert_holds_truth(simulator, stream, days, first, second)
