"""A quiet end needs proof: 400s about days that are not there yet, and others."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.conftest import TODAY
from tests.simulator import REFUSALS, Kind, Options, Simulator
from tests.singer import run

if TYPE_CHECKING:
    from collections.abc import Callable

    import pendulum

    from tests.simulator import Request
    from tests.singer import Message

DATED = sorted(name for name, fault in REFUSALS.items() if fault.kind is Kind.DATED)
LAST = TODAY.subtract(days=3)
STREAMS = ("skills", "adoption")
SUMMARIES = ("adoption", "org_summaries")


def deny(
    simulator: Simulator,
    endpoint: str,
    message: str,
    when: Callable[[Request], bool] | None = None,
) -> None:
    """Let the API answer with a 400."""
    simulator.reply(endpoint, status=400, body={"error": {"message": message}}, when=when)


def state_at(day: str, *streams: str) -> Message:
    """Return a state whose bookmarks are at a day."""
    entry = {"replication_key": "date", "replication_key_value": day}
    return {"bookmarks": dict.fromkeys(streams, entry)}


@pytest.mark.parametrize("name", DATED)
def test_dates_of_something_else(simulator: Simulator, name: str) -> None:
    """No stream ends quietly because a refusal quotes a date, and no bookmark moves."""
    simulator.fail(REFUSALS[name])
    state = state_at("2026-01-12", *STREAMS)
    output = run(simulator, *STREAMS, state=state, start_date=LAST.isoformat())
    assert [sentence.split()[1] for sentence in output.failures] == sorted(STREAMS)
    assert {output.bookmark(stream) for stream in STREAMS} == {"2026-01-12"}


@pytest.mark.parametrize("message", ["data for 2026-01-02 is not available", ""])
def test_a_400_that_names_no_earlier_day(simulator: Simulator, message: str) -> None:
    """It is fatal for its stream, and quoted; the days before it stay read."""
    deny(simulator, "skills", message, lambda r: r.params["date"] == ["2026-01-02"])
    output = run(simulator, "skills", "readings")
    (sentence,) = output.failures
    assert sentence.startswith("Stream skills failed: ")
    assert "status 400" in sentence
    assert message in sentence
    assert "request id req_" in sentence
    assert output.read_days("skills") == ["2026-01-01"]
    assert output.bookmark("skills") == "2026-01-01"


def test_a_day_that_has_been_read_is_there(simulator: Simulator) -> None:
    """An answer that denies a day up to the bookmark fails the stream."""
    message = "date must be at least 3 days ago"
    deny(simulator, "skills", message)
    [failure] = run(simulator, "skills", state=state_at(f"{LAST}", "skills")).failures
    assert message in failure


def test_a_day_of_which_a_page_has_come_is_there(simulator: Simulator) -> None:
    """An answer that denies it on a later page fails the stream."""
    message = "the latest available day is 2026-01-01"
    deny(simulator, "skills", message, lambda request: "page" in request.params)
    [failure] = run(simulator, "skills", start_date="2026-01-02", page_size=1).failures
    assert message in failure


def test_the_wording_without_a_date(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """All streams end on the day before, without a warning."""
    caplog.set_level(logging.INFO)
    simulator.fail(REFUSALS["not_yet_without_a_date"])
    output = run(simulator, *STREAMS, data_delay_days=1)
    assert not output.failures
    assert {output.bookmark(stream) for stream in STREAMS} == {LAST.isoformat()}
    assert not [r for r in caplog.records if r.levelname == "WARNING"]
    early = [r.getMessage() for r in caplog.records if "stopped early" in r.getMessage()]
    assert len(early) == len(STREAMS)


def test_an_api_that_is_behind(
    set_today: Callable[[pendulum.Date], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Every stream ends with the youngest day that there is, which is told at WARNING."""
    set_today(TODAY)
    streams = ("skills", *SUMMARIES)
    with Simulator(Options(today=TODAY, users=5, projects=2, delay_days=5)) as simulator:
        output = run(simulator, *streams, "readings")
    assert not output.failures
    for stream in streams:
        assert output.bookmark(stream) == "2026-01-12"
        assert len(output.read_days(stream)) == 12
    assert [r.status for r in simulator.requests].count(400) == 2
    skills = [r.params["date"] for r in simulator.requests if r.path == "skills"]
    assert skills[-2:] == [["2026-01-12"], ["2026-01-13"]]
    assert [r.params for r in simulator.requests if r.path == "summaries"] == [
        {"starting_date": ["2026-01-01"], "ending_date": ["2026-01-15"]},
        {"starting_date": ["2026-01-01"], "ending_date": ["2026-01-13"]},
    ]
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == len(streams)
    for stream, warning in zip(sorted(streams), warnings, strict=True):
        assert f"Stream {stream} stopped early: " in warning
        assert "data only up to 2026-01-12" in warning
        assert "data_delay_days (3)" in warning


# Summaries, whose days are asked for together


def ends(day: str) -> Callable[[Request], bool]:
    """Tell requests for summaries up to a day, which is not included."""
    return lambda request: request.params["ending_date"] == [day]


def test_summaries_are_asked_for_once_more_only(simulator: Simulator) -> None:
    """An API that names an earlier day each time would be asked for ever."""
    for end, latest in (("04", "02"), ("03", "01"), ("02", "01")):
        deny(
            simulator,
            "summaries",
            f"the latest available day is 2026-01-{latest}",
            ends(f"2026-01-{end}"),
        )
    output = run(simulator, *SUMMARIES, "readings", end_date="2026-01-03")
    assert len(simulator.requests) == 2
    assert output.records("readings") == []
    assert {output.bookmark(stream) for stream in SUMMARIES} == {None}


def test_summaries_that_are_refused_the_second_time(simulator: Simulator) -> None:
    """That is a refusal."""
    message = "the latest available day is 2026-01-02"
    simulator.reply("summaries", status=400, body={"error": {"message": message}}, times=1)
    simulator.reply("summaries", status=403, body={"error": {"message": "no"}})
    output = run(simulator, *SUMMARIES, "readings", end_date="2026-01-03")
    assert [sentence.split()[1] for sentence in output.failures] == [*SUMMARIES]
    assert len(simulator.requests) == 2
    assert output.records("readings") == []
    assert {output.bookmark(stream) for stream in SUMMARIES} == {None}


def test_summaries_of_which_none_is_there_yet(simulator: Simulator) -> None:
    """If even the first day is too young there is nothing to ask for once more."""
    deny(simulator, "summaries", "the latest available day is 2026-01-02")
    state = state_at("2026-01-02", *SUMMARIES)
    output = run(simulator, *SUMMARIES, "readings", state=state, lookback_days=0)
    assert output.failures == ()
    assert len(simulator.requests) == 1
    assert {output.bookmark(stream) for stream in SUMMARIES} == {"2026-01-02"}
    assert output.records("readings") == []


def test_a_400_of_summaries_that_names_no_earlier_day(simulator: Simulator) -> None:
    """It is fatal for both streams, and not asked again."""
    message = "ending_date: 2026-01-04 is not available yet"
    deny(simulator, "summaries", message)
    output = run(simulator, *SUMMARIES, end_date="2026-01-03")
    assert [sentence.split()[1] for sentence in output.failures] == [*SUMMARIES]
    assert all(message in sentence for sentence in output.failures)
    assert len(simulator.requests) == 1
