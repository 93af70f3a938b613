"""What is selected, and what the key, the catalog and the clock make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.singer import catalog_of, config_for, run, warnings_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator import Simulator

ADMIN_KEY = "sk-ant-admin01-ours"
DAYS: dict[str, Any] = {"start_date": "2026-01-10", "end_date": "2026-01-11"}


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


def warnings_of(
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    catalog: dict[str, Any] | None = None,
) -> list[str]:
    """Run, with success, and return what was warned of."""
    assert run(simulator, catalog=catalog, **DAYS).failures == ()
    return warnings_in(caplog)


@pytest.mark.parametrize("selected", [(), ("readings",)])
def test_nothing_selected(
    simulator: Simulator, caplog: pytest.LogCaptureFixture, selected: tuple[str, ...]
) -> None:
    """The run succeeds, and says why it reads nothing."""
    (warning,) = warnings_of(simulator, caplog, catalog_of(*selected))
    assert warning.startswith("No stream is selected")
    assert simulator.requests == []


def test_a_catalog_of_another_tap(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Its streams are named."""
    entry = {"tap_stream_id": "invoices", "schema": {"properties": {}}, "metadata": []}
    first, second = warnings_of(simulator, caplog, {"streams": [entry]})
    assert "invoices" in first
    assert "names no stream of this tap" in second
    assert simulator.requests == []


def test_a_stream_that_there_is_not(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are read."""
    catalog = catalog_of("skills", "readings")
    entry = {"tap_stream_id": "skils", "schema": {"properties": {}}, "metadata": []}
    catalog["streams"].append(entry)
    (warning,) = warnings_of(simulator, caplog, catalog)
    assert "skils" in warning
    assert simulator.requests


def test_a_clock_that_is_wrong(
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    set_today: Callable[[pendulum.Date], None],
) -> None:
    """A machine that has forgotten the time reads nothing, and says so."""
    set_today(pendulum.Date(2025, 3, 1))
    assert run(simulator, "skills").failures == ()
    assert any("says that today is 2025-03-01" in line for line in warnings_in(caplog))
    assert simulator.requests == []


def _leave_out(catalog: dict[str, Any]) -> None:
    catalog["streams"] = [e for e in catalog["streams"] if e["stream"] == "skills"]


def _deselect_fields(catalog: dict[str, Any]) -> None:
    (entry,) = [e for e in catalog["streams"] if e["stream"] == "readings"]
    for metadata in entry["metadata"]:
        metadata["metadata"]["selected"] = False


@pytest.mark.parametrize("change", [lambda _: None, _leave_out, _deselect_fields])
def test_readings_are_always_read(
    simulator: Simulator, change: Callable[[dict[str, Any]], None]
) -> None:
    """A day without a reading has not been read, so no selection leaves readings out.

    The schema and one whole record per day are there, maps and all.
    """
    catalog = catalog_of("skills")
    change(catalog)
    maps = {"*": {"tenant": "'acme'"}}
    output = run(simulator, catalog=catalog, stream_maps=maps, **DAYS)
    whole = run(simulator, "skills", "readings", stream_maps=maps, **DAYS)
    assert len(whole.read_days("skills")) == 2
    for record, expected in zip(
        output.records("readings"), whole.records("readings"), strict=True
    ):
        assert {**record, "snapshot_at": None} == {**expected, "snapshot_at": None}
    assert output.schemas == whole.schemas
