"""Fixtures of all tests: a clock that stands still, and an API of its own per test."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pendulum
import pytest
import time_machine
from hypothesis import HealthCheck, settings

from tap_claude_analytics.common import clock
from tap_claude_analytics.common.progress import Progress
from tests import fake_clock
from tests.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Machines that run tests are noisy: no test of ours is about time. And no verdict depends
# on what earlier runs have found, or can be kept: the checkout may be read-only.
settings.register_profile(
    "patient",
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")

#: Two weeks' worth of days lie between the floor and the youngest day by default.
TODAY = pendulum.Date(2026, 1, 17)


@pytest.fixture(autouse=True, scope="module")
def _today(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let it be the day that a module calls `TODAY`, or else the one above.

    It is noon when the first test begins, here and in every process that is started.
    """
    day = getattr(request.module, "TODAY", TODAY)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in fake_clock.at(day).items():
            patch.setenv(name, value)
        with time_machine.travel(fake_clock.noon(day)):
            yield


@pytest.fixture(autouse=True)
def _no_tap_settings_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own settings out."""
    for name in list(os.environ):
        if name.startswith("TAP_CLAUDE_ANALYTICS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out proxies and certificate authorities of this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let nobody sleep, and keep how long they would have."""
    asked: list[float] = []
    passed = 0.0

    def sleep(duration: float) -> None:
        nonlocal passed
        passed += duration
        asked.append(duration)

    monkeypatch.setattr(clock, "sleep", sleep)
    monkeypatch.setattr(clock, "seconds", lambda: time.monotonic() + passed)
    return asked


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch, sleeps: list[float]) -> list[float]:
    """Keep how long each wait is, which may be a sleep after the other."""
    asked: list[float] = []
    wait = Progress.wait

    def waited(progress: Progress, seconds: float, reason: str) -> None:
        sleeps.clear()
        wait(progress, seconds, reason)
        assert sum(sleeps) == pytest.approx(seconds)
        asked.append(seconds)

    monkeypatch.setattr(Progress, "wait", waited)
    return asked


@pytest.fixture
def set_today() -> Iterator[Callable[[pendulum.Date], None]]:
    """Let it be noon of a day; the clock is moved by calling again."""
    with time_machine.travel(fake_clock.noon(TODAY)) as traveller:
        yield lambda day: traveller.move_to(fake_clock.noon(day))


@pytest.fixture
def standing_clock(set_today: Callable[[pendulum.Date], None]) -> Iterator[None]:
    """Let no time pass, so that readings of one day can be compared as they are."""
    set_today(TODAY)
    with time_machine.travel(fake_clock.noon(TODAY), tick=False):
        yield


@pytest.fixture
def simulator(set_today: Callable[[pendulum.Date], None]) -> Iterator[Simulator]:
    """A small organisation, in January 2026."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=25, projects=8)) as running:
        yield running
