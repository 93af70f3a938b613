"""Requests in parallel: the same output, the same requests, only sooner."""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tap_claude_analytics.api import pacer
from tests.simulator import Fault, Simulator, limits
from tests.simulator.faults import refused
from tests.simulator.traffic import Answer, Exchange, Request
from tests.singer import Output, run

DAYS = [date(2026, 1, day) for day in range(3, 15)]
MIDDLE = DAYS[5]
TEXTS = [day.isoformat() for day in DAYS]
PAGE_SIZE = 4


def read(simulator: Simulator, *streams: str, parallel: int, **settings: Any) -> Output:
    """Read these days of streams."""
    settings = {"start_date": TEXTS[0], "max_parallel_requests": parallel, **settings}
    return run(simulator, *streams, **settings)


def before_each_answer(
    simulator: Simulator, act: Callable[[Exchange], Answer | None], **selection: Any
) -> None:
    """Do something ahead of each answer, or give another one."""
    fault = Fault(
        name="an act of the test",
        answer=lambda exchange: act(exchange) or exchange.truth,
    )
    simulator.fail(fault, **selection)


def day_of(request: Request) -> str:
    """Return the day that was asked for."""
    return request.params["date"][0]


@pytest.mark.parametrize("parallel", [1, 32])
def test_not_one_request_more_than_needed(simulator: Simulator, parallel: int) -> None:
    """As many as there are pages, each of them once; summaries of all days at once."""
    paged = {"connectors": "connectors", "skills": "skills", "users": "user_summaries"}
    streams = ("adoption", "org_summaries", "artifacts", *paged.values())
    read(simulator, *streams, page_size=PAGE_SIZE, parallel=parallel)
    questions = Counter((r.path, str(r.params)) for r in simulator.requests)
    assert set(questions.values()) == {1}
    needed = {"summaries": 1, "artifacts": len(DAYS)} | {
        path: sum(max(1, -(-len(simulator.truth(path, day)) // PAGE_SIZE)) for day in DAYS)
        for path in paged
    }
    assert Counter(request.path for request in simulator.requests) == needed


@pytest.mark.parametrize(("parallel", "status"), [(1, 400), (4, 422), (32, 200)])
def test_an_error_comes_at_its_day(
    simulator: Simulator, parallel: int, status: int
) -> None:
    """What lies before it is emitted and confirmed, and hardly a request was wasted."""

    def act(exchange: Exchange) -> Answer | None:
        if day_of(exchange.request) == MIDDLE.isoformat():
            return refused(exchange, status, "no")
        # The reader is still waiting for the day before it.
        time.sleep(0.4 if day_of(exchange.request) == DAYS[4].isoformat() else 0.1)
        return None

    before_each_answer(simulator, act, path="skills")
    output = read(simulator, "skills", parallel=parallel)
    assert f"skills?date={MIDDLE}" in output.failure
    earlier = [day.isoformat() for day in DAYS if day < MIDDLE]
    assert output.read_days("skills") == earlier
    assert set(output.by_day("skills")) <= set(earlier)
    assert output.bookmark("skills") == earlier[-1]
    asked = [day_of(request) for request in simulator.requests]
    assert max(Counter(asked).values()) == 1
    beyond = [day for day in asked if day > MIDDLE.isoformat()]
    assert len(beyond) <= parallel - 1


def test_a_429_pauses_all(simulator: Simulator) -> None:
    """While several requests are under way: those come in, and no new one is sent."""
    pause, refused_at, arrivals = 0.8, list[float](), list[float]()

    def act(exchange: Exchange) -> Answer | None:
        if len(arrivals) == 6 and not refused_at:
            refused_at.append(time.monotonic())
            headers = {"retry-after-ms": str(int(pause * 1000))}
            return refused(exchange, 429, "too many requests", headers)
        arrivals.append(time.monotonic())
        time.sleep(0.05)
        return None

    before_each_answer(simulator, act, path="skills")
    output = read(simulator, "skills", parallel=4, requests_per_minute=1200)
    assert output.failures == ()
    assert output.read_days("skills") == TEXTS
    (at,) = refused_at
    # It takes a moment until the answer is there and is read.
    assert not [came for came in arrivals if at + 0.2 < came < at + pause]
    after = [came for came in arrivals if came >= at + pause]
    assert len(after) >= 4
    assert len(simulator.requests) == len(DAYS) + 1
    # They go one after the other: four at a time would be through in a third of this.
    assert after[-1] - after[0] >= 0.8 * (len(after) - 1) * pacer.SPAN / 1200


def test_the_limit_is_kept_as_every_server_counts_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In minutes of a quarter of a second, and with answers of any latency."""
    per_minute = 10
    monkeypatch.setattr(limits, "MINUTE", 0.25)
    monkeypatch.setattr(pacer, "SPAN", 0.26)
    # The day stands still.
    servers = [kind(per_minute, time.monotonic) for kind in limits.KINDS.values()]
    dice = random.Random(1)

    def act(exchange: Exchange) -> Answer | None:
        time.sleep(dice.choice([0, 0.02, 0.1]))
        if any(server.admit() > 0 for server in servers):
            return refused(exchange, 429, "too many requests")
        return None

    before_each_answer(simulator, act)
    settings = {"start_date": str(MIDDLE), "requests_per_minute": per_minute}
    output = read(simulator, "user_summaries", page_size=1, parallel=8, **settings)
    assert output.failures == ()
    assert len(simulator.requests) > 3 * per_minute
    assert {request.status for request in simulator.requests} == {200}
