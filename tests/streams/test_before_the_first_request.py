"""What settings, key, catalog, state and clock make of a run before its first request."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.conftest import TODAY
from tests.singer import SetToday, catalog_of, config_for, run, state_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tests.simulator import Simulator

ADMIN_KEY = "sk-ant-admin01-ours"
DAYS: dict[str, Any] = {"start_date": "2026-01-10", "end_date": "2026-01-11"}


# What is refused


@pytest.mark.parametrize(
    ("settings", "sentences"),
    [
        ({"api_key": ADMIN_KEY}, ["is an Admin key"]),
        ({"filters": ["product:chat"]}, ["filters has product"]),
        (
            {"stream_maps": {"skils": {}, "user_summaries": {"user__name": None}}},
            ["Did you mean skills?", "user__name"],
        ),
    ],
    ids=["key", "filter", "map"],
)
def test_settings_that_do_not_fit_the_streams(
    simulator: Simulator, settings: dict[str, Any], sentences: list[str]
) -> None:
    """A run and the connection test refuse them; maps also of streams not selected."""
    streams = ("skills",) if "stream_maps" in settings else ("user_summaries", "usage")
    failures = run(simulator, *streams, **settings).failures
    assert len(failures) == len(sentences)
    tap = TapClaudeAnalytics(config=config_for(simulator, **settings))
    with pytest.raises(RunFailedError) as caught:
        tap.run_connection_test()
    for number, sentence in enumerate(sentences):
        assert sentence in failures[number]
        assert sentence in caught.value.sentences[number]
    assert simulator.requests == []


def test_an_admin_key(simulator: Simulator) -> None:
    """It is accepted for usage and cost; a stream that it cannot read is named."""
    sentence = run(simulator, "usage", "skills", api_key=ADMIN_KEY, **DAYS).failure
    assert "It cannot read: skills." in sentence
    assert simulator.requests == []
    streams = ("usage", "cost", "readings")
    output = run(simulator, *streams, api_key=ADMIN_KEY, **DAYS)
    assert {request.headers["x-api-key"] for request in simulator.requests} == {ADMIN_KEY}
    assert {request.path for request in simulator.requests} <= {"usage", "cost"}
    assert not any("is an Admin key" in sentence for sentence in output.failures)


# Types of a catalog


def retyped(stream: str, field: str, *kinds: str) -> dict[str, Any]:
    """Return a catalog as Meltano's extra `schema` changes it."""
    catalog = catalog_of("cost", "skills")
    (entry,) = [e for e in catalog["streams"] if e["stream"] == stream]
    entry["schema"]["properties"][field] = {"type": [*kinds]}
    return catalog


def test_money_as_text(simulator: Simulator) -> None:
    """Every amount is the same number in text, and schema and records agree."""
    number = run(simulator, "cost", **DAYS).records("cost")
    text_of = retyped("cost", "amount_usd", "string", "null")
    text = run(simulator, catalog=text_of, **DAYS).records("cost")
    assert [Decimal(r["amount_usd"]) for r in text] == [r["amount_usd"] for r in number]
    assert all(isinstance(record["amount_usd"], str) for record in text)
    counts = retyped("readings", "row_count", "string", "null")
    readings = run(simulator, catalog=counts, **DAYS)
    assert {type(r["row_count"]) for r in readings.records("readings")} == {str}


def test_a_type_that_loses_values(simulator: Simulator) -> None:
    """Stream, field and types are named; a stream that is not selected does not matter."""
    for stream, field in (("cost", "amount_usd"), ("readings", "snapshot_at")):
        lossy = retyped(stream, field, "integer", "null")
        sentence = run(simulator, catalog=lossy).failure
        assert all(word in sentence for word in (stream, field, "integer"))
    assert not simulator.requests
    unselected = retyped("usage", "requests", "boolean")
    assert not run(simulator, catalog=unselected, **DAYS).failures


# What is selected


@pytest.mark.parametrize("selected", [(), ("readings",)])
def test_nothing_selected(simulator: Simulator, selected: tuple[str, ...]) -> None:
    """The run succeeds, and says why it reads nothing."""
    output = run(simulator, catalog=catalog_of(*selected), **DAYS)
    assert output.failures == ()
    (warning,) = output.warnings
    assert warning.startswith("No stream is selected")
    assert simulator.requests == []


@pytest.mark.parametrize("others", [(), ("skills", "readings")])
def test_a_stream_that_there_is_not(simulator: Simulator, others: tuple[str, ...]) -> None:
    """It is named; the others are read, if there are any."""
    entry = {"tap_stream_id": "invoices", "schema": {"properties": {}}, "metadata": []}
    known = catalog_of(*others)["streams"] if others else []
    output = run(simulator, catalog={"streams": [*known, entry]}, **DAYS)
    assert output.failures == ()
    assert "invoices" in output.warnings[0]
    assert len(output.warnings) == (1 if others else 2)
    assert others or "names no stream of this tap" in output.warnings[1]
    assert bool(simulator.requests) == bool(others)


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


# Nothing to read


@pytest.mark.parametrize(
    ("today", "settings", "told"),
    [
        (TODAY, {"state": state_at("2026-06-01", "skills", "adoption")}, "is 2026-06-01"),
        (TODAY, {"state": state_at("9999-12-31", "skills", "adoption")}, "is 9999-12-31"),
        (TODAY, {"start_date": "2026-01-26"}, "start_date is 2026-01-26, which is after"),
        (pendulum.Date(2025, 3, 1), {}, "says that today is 2025-03-01"),
    ],
    ids=["bookmark", "end-of-time", "start", "clock"],
)
def test_nothing_to_read(
    simulator: Simulator,
    set_today: SetToday,
    today: date,
    settings: dict[str, Any],
    told: str,
) -> None:
    """A warning says why; a bookmark in the future stays."""
    set_today(today)
    output = run(simulator, "skills", **settings)
    assert output.failures == ()
    assert any(told in warning for warning in output.warnings)
    assert "adoption" not in str(output.warnings)
    assert simulator.requests == []
    if state := settings.get("state"):
        bookmark = state["bookmarks"]["skills"]["replication_key_value"]
        assert output.bookmark("skills") == bookmark
