"""Answers fetched ahead come in order and within bounds, and end when nobody wants them."""

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_claude_analytics.api import read_ahead
from tap_claude_analytics.api.pages import Page
from tap_claude_analytics.api.read_ahead import Fetched, ReadAhead
from tap_claude_analytics.common import clock

#: A question and the number of one of its pages.
Label = tuple[int, int]

#: Seconds in which whatever is to happen has happened.
PATIENCE = 10.0
#: Seconds in which nothing happens that is not to.
A_WHILE = 0.25
ROOM = 2
SIGNALS = {signal.SIGINT, signal.SIGTERM}


class BrokenError(Exception):
    """Fetching went wrong."""


def label_of(page: Page) -> Label:
    """Return which page it is."""
    question, _, place = page.request_id.partition(".")
    return int(question), int(place)


class Questions:
    """Questions with so many pages each, and notes of what is fetched when.

    Attributes:
        labels: All pages that there are, in order.
        began: Questions in the order in which they were asked.
        fetched: Pages in the order of their arrival.
    """

    def __init__(
        self,
        page_counts: Sequence[int],
        pace: Callable[[Label], object] = lambda _: None,
        fails_at: Label | None = None,
    ) -> None:
        """Take what is waited for before each page, and which one is an error instead."""
        self._page_counts, self._pace, self._fails_at = page_counts, pace, fails_at
        self.labels = [(q, n) for q, pages in enumerate(page_counts) for n in range(pages)]
        self.began: list[int] = []
        self.fetched: list[Label] = []

    def read(
        self, parallel: int = 4
    ) -> contextlib.closing[Generator[Fetched[int], None, None]]:
        """Start to fetch; nothing is wanted any more at the end of a with block."""
        ahead = ReadAhead[int](self.fetch, parallel=parallel)
        return contextlib.closing(ahead.read(range(len(self._page_counts))))

    def fetch(self, question: int) -> Iterator[Page]:
        """Yield the pages of an answer."""
        self.began.append(question)
        # They are for the main thread, which they would not wake from here.
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) >= SIGNALS
        for place in range(self._page_counts[question]):
            label = question, place
            self._pace(label)
            if label == self._fails_at:
                raise BrokenError
            self.fetched.append(label)
            yield Page(b"{}", f"{question}.{place}")

    def settle(self) -> None:
        """Wait until nothing more arrives."""
        before = -1
        while before != (before := len(self.fetched) + len(self.began)):
            time.sleep(A_WHILE)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few pages wait, and let threads that wait check often."""
    monkeypatch.setattr(read_ahead, "_PAGES_WAITING", 4 * ROOM)
    monkeypatch.setattr(read_ahead, "_CHECK_EVERY", 0.02)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something to happen."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def threads() -> set[threading.Thread]:
    """Return the threads that fetch."""
    return {thread for thread in threading.enumerate() if thread.name == "read-ahead"}


@settings(max_examples=50)
@given(
    counts=st.lists(st.integers(0, 5), max_size=8),
    parallel=st.integers(1, 5),
    seed=st.integers(0, 99),
    failing=st.none() | st.tuples(st.integers(0, 7), st.integers(0, 5)),
)
def test_all_pages_come_once_and_in_order(
    counts: list[int], parallel: int, seed: int, failing: Label | None
) -> None:
    """Whatever the timing; an error comes after every page before its place."""
    chance = random.Random(seed)

    def pace(_: Label) -> None:
        time.sleep(chance.choice([0, 0, 0.0005, 0.002]))

    fails_at = failing if failing and failing[0] < len(counts) else None
    if fails_at:
        counts[fails_at[0]] = fails_at[1] + 1
    questions = Questions(counts, pace, fails_at)
    labels: list[Label] = []
    ends = pytest.raises(BrokenError) if fails_at else contextlib.nullcontext()
    with ends, questions.read(parallel) as answers:
        for question, answer in enumerate(answers):
            assert answer.question == question
            assert answer.asked_at <= clock.now()
            labels.extend(map(label_of, answer))
    assert labels == [each for each in questions.labels if not fails_at or each < fails_at]
    assert fails_at or sorted(questions.began) == list(range(len(counts)))


def test_nothing_is_asked_after_an_error() -> None:
    """The reader has not come to it yet, but what comes after it is useless."""
    gates = {question: threading.Event() for question in range(3)}
    questions = Questions([1] * 20, lambda label: gates[label[0]].wait(PATIENCE), (1, 0))
    with questions.read(3) as answers:
        first = iter(next(answers))
        wait_until(lambda: questions.began == [0, 1, 2])
        gates[1].set()
        questions.settle()
        assert questions.began == [0, 1, 2]
        gates[0].set()
        gates[2].set()
        assert label_of(next(first)) == (0, 0)
        with pytest.raises(BrokenError):
            list(next(answers))
    assert questions.began == [0, 1, 2]


def test_pages_wait_packed_and_in_bounds() -> None:
    """The first pages of the next answer are not packed: that would be for nothing."""
    go_on = threading.Event()
    questions = Questions(
        [ROOM + 9] * 9, pace=lambda label: label != (0, 1) or go_on.wait(PATIENCE)
    )
    with questions.read(4) as answers:
        first = iter(next(answers))
        questions.settle()
        # Each answer has room for so many, and one more in its thread's hand.
        waiting = [sum(q == number for q, _ in questions.fetched) for number in range(9)]
        assert waiting == [1, *[ROOM + 1] * 3, *[0] * 5]
        go_on.set()
        assert len(list(first)) == ROOM + 9
        first_of_second, *_ = next(answers)
        first_of_third, *_ = next(answers)
        assert not first_of_second.is_packed
        assert first_of_third.is_packed


@pytest.mark.parametrize(("parallel", "turn"), [(1, 0), (4, 0), (4, 9 * PATIENCE)])
def test_closing_ends_threads_that_wait(parallel: int, turn: float) -> None:
    """For room, as nobody reads; or for their turn, by the clock: they are not wanted."""
    before = threads()
    questions = Questions([9 * ROOM] * 9, pace=lambda _: clock.sleep(turn))
    with questions.read(parallel) as answers:
        next(answers)
        questions.settle()
        assert len(threads() - before) == parallel
    wait_until(lambda: threads() <= before)
    assert len(questions.fetched) < len(questions.labels)
