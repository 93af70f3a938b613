"""What is fetched ahead comes in order, in bounds, and ends when nobody wants it."""

from __future__ import annotations

import queue
import random
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_claude_analytics.prefetch import Ahead
from typing_extensions import Self

from tap_claude_analytics import clock, prefetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pendulum

T = TypeVar("T")
Label = tuple[int, int]

#: Seconds in which whatever is to happen has happened.
PATIENCE = 10.0
#: Seconds in which nothing happens that is not to.
A_WHILE = 0.05

LOOSE, PACKED = 100, 60
#: How much smaller an item is once it is packed.
SHRINKS = 10


class BrokenError(Exception):
    """Fetching went wrong."""


class PassingError(Exception):
    """Fetching went wrong, and whoever reads gets over it."""


@dataclass(frozen=True)
class Box:
    """An item: which one it is, and how many bytes it takes now."""

    label: Label
    size: int
    source: Source

    def packed(self) -> Self:
        """Take less space."""
        smaller = -(-self.size // SHRINKS)
        self.source.packings.append(self.label)
        self.source.hold(self.label, smaller)
        return replace(self, size=smaller)


@dataclass(eq=False)
class Source:
    """Parts of known items, which notes what is fetched when.

    Attributes:
        sizes: The size of each item of each part.
        fails: What a part ends with that goes wrong, and after how many items.
        pace: What is waited for ahead of an item, or ahead of what goes wrong.
        began: The parts in the order in which they were begun.
        fetched: The items in the order in which they came.
        packings: The items that were packed.
        most: The most items that were on their way at a time.
        heaviest: The most bytes that were held at a time.
    """

    sizes: Sequence[Sequence[int]]
    fails: Mapping[int, tuple[int, Exception]] = field(default_factory=dict)
    pace: Callable[[Label], object] = lambda _: None
    began: list[int] = field(default_factory=list)
    fetched: list[Label] = field(default_factory=list)
    packings: list[Label] = field(default_factory=list)
    most: int = 0
    heaviest: int = 0

    def __post_init__(self) -> None:
        """Hold nothing yet."""
        self._lock = threading.Lock()
        self._on_their_way = 0
        self._held: dict[Label, int] = {}

    def ahead(self, parallel: int = 4) -> closing[Ahead[int, Box]]:
        """Start to fetch; at the end of a with block nothing more is wanted."""
        parts = range(len(self.sizes))
        mended = (PassingError,)
        return closing(Ahead(parts, self.fetch, parallel=parallel, mended=mended))

    def fetch(self, part: int) -> Iterator[Box]:
        """Yield the items of a part."""
        self.began.append(part)
        good, error = self.fails.get(part, (len(self.sizes[part]), None))
        for place, size in enumerate(self.sizes[part][:good]):
            self.request((part, place))
            self.hold((part, place), size)
            self.fetched.append((part, place))
            yield Box((part, place), size, self)
        if error is not None:
            self.request((part, good))
            raise error

    def hold(self, label: Label, size: int) -> None:
        """Note how many bytes of an item are held now."""
        with self._lock:
            self._held[label] = size
            self.heaviest = max(self.heaviest, sum(self._held.values()))

    def let_go(self, boxes: Iterable[Box]) -> Iterator[Label]:
        """Yield the labels of what is read, of which nothing is held any more."""
        for box in boxes:
            with self._lock:
                del self._held[box.label]
            yield box.label

    def read(self, ahead: Ahead[int, Box]) -> list[Label]:
        """Return the labels of all that comes, in that order."""
        return [label for fetch in ahead for label in self.let_go(fetch)]

    def request(self, label: Label) -> None:
        """Be on the way for as long as the pace says."""
        with self._lock:
            self._on_their_way += 1
            self.most = max(self.most, self._on_their_way)
        self.pace(label)
        with self._lock:
            self._on_their_way -= 1

    @property
    def labels(self) -> list[Label]:
        """All items that there are, in order."""
        return [(p, i) for p, sizes in enumerate(self.sizes) for i in range(len(sizes))]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let little wait, and let those who wait look up often."""
    monkeypatch.setattr(prefetch, "LOOSE_BYTES", LOOSE)
    monkeypatch.setattr(prefetch, "PACKED_BYTES", PACKED)
    monkeypatch.setattr(prefetch, "_LOOK_AGAIN", 0.02)


def in_time(work: Callable[[], T]) -> T:
    """Return what some work gives; fail, rather than hang, if it comes to no end."""
    outcome: queue.SimpleQueue[T | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put(work())
        except BaseException as error:  # noqa: BLE001 - raised again
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        result = outcome.get(timeout=PATIENCE)
    except queue.Empty:
        pytest.fail("a deadlock")
    if isinstance(result, BaseException):
        raise result
    return result


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something to happen."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def settle(source: Source) -> None:
    """Wait until nothing more comes."""
    before = -1
    while before != (before := len(source.fetched) + len(source.began)):
        time.sleep(A_WHILE)


def fetching() -> set[threading.Thread]:
    """Return the threads that fetch."""
    return {thread for thread in threading.enumerate() if thread.name == "fetch"}


sizes = st.lists(
    st.lists(st.sampled_from([0, 1, 30, 60, 99, 100, 101, 400]), max_size=5), max_size=12
)
parallels = st.integers(1, 6)


def at_random(seed: int) -> Callable[[Label], None]:
    """Return a pace in which anything may come first."""
    chance = random.Random(seed)
    return lambda _: time.sleep(chance.choice([0, 0, 0.0005, 0.002]))


@settings(max_examples=60)
@given(sizes=sizes, parallel=parallels, seed=st.integers(0, 99), is_slow=st.booleans())
def test_all_comes_once_and_in_order_within_bounds(
    sizes: list[list[int]], parallel: int, seed: int, *, is_slow: bool
) -> None:
    """Whatever the timing, also of the reader; and no combination is a deadlock."""
    source = Source(sizes, pace=at_random(seed))

    def read() -> list[Label]:
        labels = []
        with source.ahead(parallel) as ahead:
            for fetch in ahead:
                assert fetch.asked_at <= clock.now()
                for label in source.let_go(fetch):
                    time.sleep(0.001 * is_slow)
                    labels.append(label)
        return labels

    assert in_time(read) == source.labels
    assert source.most <= parallel
    assert sorted(source.began) == list(range(len(sizes)))
    largest = max((size for part in sizes for size in part), default=0)
    # What is on its way finds room when it is asked for, and comes unpacked.
    assert source.heaviest <= LOOSE + PACKED + (parallel + 2) * largest


@settings(max_examples=60)
@given(
    sizes=sizes.filter(any),
    parallel=parallels,
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_an_error_comes_at_its_place(
    sizes: list[list[int]], parallel: int, seed: int, data: st.DataObject
) -> None:
    """After all that stands before it, and nothing of what stands after it."""
    part = data.draw(st.integers(0, len(sizes) - 1))
    good = data.draw(st.integers(0, len(sizes[part])))
    error = BrokenError()
    source = Source(sizes, {part: (good, error)}, at_random(seed))
    labels: list[Label] = []

    def read() -> None:
        with source.ahead(parallel) as ahead:
            for fetch in ahead:
                labels.extend(source.let_go(fetch))

    with pytest.raises(BrokenError) as caught:
        in_time(read)
    assert caught.value is error
    assert labels == [label for label in source.labels if label < (part, good)]


@pytest.mark.parametrize("parallel", [1, 2, 8])
def test_no_more_at_a_time_than_allowed(parallel: int) -> None:
    """And just as many, where all of them take their time."""
    source = Source([[1]] * 24, pace=lambda _: time.sleep(0.005))
    with source.ahead(parallel) as ahead:
        assert in_time(lambda: source.read(ahead)) == source.labels
    assert source.most == parallel


def test_nothing_after_an_error_is_begun() -> None:
    """While parts before it are still to come, what is on its way ends."""
    release = threading.Event()
    failing = threading.Event()

    def pace(label: Label) -> None:
        if label[0] == 1:
            failing.wait(PATIENCE)
        elif label[0] in {0, 2}:
            release.wait(PATIENCE)

    source = Source([[1], [1], [1, 1], *[[1]] * 20], {1: (0, BrokenError())}, pace)
    with source.ahead(3) as ahead:
        wait_until(lambda: source.began == [0, 1, 2])
        failing.set()
        settle(source)
        assert source.began == [0, 1, 2]
        release.set()
        with pytest.raises(BrokenError):
            in_time(lambda: source.read(ahead))
    # One request of part 2 was on its way; there was no other.
    assert set(source.fetched) <= {(0, 0), (2, 0)}
    assert source.began == [0, 1, 2]


def test_an_error_after_an_error_changes_nothing() -> None:
    """What stands between the two ends all the same."""
    gates = {part: threading.Event() for part in range(4)}
    source = Source(
        [[1], [1], [1] * 9, [1]],
        {1: (0, BrokenError()), 3: (0, BrokenError())},
        lambda label: gates[label[0]].wait(PATIENCE),
    )
    with source.ahead(4):
        for part in (1, 3, 2):
            settle(source)
            gates[part].set()
        settle(source)
        # It was on its way.
        assert source.fetched == [(2, 0)]
        gates[0].set()


def test_the_earliest_of_several_errors_counts() -> None:
    """Even if it comes last."""
    late, early = BrokenError("late"), BrokenError("early")
    release = threading.Event()
    source = Source(
        [[1]] * 9,
        {1: (1, early), 3: (0, late)},
        lambda label: label == (1, 1) and release.wait(PATIENCE),
    )
    with source.ahead(4) as ahead:
        wait_until(lambda: {0, 1, 2, 3} <= set(source.began))
        settle(source)
        release.set()
        with pytest.raises(BrokenError, match="early"):
            in_time(lambda: source.read(ahead))


def test_after_an_error_that_can_be_mended_all_goes_on() -> None:
    """The reader gets it at its place, and what comes after it all the same."""
    source = Source([[1, 1]] * 9, {4: (1, PassingError())})
    labels: list[Label] = []

    def read() -> None:
        for fetch in ahead:
            try:
                labels.extend(source.let_go(fetch))
            except PassingError:
                labels.append((fetch.part, -1))

    with source.ahead(2) as ahead:
        in_time(read)
    expected = [(4, -1) if label == (4, 1) else label for label in source.labels]
    assert labels == expected


@pytest.mark.parametrize("parallel", [1, 3])
def test_whoever_mends_an_error_has_one_of_the_places(parallel: int) -> None:
    """To ask anew is a request too, while the others go on."""
    source = Source([[1]] * 20, {4: (0, PassingError())}, pace=lambda _: time.sleep(0.005))

    def read() -> None:
        for fetch in ahead:
            try:
                list(source.let_go(fetch))
            except PassingError:
                for _ in range(5):
                    source.request((fetch.part, -1))

    with source.ahead(parallel) as ahead:
        in_time(read)
    assert source.most == parallel
    assert sorted(source.began) == list(range(20))


@pytest.mark.parametrize("parallel", [1, 4])
def test_closing_ends_those_that_wait_for_room(parallel: int) -> None:
    """Nobody reads, so they would wait for ever."""
    before = fetching()
    source = Source([[LOOSE] * 9] * 9)
    with source.ahead(parallel):
        settle(source)
        assert len(fetching() - before) == parallel
    wait_until(lambda: fetching() <= before)
    assert len(source.fetched) < len(source.labels)


def test_closing_ends_those_that_wait_for_their_turn_in_time() -> None:
    """Each wait of theirs is one of the clock, which knows that they are not wanted."""
    before = fetching()
    source = Source([[1]] * 9, pace=lambda _: clock.sleep(PATIENCE))
    with source.ahead():
        wait_until(lambda: len(source.began) == 4)
    wait_until(lambda: fetching() <= before)
    assert not source.fetched


def test_closing_twice_or_at_once_or_without_any_part() -> None:
    """None of it is a mistake."""
    with Source([]).ahead() as ahead:
        assert in_time(lambda: [*ahead]) == []
        ahead.close()
    before = fetching()
    with Source([[]] * 9).ahead() as ahead:
        ahead.close()
    wait_until(lambda: fetching() <= before)


@pytest.mark.parametrize("size", [1, 30, 60, 99, LOOSE, LOOSE + 1, 10 * LOOSE])
def test_a_slow_reader_is_not_run_away_from(size: int) -> None:
    """Who reads nothing at all finds no more than a few items."""
    parallel = 4
    source = Source([[size] * 50] * 20)
    with source.ahead(parallel) as ahead:
        settle(source)
        assert source.heaviest <= LOOSE + PACKED + (parallel + 2) * size
        assert in_time(lambda: source.read(ahead)) == source.labels


@pytest.mark.parametrize("items", [1, 2, 10])
@pytest.mark.parametrize("size", [30, 99, LOOSE, 10 * LOOSE])
def test_a_slow_reader_has_little_packed(
    monkeypatch: pytest.MonkeyPatch, size: int, items: int
) -> None:
    """To pack costs time of the machine, which is of use only while the network waits."""
    monkeypatch.setattr(prefetch, "PACKED_BYTES", 1000 * LOOSE)
    source = Source([[size] * items] * (60 // items), pace=lambda _: time.sleep(0.001))

    def read() -> None:
        for fetch in ahead:
            for _ in source.let_go(fetch):
                time.sleep(0.002)

    with source.ahead(4) as ahead:
        in_time(read)
    assert len(source.packings) <= len(source.labels) / 4


@pytest.mark.parametrize("size", [30, 60, LOOSE, LOOSE + 1])
def test_a_slow_head_is_run_ahead_of_in_bounds(size: int) -> None:
    """While the reader waits for it, the others pack what they have, up to a limit."""
    release = threading.Event()
    source = Source(
        [[size] * 50] * 20, pace=lambda label: label[0] or release.wait(PATIENCE)
    )
    results: queue.SimpleQueue[list[Label]] = queue.SimpleQueue()
    with source.ahead(4) as ahead:
        reader = threading.Thread(
            target=lambda: results.put(source.read(ahead)), daemon=True
        )
        reader.start()
        settle(source)
        waiting = len(source.fetched)
        # More than would wait as they came.
        assert waiting * size > LOOSE + PACKED
        assert waiting < len(source.labels) / 2
        assert source.heaviest <= LOOSE + PACKED + 6 * size
        release.set()
        assert results.get(timeout=PATIENCE) == source.labels
        reader.join()


def test_the_head_always_goes_on() -> None:
    """However full it is of what others have fetched, and while these wait for room."""
    gates = [threading.Event() for _ in range(6)]
    source = Source(
        [[10 * LOOSE] * 6] + [[10 * LOOSE] * 9] * 9,
        pace=lambda label: label[0] or gates[label[1]].wait(PATIENCE),
    )
    with source.ahead(4) as ahead:
        boxes = source.let_go(next(iter(ahead)))
        for place, gate in enumerate(gates):
            settle(source)
            gate.set()
            assert in_time(lambda: next(boxes)) == (0, place)


def test_a_part_is_asked_for_after_the_instant_it_names() -> None:
    """Of every part that instant comes from the time of its own first request."""
    instants: dict[int, pendulum.DateTime] = {}
    source = Source(
        [[1]] * 5, pace=lambda label: instants.setdefault(label[0], clock.now())
    )
    with source.ahead(2) as ahead:
        asked = [fetch.asked_at for fetch in ahead]
        settle(source)
    assert asked == sorted(asked)
    for part, at in enumerate(asked):
        assert at <= instants[part]
        # Not long before it: the reading would count as older than it is.
        assert (instants[part] - at).total_seconds() < 1


def test_what_a_part_gives_is_not_kept() -> None:
    """A reading of many pages takes the space of one."""
    source = Source([[1] * 5] * 2)
    with source.ahead() as ahead:
        for fetch in ahead:
            assert len(in_time(lambda fetch=fetch: list(fetch))) == 5  # type: ignore[misc]
            assert list(fetch) == []
