"""State over several runs: nothing skipped, nothing promised that is not emitted."""

from __future__ import annotations

import json
import sys
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from tap_claude_analytics.common.errors import RunFailedError
from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import truth
from tests.conftest import TODAY
from tests.simulator import Options, Simulator
from tests.singer import Output, catalog_of, config_for, run, warnings_in

if TYPE_CHECKING:
    from collections.abc import Callable

    import pendulum


LAST = TODAY.subtract(days=3)
NEXT_DAY = LAST.add(days=1)
#: A stream that is asked for day by day, with its readings.
SKILLS = ("skills", "readings")
#: One of each kind that has a source of its own.
FEW = ("org_summaries", "adoption", *SKILLS)


def state_with(bookmark: str | None, *streams: str) -> dict[str, Any]:
    """Return a state in which these streams have this bookmark."""
    return {
        "bookmarks": {
            stream: {"replication_key": "date", "replication_key_value": bookmark}
            for stream in streams
        }
    }


def assert_promises_kept(output: Output) -> None:
    """No STATE names a day whose reading was not written before it."""
    read: dict[str, set[str]] = {}
    for message in output.messages:
        if message["type"] == "RECORD" and message["stream"] == "readings":
            record = message["record"]
            read.setdefault(record["stream"], set()).add(record["date"])
        elif message["type"] == "STATE":
            for stream, state in message["value"]["bookmarks"].items():
                day = state.get("replication_key_value")
                if day is not None:
                    assert day in read.get(stream, set()), (stream, day)
                    assert date.fromisoformat(day) <= LAST


def test_each_day_end_is_a_state(simulator: Simulator) -> None:
    """A STATE follows at once the last record of every day, and promises no more.

    The first one starts explicitly: a reload that breaks off must not leave an older
    bookmark standing in Meltano, nor an older filter, nor another organisation.
    """
    output = run(simulator, *truth.ALL)
    assert_promises_kept(output)
    expected = state_with(None, *truth.STREAMS)["bookmarks"]
    explicit = {"shape": "{}", "organization_id": None}
    assert output.states[0]["bookmarks"] == {
        stream: {**state, **explicit} for stream, state in expected.items()
    }
    ends = [
        (before["record"], message)
        for before, message in pairwise(output.messages)
        if before["type"] == "RECORD" and before["stream"] == "readings"
    ]
    assert len(ends) == len(truth.STREAMS) * LAST.day
    for record, message in ends:
        assert message["type"] == "STATE"
        bookmark = message["value"]["bookmarks"][record["stream"]]
        assert bookmark["replication_key_value"] == record["date"]


def test_second_run_one_day_later(
    simulator: Simulator, set_today: Callable[[pendulum.Date], None]
) -> None:
    """It asks for exactly 3 + 1 days per daily endpoint, and once for summaries."""
    first = run(simulator, *truth.ALL, start_date="2026-01-09")
    simulator.requests.clear()
    simulator.today = TODAY.add(days=1)
    set_today(TODAY.add(days=1))
    second = run(simulator, *truth.ALL, state=first.state)
    expected = [LAST.add(days=n).isoformat() for n in (-2, -1, 0, 1)]
    for path in truth.PATHS.values():
        asked = [request.params for request in simulator.requests if request.path == path]
        if path == "summaries":
            end = NEXT_DAY.add(days=1).isoformat()
            assert asked == [{"starting_date": [expected[0]], "ending_date": [end]}]
        else:
            assert [params["date"] for params in asked] == [[day] for day in expected]
    for stream in truth.STREAMS:
        assert second.read_days(stream) == expected
        assert second.bookmark(stream) == NEXT_DAY.isoformat()


@pytest.mark.usefixtures("standing_clock")
def test_days_read_again(simulator: Simulator) -> None:
    """They never pull the bookmark back, in any STATE; each reading is the latest.

    Also when the clock stands still.
    """
    first = run(simulator, *SKILLS, start_date="2026-01-09")
    again = run(simulator, *SKILLS, state=first.state)
    assert len(again.read_days("skills")) == 3
    assert {s["bookmarks"]["skills"]["replication_key_value"] for s in again.states} == {
        LAST.isoformat()
    }
    snapshots = [r["snapshot_at"] for o in (first, again) for r in o.records("readings")]
    assert snapshots == sorted(set(snapshots))


def test_nothing_to_do(simulator: Simulator) -> None:
    """Without a new day and without lookback: no request, and the bookmark stays."""
    state = run(simulator, *FEW).state
    simulator.requests.clear()
    output = run(simulator, *FEW, state=state, lookback_days=0)
    assert not simulator.requests
    assert not output.failures
    assert output.state == state


def test_bookmark_beyond_the_window_stays(simulator: Simulator) -> None:
    """A state from the future is left as it is, and nothing is asked."""
    state = state_with("2026-06-01", *truth.STREAMS)
    output = run(simulator, *truth.ALL, state=state)
    assert not simulator.requests
    assert {output.bookmark(stream) for stream in truth.STREAMS} == {"2026-06-01"}


