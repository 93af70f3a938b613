"""The pace: at once as much as is allowed, and never so much that the API refuses it."""

import contextvars
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from operator import itemgetter
from unittest.mock import Mock, patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_claude_analytics.api.pacer import SPAN, Pacer, Pacers
from tap_claude_analytics.common import clock
from tap_claude_analytics.common.progress import LINE_EVERY, SHORT, Progress
from tests.simulator.limits import KINDS, MINUTE

#: Seconds of rounding.
A_BIT = 1e-6
#: Seconds, real ones, after which a thread that neither sleeps nor ends hangs.
PATIENCE = 30.0


class Office:
    """A pacer, and clients who note when each request was sent.

    Time passes only while all threads sleep, so minutes take milliseconds; one thread runs
    at a time, so all is repeatable.
    """

    def __init__(self, requests_per_minute: int, now: float = 0.0) -> None:
        """Open at an instant."""
        self.now = now
        self.sent: list[float] = []
        #: When something was logged, and what.
        self.lines: list[tuple[float, str]] = []
        #: How servers of each kind count.
        self.limits = [
            kind(requests_per_minute, lambda: self.now) for kind in KINDS.values()
        ]
        progress = Progress(Mock(info=self.note))
        progress.begin("skills", 300, 300)
        self.pacer = Pacer(requests_per_minute, progress)
        #: Until when threads sleep; the first one to sleep is the first of equals.
        self._sleepers: list[tuple[float, threading.Event]] = []
        self._all_asleep = threading.Event()
        self._errors: list[BaseException] = []

    def note(self, line: str, *values: object) -> None:
        """Note a line of the log, which goes no further."""
        self.lines.append((self.now, line % values))

    def arrive(self) -> None:
        """Let a request arrive at a server of each kind, none of which may refuse it."""
        assert [limit.admit() for limit in self.limits] == [0.0] * len(KINDS)

    def request(
        self,
        latency: float = 0.0,
        arrived: Callable[[], None] = lambda: None,
        at: float = 0.5,
    ) -> None:
        """Send a request; at some part of its way something may happen."""
        with self.pacer.request():
            self.sent.append(self.now)
            self.sleep(latency * at)
            arrived()
            self.sleep(latency * (1 - at))

    def share(self, requests: Iterable[Callable[[], None]], clients: int) -> float:
        """Let so many clients do requests, each the next one that is left."""
        left = iter(requests)

        def client() -> None:
            for request in left:
                request()

        return self.work(*[client] * clients)

    def work(self, *works: Callable[[], None]) -> float:
        """Do all this at a time, each in a thread, and return how many seconds it takes."""
        began = self.now
        with (
            patch.object(clock, "seconds", lambda: self.now),
            patch.object(clock, "sleep", self.sleep),
        ):
            for work in works:
                thread = threading.Thread(target=self._do, args=(work,), daemon=True)
                self._resume(thread.start)
            while self._sleepers and not self._errors:
                self._sleepers.sort(key=itemgetter(0))
                self.now, woken = self._sleepers.pop(0)
                self._resume(woken.set)
        if self._errors:
            raise self._errors[0]
        return self.now - began

    def sleep(self, duration: float) -> None:
        """Let the others run until it is time."""
        woken = threading.Event()
        self._sleepers.append((self.now + duration, woken))
        self._all_asleep.set()
        if not woken.wait(PATIENCE):
            raise TimeoutError

    def _resume(self, go: Callable[[], None]) -> None:
        self._all_asleep.clear()
        go()
        if not self._all_asleep.wait(PATIENCE):
            raise TimeoutError

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again
            self._errors.append(error)
        finally:
            self._all_asleep.set()


journeys = st.tuples(
    st.floats(0, 8) | st.sampled_from([0.0, 2.0, 7.9]), st.floats(0, 1) | st.just(1.0)
)


@settings(max_examples=40)
@given(
    per_minute=st.integers(1, 4),
    clients=st.integers(1, 5),
    journey=st.lists(journeys, min_size=1, max_size=14),
    now=st.floats(0, 2 * MINUTE),
)
def test_no_server_ever_refuses_one(
    per_minute: int, clients: int, journey: list[tuple[float, float]], now: float
) -> None:
    """However it counts a minute, and wherever between sending and answer a request."""
    office = Office(per_minute, now)
    requests = [
        partial(office.request, latency, office.arrive, at) for latency, at in journey
    ]
    office.share(requests, clients)
    assert len(office.sent) == len(journey)


@pytest.mark.parametrize(
    ("per_minute", "latency", "clients"), [(20, 0.0, 1), (60, 5.0, 8), (1, 2.0, 4)]
)
def test_the_wall_time_is_what_the_rate_allows(
    per_minute: int, latency: float, clients: int
) -> None:
    """Within a tenth, whether there is one client or many, if there are enough."""
    office = Office(per_minute)
    count = 4 * per_minute + per_minute // 2 + 1
    seconds = office.share(
        [lambda: office.request(latency, office.arrive)] * count, clients
    )
    assert 4 * MINUTE <= seconds <= 1.10 * count * MINUTE / per_minute


