"""When and how to kill: chosen at random, and told in words."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    import random
    from collections import Counter
    from collections.abc import Callable

    from tests.simulator import Simulator

if not hasattr(os, "fork"):
    pytest.skip("Windows has neither these signals nor forks", allow_module_level=True)

#: The signals that the tap can answer.
ANSWERED = (signal.SIGTERM, signal.SIGINT)
#: What to kill the tap with, and how it ends then; None kills the target, so that the pipe
#: of the tap is broken.
EXIT_CODES: dict[signal.Signals | None, int] = {
    signal.SIGTERM: 143,
    signal.SIGINT: 130,
    signal.SIGKILL: -signal.SIGKILL,
    None: 1,
}
MOMENTS = ("bytes", "requests", "wait", "seconds")

TOO_MANY_REQUESTS = 429


class Extent(NamedTuple):
    """How much there is of one whole run: a random moment lies within.

    Attributes:
        bytes: How many bytes it writes.
        requests: How many requests it makes, by path.
        seconds: How long it takes.
    """

    bytes: int
    requests: Counter[str]
    seconds: float


@dataclass(frozen=True)
class KillPoint:
    """A moment of a run, and what to kill then.

    Attributes:
        number: The signal that the tap gets; None if it is the target that dies.
        moment: What the moment is counted in: bytes that the tap wrote, requests that
            it made, seconds since its first byte, or a wait that it was told.
        amount: How many of them; for a wait, seconds since it was told.
        endpoint: Which endpoint tells it to wait.
        nth: At which request of this endpoint.
    """

    number: signal.Signals | None
    moment: str
    amount: float
    endpoint: str = ""
    nth: int = 0

    def __str__(self) -> str:
        """Tell it."""
        what = "the target dies" if self.number is None else self.number.name
        if self.moment == "wait":
            return (
                f"{what} {self.amount:.3f} s after request {self.nth} of {self.endpoint}"
                " was told to wait"
            )
        return f"{what} after {self.amount:.6g} {self.moment}"

    def arm(self, simulator: Simulator) -> Callable[[int], bool]:
        """Return what tells, given the bytes written so far, whether it is time."""
        if self.moment == "bytes":
            return lambda written: written >= self.amount
        before = len(simulator.requests)
        if self.moment == "requests":
            return lambda _: len(simulator.requests) - before >= self.amount
        if self.moment == "seconds":
            return _Timer(self.amount, lambda written: written > 0)
        # The tap cannot see that its target died before it writes again.
        wait = "0.2" if self.number is None else "200"
        passed = count(1)
        simulator.reply(
            self.endpoint,
            status=TOO_MANY_REQUESTS,
            headers={"retry-after": wait},
            times=1,
            when=lambda _: next(passed) == self.nth,
        )
        return _Timer(
            self.amount,
            lambda _: any(
                request.status == TOO_MANY_REQUESTS
                for request in simulator.requests[before:]
            ),
        )


class _Timer:
    """Tells whether so many seconds have passed since something happened."""

    def __init__(self, seconds: float, happened: Callable[[int], bool]) -> None:
        self._seconds = seconds
        self._happened = happened
        self._since: float | None = None

    def __call__(self, written: int) -> bool:
        if self._since is None and self._happened(written):
            self._since = time.monotonic()
        return self._since is not None and time.monotonic() - self._since >= self._seconds


def choose(dice: random.Random, extent: Extent) -> KillPoint:
    """Choose a kill point.

    Earlier ones are likelier, since a run that goes on where others ended has less to do.
    """
    moment, number = dice.choice(MOMENTS), dice.choice(list(EXIT_CODES))
    part = dice.random() ** 2
    if moment == "wait":
        endpoint = dice.choice(sorted(extent.requests))
        nth = 1 + int(part * extent.requests[endpoint])
        return KillPoint(number, moment, dice.uniform(0, 0.1), endpoint, nth)
    amount = {
        "bytes": 1 + part * extent.bytes,
        "requests": 1 + part * extent.requests.total(),
        "seconds": part * extent.seconds,
    }[moment]
    return KillPoint(number, moment, amount)
