"""Fixtures of all tests: a clock that stands still, and an API of its own per test."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pendulum
import pytest
import time_machine
from hypothesis import HealthCheck, settings

from tap_claude_analytics import tap
from tap_claude_analytics.common import clock
from tap_claude_analytics.common.progress import Progress
from tests import fake_clock
from tests.simulator import Options, Simulator

# Machines that run tests are noisy: no test of ours is about time. And no verdict depends
# on what earlier runs have found, or can be kept: the checkout may be read-only.
settings.register_profile(
    "patient", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
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
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    authorities = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    for name in (*proxies, *map(str.lower, proxies), *authorities):
        monkeypatch.delenv(name, raising=False)


def _replace_sleep(monkeypatch: pytest.MonkeyPatch, sleep: Callable[[float], None]) -> None:
    """Let the tap's clock say that time has passed, however long a sleep takes."""
    passed = 0.0

    def pass_time(seconds: float) -> None:
        nonlocal passed
        passed += seconds
        assert passed < 7200, "a test that waits for hours"
        sleep(seconds)

    monkeypatch.setattr(clock, "sleep", pass_time)
    monkeypatch.setattr(clock, "seconds", lambda: time.monotonic() + passed)


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let nobody sleep, and keep how long they would have."""
    asked: list[float] = []
    _replace_sleep(monkeypatch, asked.append)
    return asked


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a thousandth of the time: connections are refused for a moment only."""
    _replace_sleep(monkeypatch, lambda seconds: time.sleep(seconds / 1000))


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
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests time out after a fifth of a second."""
    options = tap.api_options
    monkeypatch.setattr(
        tap, "api_options", lambda settings: replace(options(settings), request_timeout=0.2)
    )


@pytest.fixture
def set_today() -> Iterator[Callable[..., None]]:
    """Let it be noon of a day, here and for simulators; call it again to move the clock."""
    with time_machine.travel(fake_clock.noon(TODAY)) as traveller:

        def move_to(day: date, *simulators: Simulator) -> None:
            traveller.move_to(fake_clock.noon(day))
            for simulator in simulators:
                simulator.today = day

        yield move_to


@pytest.fixture
def organization(
    request: pytest.FixtureRequest, set_today: Callable[..., None]
) -> Iterator[Callable[..., Simulator]]:
    """Start organisations with these options, on `TODAY` of the module or another day."""
    with contextlib.ExitStack() as running:

        def start(today: date | None = None, **options: Any) -> Simulator:
            day = getattr(request.module, "TODAY", TODAY) if today is None else today
            set_today(day)
            return running.enter_context(Simulator(Options(today=day, **options)))

        yield start


@pytest.fixture
def simulator(
    request: pytest.FixtureRequest, organization: Callable[..., Simulator]
) -> Simulator:
    """The organisation that a module describes in `COMPANY`, or a small one."""
    return organization(**getattr(request.module, "COMPANY", {"users": 25, "projects": 8}))
