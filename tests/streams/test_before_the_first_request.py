"""Maps that miss and types that lose values are refused before the first request."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests.singer import catalog_of, config_for, run, warnings_in

if TYPE_CHECKING:
    from tests.simulator import Simulator


#: A few days.
SETTINGS: dict[str, Any] = {"start_date": "2026-01-13"}


def retyped(stream: str, field: str, *kinds: str) -> dict[str, Any]:
    """Return a catalog as Meltano's extra `schema` changes it."""
    catalog = catalog_of("cost", "skills")
    (entry,) = [e for e in catalog["streams"] if e["stream"] == stream]
    entry["schema"]["properties"][field] = {"type": [*kinds]}
    return catalog


def test_money_as_text(simulator: Simulator) -> None:
    """Every amount is the same number in text, and schema and records agree."""
    number = run(simulator, "cost", **SETTINGS).records("cost")
    text_of = retyped("cost", "amount_usd", "string", "null")
    output = run(simulator, catalog=text_of, **SETTINGS)
    text = output.records("cost")
    assert [Decimal(r["amount_usd"]) for r in text] == [r["amount_usd"] for r in number]
    assert all(isinstance(record["amount_usd"], str) for record in text)
    counts = retyped("readings", "row_count", "string", "null")
    readings = run(simulator, catalog=counts, **SETTINGS)
    assert {type(r["row_count"]) for r in readings.records("readings")} == {str}


@pytest.mark.parametrize(
    ("stream", "field", "kind"),
    [("cost", "amount_usd", "integer"), ("readings", "snapshot_at", "integer")],
)
def test_a_type_that_loses_values(
    simulator: Simulator, stream: str, field: str, kind: str
) -> None:
    """Stream, field and types are named; a stream that is not selected does not matter."""
    catalog = retyped(stream, field, kind, "null")
    [sentence] = run(simulator, catalog=catalog).failures
    for word in (stream, field, kind):
        assert word in sentence
    assert not simulator.requests
    unselected = retyped("usage", "requests", "boolean")
    assert not run(simulator, catalog=unselected, **SETTINGS).failures


def test_a_map_that_misses(simulator: Simulator) -> None:
    """Also with the connection test, and for streams that are not selected."""
    maps = {"skils": {}, "user_summaries": {"user__name": None}}
    sentences = run(simulator, "skills", stream_maps=maps).failures
    assert len(sentences) == len(maps)
    assert "Did you mean skills?" in sentences[0]
    tap = TapClaudeAnalytics(config=config_for(simulator, stream_maps=maps))
    with pytest.raises(RunFailedError, match="skils"):
        tap.run_connection_test()
    assert not simulator.requests


def test_a_bookmark_in_the_future(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning says why nothing is read."""
    entry = {"replication_key": "date", "replication_key_value": "2026-06-01"}
    run(simulator, "skills", state={"bookmarks": {"skills": entry, "adoption": entry}})
    [warning] = warnings_in(caplog)
    assert "future" in warning
    assert "skills is 2026-06-01" in warning
    assert "adoption" not in warning