def test_a_request_counts_from_its_sending_until_its_answer_is_a_minute_old() -> None:
    """As nobody knows when on its way the API counted it."""
    office = Office(2)
    office.share([lambda: office.request(10.0)] * 5, 2)
    assert office.sent[:2] == [0.0, 0.0]
    assert office.sent[2:4] == pytest.approx([10 + SPAN] * 2)
    assert office.sent[4] == pytest.approx(2 * (10 + SPAN))


def test_a_request_that_fails_counts_all_the_same() -> None:
    """The API may have counted it: its place is free again a minute later."""
    office = Office(1)

    def client() -> None:
        with pytest.raises(ConnectionResetError):
            office.request(10.0, Mock(side_effect=ConnectionResetError))
        office.request()

    office.work(client)
    assert office.sent == pytest.approx([0, 5 + SPAN])


def test_a_minute_after_a_pause_all_is_as_ever() -> None:
    """There is nobody left who waited."""
    office = Office(10)
    office.work(lambda: office.pacer.pause(20), lambda: office.sleep(20 + SPAN))
    office.share([office.request] * 10, 4)
    assert office.sent == [20 + SPAN] * 10


@settings(max_examples=20)
@example(per_minute=1, pauses=[(0, 50), (0, 5)])
@example(per_minute=1, pauses=[(0, 5), (0, 50)])
@given(
    per_minute=st.integers(1, 6),
    pauses=st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90)), max_size=4),
)
def test_nothing_is_sent_while_it_is_paused(
    per_minute: int, pauses: list[tuple[float, float]]
) -> None:
    """Whenever that is, and however often."""
    office = Office(per_minute)
    paused: list[tuple[float, float]] = []

    def pausing() -> None:
        for after, duration in pauses:
            office.sleep(after)
            paused.append((office.now, office.now + duration))
            office.pacer.pause(duration)

    office.share([pausing, *[partial(office.request, 0.5)] * 15], 4)
    assert not any(a < at < b - A_BIT for a, b in paused for at in office.sent)
    assert len(office.sent) == 15
    rounds = zip(office.sent, office.sent[per_minute:], strict=False)
    assert all(later - sent >= SPAN - A_BIT for sent, later in rounds)


def test_a_cancelled_wait_ends_at_once_and_takes_no_place() -> None:
    """Whether it has begun or not: others may go first."""
    pacer = Pacer(1, Progress(Mock()))
    with pacer.request():
        pass

    def be_cancelled() -> None:
        cancelled = threading.Event()
        clock.CANCELLED.set(cancelled)
        threading.Timer(0.2, cancelled.set).start()
        for _ in ("begun", "not begun"):
            with pytest.raises(clock.CancelledError), pacer.request():
                pytest.fail("it was sent")

    began = time.monotonic()
    contextvars.copy_context().run(be_cancelled)
    assert time.monotonic() - began < 5
    later = time.monotonic() + SPAN
    with (
        patch.object(clock, "seconds", lambda: later),
        patch.object(clock, "sleep", lambda _: pytest.fail("there is no place")),
        pacer.request(),
    ):
        pass


def test_a_line_for_all_who_wait() -> None:
    """Half a minute apart at least, and a long wait is never silent for much longer."""
    office = Office(2)
    seconds = office.share([office.request] * 30, 8)
    at = [instant for instant, _ in office.lines]
    assert all(b - a >= LINE_EVERY for a, b in pairwise(at))
    assert all(b - a <= 2 * LINE_EVERY + SHORT for a, b in pairwise([0.0, *at, seconds]))
    for _, line in office.lines:
        assert "At most 2 requests are sent per minute" in line
        assert "skills: 0 of 300 days read" in line
    assert office.lines[0][1].startswith(f"Waiting {SPAN:.1f} s (")


def test_short_waits_are_not_worth_a_line() -> None:
    """Such as between requests that go one after the other."""
    office = Office(60)
    office.work(lambda: office.pacer.pause(0))
    office.share([office.request] * 20, 4)
    assert len(office.sent) == 20
    assert office.lines == []


def test_the_api_has_three_limits() -> None:
    """Analytics, spend limits and people are counted apart."""
    pacers, start = Pacers(7, Progress(Mock())), "/v1/organizations/"
    together = (
        ("users", "apps/chat/projects"),
        (f"{start}spend_limits/x", f"{start}spend_limit_y"),
        (f"{start}users", f"{start}rbac_groups/1/members"),
    )
    assert all(pacers.of(one) is pacers.of(other) for one, other in together)
    assert len({pacers.of(path) for path, _ in together}) == 3
