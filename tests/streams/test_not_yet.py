"""A quiet end needs proof: 400s about days that are not there yet, and others."""

from datetime import date
from typing import Any

import pendulum
import pytest

from tests import truth
from tests.conftest import TODAY
from tests.simulator import FAULTS, Request, Simulator
from tests.simulator.faults import DATED
from tests.singer import Organize, error_of, run, state_at

LAST = TODAY.subtract(days=3)
STREAMS = ("skills", "adoption")
SUMMARIES = ("adoption", "org_summaries")


@pytest.mark.parametrize("name", DATED)
def test_dates_of_something_else(simulator: Simulator, name: str) -> None:
    """No stream ends quietly because a refusal quotes a date, and no bookmark moves."""
    simulator.fail(FAULTS[name])
    state = state_at("2026-01-12", *STREAMS)
    output = run(simulator, *STREAMS, state=state, start_date=LAST)
    assert output.failed == sorted(STREAMS)
    assert {output.bookmark(stream) for stream in STREAMS} == {"2026-01-12"}


@pytest.mark.parametrize(
    ("message", "name", "bookmark"),
    [
        ("data for 2026-01-02 is not available", "date", "2026-01-01"),
        # A page of the day has come, or it has been read before.
        ("the latest available day is 2026-01-01", "page", "2026-01-01"),
        ("the latest available day is 2026-01-01", "date", "2026-01-02"),
    ],
    ids=["no-earlier-day", "second-page", "read-before"],
)
def test_a_day_that_cannot_be_denied(
    simulator: Simulator, message: str, name: str, bookmark: str
) -> None:
    """The 400 is fatal for its stream, and quoted; the days before it stay read."""

    def is_denied(request: Request) -> bool:
        return request.params["date"] == ["2026-01-02"] and name in request.params

    simulator.reply("skills", status=400, body=error_of(message), when=is_denied)
    output = run(simulator, "skills", state=state_at(bookmark, "skills"), page_size=1)
    assert output.failed == ["skills"]
    assert f'status 400: "{message}" (request id req_' in output.failure
    assert output.read_days("skills") == ["2026-01-01"]
    assert output.bookmark("skills") == bookmark


def test_a_version_is_no_day(organization: Organize) -> None:
    """A refusal may repeat what was sent."""
    simulator = organization(pendulum.Date(2026, 11, 10), users=2)
    simulator.reply("skills", status=400, body=error_of("2026-10-21 is not known"))
    output = run(simulator, "skills", start_date="2026-11-07")
    assert output.failed == ["skills"]
    assert simulator.requests[0].headers["anthropic-version"] in output.failure


def test_the_wording_without_a_date(simulator: Simulator) -> None:
    """All streams end on the day before, without a warning."""
    simulator.fail(FAULTS["not_yet_without_a_date"])
    output = run(simulator, *STREAMS, data_delay_days=1)
    assert not output.failures
    assert {output.bookmark(stream) for stream in STREAMS} == {LAST.isoformat()}
    assert not output.warnings
    assert sorted(message for message in output.logged if "stopped" in message) == [
        f"Stream {stream} stopped early: the API has no data yet after {LAST}."
        for stream in sorted(STREAMS)
    ]


def test_an_api_that_is_behind(organization: Organize) -> None:
    """Every stream ends with the youngest day that there is, which is told at WARNING."""
    streams = ("skills", *SUMMARIES)
    simulator = organization(users=5, projects=2, delay_days=5)
    output = run(simulator, *streams)
    assert not output.failures
    for stream in streams:
        assert output.bookmark(stream) == "2026-01-12"
        assert len(output.read_days(stream)) == 12
    skills = [r.params["date"] for r in simulator.requests if r.path == "skills"]
    assert skills[-2:] == [["2026-01-12"], ["2026-01-13"]]
    assert [r.params for r in simulator.requests if r.path == "summaries"] == [
        {"starting_date": ["2026-01-01"], "ending_date": ["2026-01-15"]},
        {"starting_date": ["2026-01-01"], "ending_date": ["2026-01-13"]},
    ]
    assert output.warnings == [
        f"Stream {stream} stopped early: the API has data only up to 2026-01-12. That is 5"
        " days back, more than data_delay_days (3); a later run reads the other days."
        for stream in sorted(streams)
    ]


# Summaries, whose days are asked for together; see also `test_summaries.py`


@pytest.mark.parametrize(
    ("refusals", "bookmark", "failed"),
    [
        ([(400, "the latest day is 2026-01-02"), (403, "no")], None, SUMMARIES),
        # An API that names an earlier day each time would be asked for ever.
        ([(400, f"the latest day is 2026-01-0{n}") for n in (2, 1)], None, ()),
        # The earlier day is not wanted any more.
        ([(400, "the latest day is 2026-01-02")], "2026-01-02", ()),
    ],
)
def test_summaries_that_are_refused(
    simulator: Simulator,
    refusals: list[tuple[int, str]],
    bookmark: str | None,
    failed: tuple[str, ...],
) -> None:
    """They are asked for once more if a refusal names an earlier day that is wanted."""
    for status, message in refusals:
        simulator.reply("summaries", status=status, body=error_of(message), times=1)
    settings: dict[str, Any] = {"lookback_days": 0, "end_date": "2026-01-03"}
    state = state_at(bookmark, *SUMMARIES)
    output = run(simulator, *SUMMARIES, state=state, **settings)
    assert output.failed == [*failed]
    assert all("status 403" in sentence for sentence in output.failures)
    assert len(simulator.requests) == len(refusals)
    assert output.records("readings") == []
    assert {output.bookmark(stream) for stream in SUMMARIES} == {bookmark}


# Summaries of more days than the API allows in one request, which sources disagree on

#: 34 days of January and February have been there since.
LATER = pendulum.Date(2026, 2, 6)


def test_pieces_of_a_range(organization: Organize) -> None:
    """They hold the truth of all days, and each piece is asked for once."""
    simulator = organization(LATER, users=5, projects=2)
    streams = (*SUMMARIES, "org_summaries_by_team")

    def is_long(request: Request) -> bool:
        names = ("starting_date", "ending_date")
        first, end = (date.fromisoformat(request.params[name][0]) for name in names)
        return (end - first).days > 31

    for path in ("summaries", "users"):
        too_long = error_of("the range is too long")
        simulator.reply(path, status=400, body=too_long, when=is_long)
    pieces = run(simulator, *streams)
    assert not pieces.failures
    days = [pendulum.Date(2026, 1, 1).add(days=n) for n in range(34)]
    for stream in streams:
        truth.assert_true(pieces, simulator, stream, days)
    asked = [
        request.params["starting_date"][0]
        for request in simulator.requests
        if request.path == "summaries" and "filter[]" not in request.params
    ]
    assert asked == ["2026-01-01", "2026-01-01", "2026-02-01"]
    # Of the last piece, days may be missing.
    output = run(simulator, "org_summaries", data_delay_days=0)
    assert not output.failures
    assert output.bookmark("org_summaries") == simulator.latest.isoformat()


def test_a_range_that_is_refused_for_another_reason(organization: Organize) -> None:
    """The first piece is tried of more than 31 days, and its refusal is the error."""
    simulator = organization(LATER, users=5, projects=2)
    message = "this combination is not supported"
    simulator.reply("summaries", status=400, body=error_of(message))
    assert message in run(simulator, "org_summaries").failure
    assert len(simulator.requests) == 2
    assert message in run(simulator, "org_summaries", start_date="2026-01-10").failure
    assert len(simulator.requests) == 2 + 1
