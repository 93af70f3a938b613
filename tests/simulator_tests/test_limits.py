"""The limits of the simulator count as servers do."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.limits import KINDS, MINUTE, Limit

steps = st.lists(st.floats(0, 2 * MINUTE) | st.just(0.0), min_size=1, max_size=60)


def spend(limit: Limit, count: int) -> int:
    """Send so many requests at once and return how many are accepted."""
    return sum(limit.admit() == 0 for _ in range(count))


@pytest.mark.parametrize("kind", KINDS)
@given(steps=steps, per_minute=st.integers(1, 7))
def test_a_refused_request_is_accepted_after_the_wait_told_and_not_before(
    kind: str, steps: list[float], per_minute: int
) -> None:
    """The wait is enough and no longer than needed, whatever came before."""
    clock = SimpleNamespace(seconds=0.0)
    limit = KINDS[kind](per_minute, lambda: clock.seconds)
    for step in steps:
        clock.seconds += step
        wait = limit.admit()
        if wait > 0.01:
            clock.seconds += wait - 0.001
            assert limit.admit() > 0
            clock.seconds += 0.002
            assert limit.admit() == 0


@pytest.mark.parametrize(
    ("kind", "per_minute", "course"),
    [
        # What was sent half a minute later is freed half a minute later.
        ("sliding", 2, [(0, 1, 1, None), (30, 1, 1, 30), (60, 2, 1, 30)]),
        # Around the full minute, twice the limit passes within a second.
        ("fixed", 10, [(599.5, 11, 10, 0.5), (600, 11, 10, None)]),
        # One request per interval comes back, and after an hour just one minute's.
        ("bucket", 60, [(0, 61, 60, 1), (10, 20, 10, None), (3600, 100, 60, None)]),
    ],
)
def test_what_a_kind_of_limit_lets_through(
    kind: str, per_minute: int, course: list[tuple[float, int, int, float | None]]
) -> None:
    """At some moments so many are sent and accepted, and the next one has to wait."""
    clock = SimpleNamespace(seconds=0.0)
    limit = KINDS[kind](per_minute, lambda: clock.seconds)
    for clock.seconds, sent, accepted, wait in course:
        assert spend(limit, sent) == accepted
        assert wait is None or limit.admit() == wait
