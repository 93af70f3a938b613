"""State over several runs: nothing skipped, nothing promised that is not emitted."""

import json
from typing import Any

import pytest

from tests import truth
from tests.conftest import TODAY
from tests.simulator import FAULTS, Simulator
from tests.simulator.faults import ANOTHER_ORGANIZATION
from tests.singer import Organize, Output, SetToday, catalog_of, merged, run, state_at

LAST = TODAY.subtract(days=3)


def test_second_run_one_day_later(simulator: Simulator, set_today: SetToday) -> None:
    """It asks for exactly 3 + 1 days per daily endpoint, and once for summaries."""
    first = run(simulator, *truth.STREAMS, start_date="2026-01-09")
    simulator.requests.clear()
    set_today(TODAY.add(days=1), simulator)
    second = run(simulator, *truth.STREAMS, state=first.state)
    expected = [LAST.add(days=n).isoformat() for n in (-2, -1, 0, 1)]
    for path in truth.PATHS.values():
        asked = [request.params for request in simulator.requests if request.path == path]
        if path == "summaries":
            end = LAST.add(days=2).isoformat()
            assert asked == [{"starting_date": [expected[0]], "ending_date": [end]}]
        else:
            assert asked == [{"date": [day], "limit": ["1000"]} for day in expected]
    for stream in truth.STREAMS:
        assert second.read_days(stream) == expected
        assert second.bookmark(stream) == expected[-1]


def test_state_from_before_the_floor(simulator: Simulator) -> None:
    """It is lifted, with one warning; no STATE names a day before the floor."""
    streams = ("org_summaries", "adoption", "skills")
    state = state_at("2025-06-01", *streams)
    output = run(simulator, *streams, state=state, start_date="2025-01-01")
    for stream in streams:
        assert output.read_days(stream)[0] == "2026-01-01"
        truth.assert_confirms_whole_days(output, stream, LAST)
    assert "2025-" not in json.dumps(output.states)
    [warning] = output.warnings
    assert "start_date" in warning
    assert "the bookmark of skills" in warning


@pytest.mark.parametrize("lookback_days", [0, 3])
def test_killed_anywhere_resumes_without_a_gap(
    organization: Organize, lookback_days: int
) -> None:
    """Whatever line was the last to get through, what follows completes the truth."""
    activity = [LAST.subtract(days=1), LAST]
    # The current day is never complete.
    cost = [activity[0].add(days=n) for n in range(5)]
    days = {"cost": cost, "org_summaries": activity, "skills": activity}
    bookmarks = {"cost": cost[-2], "org_summaries": LAST, "skills": LAST}
    settings: dict[str, Any] = {
        "start_date": activity[0],
        "lookback_days": lookback_days,
        "report_lookback_days": lookback_days,
        "report_group_by": ["model"],
    }
    simulator = organization(users=4, skills=3)
    whole = run(simulator, *days, **settings)
    for stream, bookmark in bookmarks.items():
        truth.assert_confirms_whole_days(whole, stream, bookmark)
        assert len(whole.by_day(stream)) == len(days[stream])
    # Where the next run begins depends on the latest state only.
    states = [None, *whole.states]
    after = [run(simulator, *days, state=state, **settings) for state in states]
    for lines in range(len(whole.messages)):
        before = whole.before(lines)
        resumed = after[len(before.states)]
        for stream, bookmark in bookmarks.items():
            truth.assert_current_rows(
                simulator, stream, days[stream], before, resumed, group_by=["model"]
            )
            assert (resumed.bookmark(stream) or "")[:10] == bookmark.isoformat()


def test_full_table_reads_from_start_date(simulator: Simulator) -> None:
    """A catalog may force it: then the bookmark is neither used nor moved."""
    catalog = catalog_of("skills")
    for entry in catalog["streams"]:
        entry |= {"replication_method": "FULL_TABLE", "replication_key": None}
    state = state_at("2026-01-12", "skills")
    output = run(simulator, state=state, catalog=catalog, start_date="2026-01-03")
    assert output.read_days("skills")[0] == "2026-01-03"
    assert output.read_days("skills")[-1] == LAST.isoformat()
    assert output.bookmark("skills") == "2026-01-12"


@pytest.mark.parametrize(
    ("ahead", "behind"), [("adoption", "org_summaries"), ("org_summaries", "adoption")]
)
def test_streams_with_different_bookmarks_share_one_answer(
    simulator: Simulator, ahead: str, behind: str
) -> None:
    """One answer of summaries serves both of its streams, whatever each still needs."""
    state = state_at("2026-01-12", ahead)
    state["bookmarks"] |= state_at("2026-01-05", behind)["bookmarks"]
    output = run(simulator, ahead, behind, state=state)
    assert [r.params["starting_date"] for r in simulator.requests] == [["2026-01-03"]]
    assert output.read_days(ahead)[0] == "2026-01-10"
    assert output.read_days(behind)[0] == "2026-01-03"


# Whose state it is

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


def test_a_key_of_another_organization(simulator: Simulator) -> None:
    """The run ends before its first record, with a sentence and the state as it was."""
    old = read(simulator)
    state, own = old.state, simulator.options.organization_id
    assert organizations(old.states[0]) == dict.fromkeys(STREAMS)
    assert organizations(state) == dict.fromkeys(STREAMS, own)
    assert not read(simulator, state=state).failures
    simulator.fail(FAULTS["another_organization"])
    for streams in (STREAMS, ("usage",), ("skills",)):
        output = read(simulator, *streams, state=state)
        for word in (ANOTHER_ORGANIZATION, own, "--full-refresh"):
            assert word in output.failure
        assert not [m for m in output.messages if m["type"] == "RECORD"]
        assert organizations(output.state) == organizations(state)
    # A stream that starts again for another grouping has the same table.
    output = read(simulator, "usage", state=state, report_group_by=["model"])
    assert ANOTHER_ORGANIZATION in output.failure
    fresh = read(simulator)
    assert organizations(fresh.state) == dict.fromkeys(STREAMS, ANOTHER_ORGANIZATION)
    assert not read(simulator, state=fresh.state).failures
    # Meltano merges the state of a full refresh into the old one: other streams are told.
    state = merged(old, read(simulator, "skills"))
    assert not read(simulator, "skills", state=state).failures
    assert read(simulator, "usage", state=state).failures


def test_two_organizations_in_one_run(simulator: Simulator) -> None:
    """Also answers of one run are not mixed."""
    simulator.fail(FAULTS["another_organization"], path="skills", nth=3)
    output = read(simulator, "skills")
    assert ANOTHER_ORGANIZATION in output.failure
    assert len(output.read_days("skills")) == 2


def test_without_the_header(simulator: Simulator) -> None:
    """A gateway that takes it away keeps nothing from being read."""
    simulator.fail(FAULTS["headers_taken_away"])
    state = read(simulator).state
    assert organizations(state) == dict.fromkeys(STREAMS)
    simulator.recover()
    # Only from some answers.
    simulator.fail(FAULTS["headers_taken_away"], nth=3)
    assert not read(simulator, state=state).failures
