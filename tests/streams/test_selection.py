"""What is selected, and what the key, the catalog and the clock make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.singer import config_for, run

if TYPE_CHECKING:
    from tests.simulator import Simulator

ADMIN_KEY = "sk-ant-admin01-ours"
DAYS = {"start_date": "2026-01-10", "end_date": "2026-01-11"}


def test_an_admin_key_with_usage_and_cost(simulator: Simulator) -> None:
    """It is accepted; readings makes no request."""
    streams = ("usage", "cost", "readings")
    output = run(simulator, *streams, api_key=ADMIN_KEY, **DAYS)
    assert all(request.headers["x-api-key"] == ADMIN_KEY for request in simulator.requests)
    assert {request.path for request in simulator.requests} <= {"usage", "cost"}
    assert simulator.requests
    assert not any("is an Admin key" in sentence for sentence in output.failures)


def test_an_admin_key_with_other_streams(simulator: Simulator) -> None:
    """It is refused before the first request, by runs and by the connection test."""
    output = run(simulator, "usage", "skills", api_key=ADMIN_KEY, **DAYS)
    (sentence,) = output.failures
    assert "It cannot read: skills." in sentence
    tap = TapClaudeAnalytics(config=config_for(simulator, api_key=ADMIN_KEY))
    with pytest.raises(RunFailedError, match="is an Admin key"):
        tap.run_connection_test()
    assert simulator.requests == []
