"""Days of usage and cost: final, complete, in which order, and rows that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tests.simulator import FAULTS, REFUSALS, Simulator
from tests.singer import run, warnings_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.singer import Output

TODAY = pendulum.Date(2026, 3, 20)
STREAMS = ("cost", "usage")


@pytest.fixture
def simulator(organization: Callable[..., Simulator]) -> Simulator:
    """A few people."""
    return organization(users=6, projects=2)


def ago(days: int) -> str:
    """Return a day before today."""
    return TODAY.subtract(days=days).isoformat()


def finals(output: Output) -> dict[str, set[bool]]:
    """Return what the records of each day say, of all streams."""
    found: dict[str, set[bool]] = {}
    for stream in STREAMS:
        for record in output.records(stream):
            found.setdefault(record["date"], set()).add(record["is_final"])
    return found


@pytest.mark.parametrize("lookback_days", [7, 35])
def test_final_days(organization: Callable[..., Simulator], lookback_days: int) -> None:
    """They are older than the API revises, however short the lookback is.

    A first load reads each day once, and keeps those that will be read again.
    """
    output = run(
        organization(users=2),
        *STREAMS,
        start_date=ago(37),
        report_lookback_days=lookback_days,
    )
    first = ago(max(30, lookback_days))
    days = [ago(n) for n in range(37, -1, -1)]
    assert finals(output) == {day: {day < first} for day in days}
    for stream in STREAMS:
        assert output.read_days(stream) == days
        revisable = output.state["bookmarks"][stream]["revisable_days"].split()
        assert [day[:10] for day in revisable] == days[-lookback_days - 1 :]


def test_days_of_which_nobody_knows_if_they_are_complete(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """They are not final, hold the bookmark with a warning, and stay to be read again."""
    settings: dict[str, Any] = {"start_date": ago(33), "end_date": ago(25)}
    simulator.fail(REFUSALS["never_refreshed"])
    output = run(simulator, *STREAMS, **settings)
    assert set().union(*finals(output).values()) == {False}
    warnings = warnings_in(caplog)
    assert len(warnings) == len(STREAMS)
    for warning in warnings:
        assert "data_refreshed_at is null" in warning
        assert ago(33) in warning
    for stream in STREAMS:
        assert output.bookmark(stream) is None
        days = output.state["bookmarks"][stream]["revisable_days"].split()
        assert min(days)[:10] == ago(33)
    simulator.recover()
    again = run(simulator, *STREAMS, state=output.state, **settings)
    assert finals(again)[ago(31)] == {True}
    assert again.bookmark("usage") == f"{ago(25)}T00:00:00Z"


def test_order_of_dimensions(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Another order makes the same rows: the stream goes on, with the same keys."""
    settings: dict[str, Any] = {"start_date": ago(5)}
    first = run(simulator, *STREAMS, report_group_by=["model", "actor"], **settings)
    again = run(
        simulator,
        *STREAMS,
        report_group_by=["actor", "model"],
        state=first.state,
        **settings,
    )
    assert "have changed" not in caplog.text
    for stream in STREAMS:
        keys = {(r["starting_at"], r["row_key"]) for r in first.records(stream)}
        assert again.records(stream)
        assert {(r["starting_at"], r["row_key"]) for r in again.records(stream)} <= keys
        assert again.read_days(stream) == [TODAY.isoformat()]
    other = run(
        simulator, "usage", report_group_by=["actor"], state=first.state, **settings
    )
    assert len(other.read_days("usage")) == 6


def test_days_in_between_of_minutes(simulator: Simulator) -> None:
    """Each day is a request, so only those that were revised are asked for."""
    settings: dict[str, Any] = {
        "start_date": ago(8),
        "report_bucket_width": "1m",
        "report_group_by": ["model"],
    }
    state = run(simulator, "usage", **settings).state
    revised = TODAY.subtract(days=6)
    simulator.revise(revised, lambda facts: facts[1:])
    simulator.requests.clear()
    output = run(simulator, "usage", state=state, **settings)
    assert output.read_days("usage") == [revised.isoformat(), TODAY.isoformat()]
    asked = {
        request.params["starting_at"][0][:10]
        for request in simulator.requests
        if request.params["time_bucket_width"] == ["1m"]
    }
    assert asked == {revised.isoformat(), TODAY.isoformat()}


def test_rows_that_are_alike(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a value in a dimension they may be two: they count, and a warning says so."""
    settings: dict[str, Any] = {"start_date": ago(2), "end_date": ago(2)}
    group_by = ["actor", "model"]
    once = run(simulator, "usage", report_group_by=group_by, **settings)
    assert "equal to another row" not in caplog.text
    unnamed = [
        record
        for record in once.records("usage")
        if record["actor_id"] is None or record["model"] is None
    ]
    assert unnamed
    simulator.fail(FAULTS["rows_twice"])
    twice = run(simulator, "usage", report_group_by=group_by, **settings)
    assert f"{len(unnamed)} rows are equal to another row" in caplog.text
    different = {record["row_key"] for record in twice.records("usage")}
    assert len(different) == len(once.records("usage")) + len(unnamed)
    [reading] = twice.records("readings")
    assert reading["row_count"] == len(different) < len(twice.records("usage"))
