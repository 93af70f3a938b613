"""A quiet end needs proof: 400s about days that are not there yet, and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import TODAY
from tests.simulator import REFUSALS, Kind
from tests.singer import run

if TYPE_CHECKING:
    from collections.abc import Callable

    import pendulum

    from tests.simulator import Simulator

DATED = sorted(name for name, fault in REFUSALS.items() if fault.kind is Kind.DATED)
LAST = TODAY.subtract(days=3)
STREAMS = ("skills", "adoption")


@pytest.mark.parametrize("bookmark", [None, "2026-01-12"])
@pytest.mark.parametrize("name", DATED)
def test_dates_of_something_else(
    simulator: Simulator, name: str, bookmark: str | None
) -> None:
    """No stream ends quietly because a refusal quotes a date, and no bookmark moves."""
    simulator.fail(REFUSALS[name])
    state = {
        "bookmarks": {
            stream: {"replication_key": "date", "replication_key_value": bookmark}
            for stream in STREAMS
        }
    }
    output = run(simulator, *STREAMS, state=state, start_date=LAST.isoformat())
    assert [sentence.split()[1] for sentence in output.failures] == sorted(STREAMS)
    assert {output.bookmark(stream) for stream in STREAMS} == {bookmark}


def test_a_day_that_has_been_read_is_there(simulator: Simulator) -> None:
    """An answer that denies a day up to the bookmark fails the stream."""
    state = run(simulator, "skills").state
    message = "date must be at least 3 days ago"
    simulator.reply("skills", status=400, body={"error": {"message": message}})
    [failure] = run(simulator, "skills", state=state).failures
    assert message in failure


def test_the_wording_without_a_date(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """All streams end on the day before, without a warning."""
    caplog.set_level("INFO")
    simulator.fail(REFUSALS["not_yet_without_a_date"])
    output = run(simulator, *STREAMS, data_delay_days=1)
    assert not output.failures
    assert {output.bookmark(stream) for stream in STREAMS} == {LAST.isoformat()}
    assert not [r for r in caplog.records if r.levelname == "WARNING"]
    early = [r.getMessage() for r in caplog.records if "stopped early" in r.getMessage()]
    assert len(early) == len(STREAMS)


def test_a_named_day_further_back(
    simulator: Simulator,
    set_today: Callable[[pendulum.Date], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An API that stands still is told at WARNING, with the day."""
    state = run(simulator, "skills").state
    set_today(TODAY.add(days=5))
    output = run(simulator, "skills", state=state)
    assert not output.failures
    [warning] = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    latest = simulator.latest
    assert f"data only up to {latest}" in warning
    assert "data_delay_days (3)" in warning
