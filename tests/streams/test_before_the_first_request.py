"""What settings, key, catalog, state and clock make of a run before its first request."""

from datetime import date
from decimal import Decimal
from typing import Any

import pendulum
import pytest

from tests.conftest import TODAY
from tests.simulator import Simulator
from tests.singer import SetToday, catalog_of, run, state_at

DAYS: dict[str, Any] = {"start_date": "2026-01-10", "end_date": "2026-01-11"}


# What is refused


def test_settings_that_do_not_fit_the_streams(simulator: Simulator) -> None:
    """They are refused: a key that opens none, and stream maps, also of other streams."""
    assert "is an Admin key" in run(simulator, "skills", api_key="sk-ant-admin01-x").failure
    maps = {"skils": {}, "user_summaries": {"user__name": None}}
    of_stream, of_field = run(simulator, "skills", stream_maps=maps).failures
    assert "Did you mean skills?" in of_stream
    assert "user__name" in of_field
    assert simulator.requests == []


# Types of a catalog


def retyped(stream: str, field: str, *kinds: str) -> dict[str, Any]:
    """Return a catalog as Meltano's extra `schema` changes it."""
    catalog = catalog_of("cost", "skills")
    (entry,) = [e for e in catalog["streams"] if e["stream"] == stream]
    entry["schema"]["properties"][field] = {"type": [*kinds]}
    return catalog


def test_types_of_a_catalog(simulator: Simulator) -> None:
    """Amounts and counts become text, in records and schema; what loses values is refused.

    A stream that is not selected does not matter.
    """
    number = run(simulator, "cost", **DAYS).records("cost")
    text_of = retyped("cost", "amount_usd", "string", "null")
    text = run(simulator, catalog=text_of, **DAYS).records("cost")
    assert [Decimal(r["amount_usd"]) for r in text] == [r["amount_usd"] for r in number]
    assert {type(record["amount_usd"]) for record in text} == {str}
    counts = retyped("readings", "row_count", "string", "null")
    readings = run(simulator, catalog=counts, **DAYS).records("readings")
    assert {type(record["row_count"]) for record in readings} == {str}
    unselected = retyped("usage", "requests", "boolean")
    assert not run(simulator, catalog=unselected, **DAYS).failures
    simulator.requests.clear()
    for stream, field in (("cost", "amount_usd"), ("readings", "snapshot_at")):
        lossy = retyped(stream, field, "integer", "null")
        sentence = run(simulator, catalog=lossy).failure
        assert all(word in sentence for word in (stream, field, "integer"))
    assert simulator.requests == []


# What is selected


INVOICES = {"tap_stream_id": "invoices", "schema": {"properties": {}}, "metadata": []}


@pytest.mark.parametrize(
    ("entries", "warnings"),
    [
        ([INVOICES], ["have: invoices.", "The catalog names no stream of this tap"]),
        (catalog_of()["streams"], ["No stream is selected"]),
        (catalog_of("readings")["streams"], ["No stream is selected"]),
        ([*catalog_of("skills")["streams"], INVOICES], ["have: invoices."]),
    ],
    ids=["unknown", "none", "readings", "one-and-unknown"],
)
def test_an_odd_selection(
    simulator: Simulator, entries: list[dict[str, Any]], warnings: list[str]
) -> None:
    """The run succeeds, reads what is selected, and says what is odd."""
    output = run(simulator, catalog={"streams": entries}, **DAYS)
    assert output.failures == ()
    for warning, words in zip(output.warnings, warnings, strict=True):
        assert words in warning
    assert bool(simulator.requests) is (INVOICES in entries[1:])


@pytest.mark.parametrize("readings", ["not selected", "without fields", "left out"])
def test_readings_are_always_read(simulator: Simulator, readings: str) -> None:
    """A day without a reading has not been read, so no selection leaves readings out.

    The schema and one whole record per day are there, maps and all.
    """
    catalog = catalog_of("skills")
    (entry,) = [e for e in catalog["streams"] if e["stream"] == "readings"]
    if readings == "left out":
        catalog["streams"].remove(entry)
    for metadata in entry["metadata"] if readings == "without fields" else ():
        metadata["metadata"]["selected"] = False
    settings: dict[str, Any] = {**DAYS, "stream_maps": {"*": {"tenant": "'acme'"}}}
    output = run(simulator, catalog=catalog, **settings)
    whole = run(simulator, "skills", "readings", **settings)
    assert len(whole.read_days("skills")) == 2
    found, expected = output.records("readings"), whole.records("readings")
    for record in found + expected:
        del record["snapshot_at"]
    assert found == expected
    assert output.schemas == whole.schemas


# Nothing to read


@pytest.mark.parametrize(
    ("today", "bookmark", "settings", "told"),
    [
        (TODAY, "2026-06-01", {}, "that of skills is 2026-06-01."),
        (TODAY, "9999-12-31", {}, "that of skills is 9999-12-31."),
        (TODAY, None, {"start_date": "2026-01-26"}, "start_date is 2026-01-26, which is"),
        (pendulum.Date(2025, 3, 1), None, {}, "says that today is 2025-03-01"),
    ],
    ids=["bookmark", "end-of-time", "start", "clock"],
)
def test_nothing_to_read(
    simulator: Simulator,
    set_today: SetToday,
    today: date,
    bookmark: str | None,
    settings: dict[str, Any],
    told: str,
) -> None:
    """A warning says why, of the streams that are selected; a bookmark stays."""
    set_today(today)
    state = state_at(bookmark, "skills", "adoption")
    output = run(simulator, "skills", state=state, **settings)
    assert output.failures == ()
    assert any(told in warning for warning in output.warnings)
    assert simulator.requests == []
    assert output.bookmark("skills") == bookmark
