"""The limits of the simulator count as servers do."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.limits import (
    KINDS,
    MINUTE,
    Bucket,
    FixedMinute,
    Limit,
    SharedLimit,
    SlidingMinute,
)


@dataclass
class Clock:
    """A clock that a test moves."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds


each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
steps = st.lists(st.floats(0, 2 * MINUTE) | st.just(0.0), min_size=1, max_size=60)


def spend(limit: Limit | SharedLimit, count: int) -> int:
    """Send so many requests at once and return how many are accepted."""
    return sum(limit.admit() == 0 for _ in range(count))


@each_kind
@given(steps=steps, per_minute=st.integers(1, 7))
def test_a_refused_request_is_accepted_after_the_wait_told_and_not_before(
    kind: type[Limit], steps: list[float], per_minute: int
) -> None:
    """The wait is enough and no longer than needed, whatever came before."""
    clock = Clock()
    limit = kind(per_minute, clock)
    for step in steps:
        clock.seconds += step
        wait = limit.admit()
        if wait > 0.01:
            clock.seconds += wait - 0.001
            assert limit.admit() > 0
            clock.seconds += 0.002
            assert limit.admit() == 0


def test_a_sliding_minute_frees_each_request_a_minute_after_it() -> None:
    """What was sent half a minute later is freed half a minute later."""
    clock = Clock()
    limit = SlidingMinute(2, clock)
    limit.admit()
    clock.seconds = 30
    limit.admit()
    assert limit.admit() == 30
    clock.seconds = 60
    assert spend(limit, 2) == 1
    assert limit.admit() == 30


def test_a_fixed_minute_starts_anew_at_the_full_minute() -> None:
    """Around it, twice the limit passes within a second."""
    clock = Clock(599.5)
    limit = FixedMinute(10, clock)
    assert spend(limit, 11) == 10
    assert limit.admit() == 0.5
    clock.seconds = 600
    assert spend(limit, 11) == 10


def test_a_bucket_refills_evenly_and_never_beyond_a_minutes_worth() -> None:
    """One request per interval comes back, and after an hour just one minute's."""
    clock = Clock()
    limit = Bucket(60, clock)
    assert spend(limit, 61) == 60
    assert limit.admit() == 1.0
    clock.seconds = 10
    assert spend(limit, 20) == 10
    clock.seconds = 3600
    assert spend(limit, 100) == 60


def test_others_use_part_of_the_limit() -> None:
    """They take what is theirs first, and what they are refused does not count."""
    clock = Clock()
    shared = SharedLimit(SlidingMinute(60, clock), 30, clock)
    clock.seconds = 50
    assert spend(shared, 100) == 60 - 25
    clock.seconds = 80
    assert spend(shared, 100) == 0
    clock.seconds = 110
    assert spend(shared, 100) == 60 - 15


@each_kind
def test_parallel_requests_do_not_slip_through(kind: type[Limit]) -> None:
    """Threads that ask at once get no more than the limit."""
    limit = kind(500, Clock())
    accepted: list[int] = []
    barrier = threading.Barrier(8)

    def client() -> None:
        barrier.wait()
        accepted.append(spend(limit, 200))

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(accepted) == 500