def test_state_from_before_the_floor(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """It is lifted, with one warning; no STATE names a day before the floor."""
    state = state_with("2025-06-01", "org_summaries", "adoption", "skills")
    output = run(simulator, *FEW, state=state, start_date="2025-01-01")
    assert output.read_days("skills")[0] == "2026-01-01"
    assert_promises_kept(output)
    assert "2025-" not in json.dumps(output.states)
    [warning] = warnings_in(caplog)
    assert "start_date" in warning
    assert "the bookmark of skills" in warning


@pytest.mark.parametrize("lookback_days", [0, 3])
def test_killed_anywhere_resumes_without_a_gap(
    set_today: Callable[[pendulum.Date], None], lookback_days: int
) -> None:
    """Whatever line was the last to get through, what follows completes the truth."""
    names = ("org_summaries", "skills", "readings")
    days = [LAST.subtract(days=n) for n in (2, 1, 0)]
    settings: dict[str, Any] = {
        "start_date": days[0].isoformat(),
        "lookback_days": lookback_days,
    }
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=4, skills=3)) as simulator:
        whole = run(simulator, *names, **settings)
        assert_promises_kept(whole)
        assert len(whole.by_day("skills")) == len(days)
        # Where the next run begins depends on the latest state only.
        after = [run(simulator, *names, **settings)]
        after += [run(simulator, *names, state=s, **settings) for s in whole.states]
        assert len(after) > 2 * len(days)
        for lines in range(len(whole.messages)):
            before = whole.before(lines)
            resumed = after[len(before.states)]
            for stream in names[:2]:
                truth.assert_current_rows(simulator, stream, days, before, resumed)
                assert resumed.bookmark(stream) == LAST.isoformat()


def test_a_target_that_has_ended(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with a sentence, in the middle of a day."""
    tap = TapClaudeAnalytics(config=config_for(simulator), catalog=catalog_of(*SKILLS))
    stdout = Mock()
    stdout.buffer.write.side_effect = [*[None] * 6, BrokenPipeError]
    monkeypatch.setattr(sys, "stdout", stdout)
    with pytest.raises(RunFailedError, match="The target has ended"):
        tap.sync_all()
    written = [json.loads(call.args[0])["type"] for call in stdout.buffer.write.mock_calls]
    assert written[-2:] == ["RECORD", "RECORD"]


def test_a_failed_stream_leaves_its_bookmark(simulator: Simulator) -> None:
    """It stands at the last whole day, and the next run goes on from there."""
    simulator.reply(
        "skills",
        body={"oops": 1},
        times=1,
        when=lambda request: request.params["date"] == ["2026-01-05"],
    )
    broken = run(simulator, "plugins", *SKILLS)
    assert len(broken.failures) == 1
    assert broken.bookmark("skills") == "2026-01-04"
    assert_promises_kept(broken)
    after = run(simulator, "plugins", *SKILLS, state=broken.state, lookback_days=0)
    assert after.read_days("skills")[0] == "2026-01-05"
    assert after.read_days("plugins") == []
    days = [LAST.subtract(days=n) for n in range(LAST.day - 1, -1, -1)]
    truth.assert_current_rows(simulator, "skills", days, broken, after)


def test_full_table_reads_from_start_date(simulator: Simulator) -> None:
    """A catalog may force it: then the bookmark is neither used nor moved."""
    catalog = catalog_of(*SKILLS)
    for entry in catalog["streams"]:
        if entry["stream"] == "skills":
            entry["replication_method"] = "FULL_TABLE"
            entry.pop("replication_key", None)
            for metadata in entry["metadata"]:
                if not metadata["breadcrumb"]:
                    metadata["metadata"]["forced-replication-method"] = "FULL_TABLE"
    state = state_with("2026-01-12", "skills")
    output = run(simulator, state=state, catalog=catalog, start_date="2026-01-03")
    assert output.read_days("skills")[0] == "2026-01-03"
    assert output.read_days("skills")[-1] == LAST.isoformat()
    assert output.bookmark("skills") == "2026-01-12"


def test_start_date_and_the_bookmark(simulator: Simulator) -> None:
    """Later than the bookmark it skips forward; earlier it does not read again."""
    state = state_with("2026-01-06", "skills")
    later = run(simulator, *SKILLS, state=state, start_date="2026-01-11")
    assert later.read_days("skills")[0] == "2026-01-11"
    earlier = run(simulator, *SKILLS, state=state, start_date="2026-01-01")
    assert earlier.read_days("skills")[0] == "2026-01-04"


def test_a_day_that_is_not_there_yet(simulator: Simulator) -> None:
    """The stream ends there, without an error, its bookmark before that day."""
    output = run(simulator, *truth.ALL, data_delay_days=0, start_date="2026-01-10")
    available = TODAY.subtract(days=simulator.options.delay_days).isoformat()
    assert not output.failures
    for stream in truth.STREAMS:
        assert output.bookmark(stream) == available
        assert output.read_days(stream)[-1] == available
    asked = [r.params for r in simulator.requests if r.path == "summaries"]
    assert [params["ending_date"] for params in asked] == [
        [TODAY.add(days=1).isoformat()],
        [TODAY.isoformat()],
    ]


@pytest.mark.parametrize(
    ("ahead", "behind"),
    [("adoption", "org_summaries"), ("org_summaries", "adoption")],
)
def test_streams_with_different_bookmarks_share_one_answer(
    simulator: Simulator, ahead: str, behind: str
) -> None:
    """One answer of summaries serves both of its streams, whatever each still needs."""
    state = state_with("2026-01-12", ahead)
    state["bookmarks"].update(state_with("2026-01-05", behind)["bookmarks"])
    output = run(simulator, "adoption", "org_summaries", "readings", state=state)
    assert [r.params["starting_date"] for r in simulator.requests] == [["2026-01-03"]]
    assert output.read_days(ahead)[0] == "2026-01-10"
    assert output.read_days(behind)[0] == "2026-01-03"
