"""The pace: at once as much as is allowed, and never so much that the API refuses it."""

import contextlib
import threading
from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice, pairwise
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
#: Seconds, real ones, after which a thread that does not end is held up.
PATIENCE = 10.0


class MustWaitError(Exception):
    """A request may not be sent for some seconds."""


def must_wait(seconds: float) -> None:
    """Say so instead of sleeping."""
    raise MustWaitError(seconds)


class Office:
    """A pacer, and clients who note when each request was sent.

    What a client does is an iterator, which yields how long each step takes. So no thread
    is needed, minutes take milliseconds, and all is repeatable.
    """

    def __init__(self, requests_per_minute: int, now: float = 0.0) -> None:
        """Open at an instant."""
        self.now = now
        self.sent: list[float] = []
        #: When pauses began and ended.
        self.paused: list[tuple[float, float]] = []
        #: When something was logged, and what.
        self.lines: list[tuple[float, str]] = []
        #: How servers of each kind count.
        self.limits = [
            kind(requests_per_minute, lambda: self.now) for kind in KINDS.values()
        ]
        progress = Progress(Mock(info=self.note))
        progress.begin("skills", 300, 300)
        self.pacer = Pacer(requests_per_minute, progress)

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
    ) -> Iterator[float]:
        """Send a request; at some part of its way something may happen."""
        with contextlib.ExitStack() as stack:
            while wait := self._enter(stack):
                yield wait
            self.sent.append(self.now)
            yield latency * at
            arrived()
            yield latency * (1 - at)

    def _enter(self, stack: contextlib.ExitStack) -> float:
        try:
            stack.enter_context(self.pacer.request())
        except MustWaitError as error:
            return float(error.args[0])
        return 0.0

    def pause(self, duration: float, after: float = 0.0) -> Iterator[float]:
        """Let the API refuse a request after a while."""
        yield after
        self.paused.append((self.now, self.now + duration))
        self.pacer.pause(duration)

    def share(self, requests: Iterable[Iterator[float]], clients: int = 1) -> float:
        """Let so many clients do requests, each the next one that is left.

        Returns:
            How many seconds that takes.
        """
        began, left = self.now, iter(requests)
        sleeping = [(began, chain.from_iterable(left)) for _ in range(clients)]
        with (
            patch.object(clock, "seconds", lambda: self.now),
            patch.object(clock, "sleep", must_wait),
        ):
            while sleeping:
                self.now, client = sleeping.pop(0)
                for duration in islice(client, 1):
                    insort(sleeping, (self.now + duration, client), key=itemgetter(0))
        return self.now - began


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
    requests = [office.request(latency, office.arrive, at) for latency, at in journey]
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
    requests = [office.request(latency, office.arrive) for _ in range(count)]
    seconds = office.share(requests, clients)
    assert 4 * MINUTE <= seconds <= 1.10 * count * MINUTE / per_minute


def test_a_request_counts_from_its_sending_until_its_answer_is_a_minute_old() -> None:
    """As nobody knows when on its way the API counted it; also if there is no answer."""
    office = Office(2)
    office.share([office.request(10.0) for _ in range(5)], 2)
    assert office.sent[:2] == [0.0, 0.0]
    assert office.sent[2:4] == pytest.approx([10 + SPAN] * 2)
    assert office.sent[4] == pytest.approx(2 * (10 + SPAN))
    failing = Office(1)
    with pytest.raises(ConnectionResetError):
        failing.share([failing.request(10.0, Mock(side_effect=ConnectionResetError))])
    failing.share([failing.request()])
    assert failing.sent == pytest.approx([0, 5 + SPAN])


def test_a_minute_after_a_pause_all_is_as_ever() -> None:
    """There is nobody left who waited."""
    office = Office(10)
    office.share([office.pause(20)])
    office.now = 20 + SPAN
    office.share([office.request() for _ in range(10)], 4)
    assert office.sent == [20 + SPAN] * 10


@settings(max_examples=20)
@example(per_minute=1, pauses=[(50, 0), (5, 0)])
@example(per_minute=1, pauses=[(5, 0), (50, 0)])
@given(
    per_minute=st.integers(1, 6),
    pauses=st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90)), max_size=4),
)
def test_nothing_is_sent_while_it_is_paused(
    per_minute: int, pauses: list[tuple[float, float]]
) -> None:
    """Whenever that is, and however often."""
    office = Office(per_minute)
    pausing = chain.from_iterable(office.pause(*pause) for pause in pauses)
    office.share([pausing, *[office.request(0.5) for _ in range(15)]], 4)
    assert len(office.paused) == len(pauses)
    assert not any(a < at < b - A_BIT for a, b in office.paused for at in office.sent)
    assert len(office.sent) == 15
    rounds = zip(office.sent, office.sent[per_minute:], strict=False)
    assert all(later - sent >= SPAN - A_BIT for sent, later in rounds)


def test_who_waits_holds_nobody_up() -> None:
    """Others may go on meanwhile; and a wait that is cancelled sends nothing."""
    progress = Progress(Mock())
    pacer = Pacer(1, progress)

    def be_cancelled(_: float) -> None:
        for work in (partial(pacer.pause, 0), progress.request_sent):
            other = threading.Thread(target=work, daemon=True)
            other.start()
            other.join(PATIENCE)
            assert not other.is_alive()
        raise clock.CancelledError

    with patch.object(clock, "sleep", be_cancelled):
        with pacer.request():
            pass
        with pytest.raises(clock.CancelledError), pacer.request():
            pytest.fail("it was sent")


def test_a_line_for_all_who_wait() -> None:
    """Half a minute apart at least, and a long wait is never silent for much longer."""
    office = Office(2)
    seconds = office.share([office.request() for _ in range(30)], 8)
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
    office.share([office.pause(0)])
    office.share([office.request() for _ in range(20)], 4)
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
