"""A state goes on only with a key of the organisation that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulator import REFUSALS
from tests.simulator.faults import ANOTHER_ORGANIZATION
from tests.singer import Output, run

if TYPE_CHECKING:
    from tests.simulator import Simulator

STREAMS = ("adoption", "cost", "skills", "usage")


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read streams, or all of the above, for a few days."""
    return run(simulator, *(streams or STREAMS), start_date="2026-01-12", **settings)


def organizations(state: dict[str, Any]) -> dict[str, str | None]:
    """Return what each stream of a state says."""
    return {
        name: entry["organization_id"]
        for name, entry in state["bookmarks"].items()
        if "organization_id" in entry
    }


def test_the_state_names_it(simulator: Simulator) -> None:
    """Each stream whose days have been read; the first STATE says that none has been."""
    output = read(simulator)
    own = simulator.options.organization_id
    assert organizations(output.states[0]) == dict.fromkeys(STREAMS)
    assert organizations(output.state) == dict.fromkeys(STREAMS, own)
    again = read(simulator, state=output.state)
    assert not again.failures


def test_a_key_of_another_organization(simulator: Simulator) -> None:
    """The run ends before its first record, with a sentence and the state as it was."""
    state = read(simulator).state
    simulator.fail(REFUSALS["another_organization"])
    for streams in (STREAMS, ("usage",), ("skills",)):
        output = read(simulator, *streams, state=state)
        [sentence] = output.failures
        assert ANOTHER_ORGANIZATION in sentence
        assert simulator.options.organization_id in sentence
        assert "--full-refresh" in sentence
        assert not [m for m in output.messages if m["type"] == "RECORD"]
        assert organizations(output.state) == organizations(state)
    fresh = read(simulator)
    assert organizations(fresh.state) == dict.fromkeys(STREAMS, ANOTHER_ORGANIZATION)
    assert not read(simulator, state=fresh.state).failures


def test_a_full_refresh_of_one_stream(simulator: Simulator) -> None:
    """Meltano merges its state into the old one: the other streams are still told."""
    state = read(simulator).state
    simulator.fail(REFUSALS["another_organization"])
    refreshed = read(simulator, "skills")
    merged = {
        "bookmarks": {
            name: {**entry, **refreshed.state["bookmarks"].get(name, {})}
            for name, entry in state["bookmarks"].items()
        }
    }
    assert not read(simulator, "skills", state=merged).failures
    assert read(simulator, "usage", state=merged).failures


def test_other_rows_of_another_organization(simulator: Simulator) -> None:
    """A stream that starts again for another grouping has the same table."""
    state = read(simulator, "usage").state
    simulator.fail(REFUSALS["another_organization"])
    output = read(simulator, "usage", state=state, report_group_by=["model"])
    assert ANOTHER_ORGANIZATION in str(output.failures)


def test_two_organizations_in_one_run(simulator: Simulator) -> None:
    """Also answers of one run are not mixed."""
    simulator.fail(REFUSALS["another_organization"], path="skills", nth=3)
    output = read(simulator, "skills")
    assert ANOTHER_ORGANIZATION in str(output.failures)
    assert len(output.read_days("skills")) == 2


def test_without_the_header(simulator: Simulator) -> None:
    """A gateway that takes it away keeps nothing from being read."""
    simulator.fail(REFUSALS["headers_taken_away"])
    state = read(simulator).state
    assert organizations(state) == dict.fromkeys(STREAMS)
    simulator.recover()
    assert not read(simulator, state=state).failures
