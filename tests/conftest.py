"""Fixtures of all tests: a clock that stands still, and an API of its own per test."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pendulum
import pytest
from hypothesis import HealthCheck, settings

from tap_claude_analytics import clock
from tap_claude_analytics.progress import Progress
from tests.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Machines that run tests are noisy: no test of ours is about time.
settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

#: Two weeks' worth of days lie between the floor and the youngest day by default.
TODAY = pendulum.Date(2026, 1, 17)


@pytest.fixture(autouse=True)
def _no_tap_settings_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own settings out."""
    for name in list(os.environ):
        if name.startswith("TAP_CLAUDE_ANALYTICS_"):
            monkeypatch.delenv(name)


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
def set_today(monkeypatch: pytest.MonkeyPatch) -> Callable[[pendulum.Date], None]:
    """Let the tap's clock stand at noon of a day; it is moved by calling again."""

    def at(day: pendulum.Date) -> None:
        noon = pendulum.datetime(day.year, day.month, day.day, 12)
        monkeypatch.setattr(clock, "now", lambda: noon)

    return at


@pytest.fixture
def simulator(set_today: Callable[[pendulum.Date], None]) -> Iterator[Simulator]:
    """A small organisation, in January 2026."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=25, projects=8)) as running:
        yield running
