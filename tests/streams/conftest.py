"""Fixtures of the tests over HTTP."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tap_claude_analytics import tap
from tap_claude_analytics.common import clock
from tests.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

#: Seconds that a test may wait in all, if it did wait.
LONGEST_WAIT = 600


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a thousandth of the time: connections are refused for a moment only."""
    waited = 0.0

    def sleep(seconds: float) -> None:
        nonlocal waited
        waited += seconds
        assert waited < LONGEST_WAIT
        time.sleep(seconds / 1000)

    monkeypatch.setattr(clock, "sleep", sleep)
    monkeypatch.setattr(clock, "seconds", lambda: time.monotonic() + waited)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests time out after a fifth of a second."""
    options = tap.api_options
    monkeypatch.setattr(
        tap,
        "api_options",
        lambda settings: replace(options(settings), request_timeout=0.2),
    )


@pytest.fixture
def organization(
    request: pytest.FixtureRequest, set_today: Callable[[pendulum.Date], None]
) -> Iterator[Callable[..., Simulator]]:
    """Start organisations with these options, on `TODAY` of the module or another day."""
    with contextlib.ExitStack() as running:

        def start(today: date | None = None, **options: Any) -> Simulator:
            day = request.module.TODAY if today is None else today
            set_today(pendulum.Date(day.year, day.month, day.day))
            return running.enter_context(Simulator(Options(today=day, **options)))

        yield start
