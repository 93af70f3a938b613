"""One stream's trouble: what fails, what still runs, and how the run ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.singer import Output, run

if TYPE_CHECKING:
    from tests.simulator import Simulator

#: Streams to the endpoints that they ask.
ENDPOINT_OF = {
    "adoption": "summaries",
    "artifacts": "artifacts",
    "org_summaries": "summaries",
    "skills": "skills",
}
DAYS = ["2026-01-01", "2026-01-02"]
ADVICE = ("Analytics API key", "read:analytics", "Claude Enterprise")
NAME = "Zoe Quillfeather"
# Nobody sleeps.
pytestmark = pytest.mark.usefixtures("waits")


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read two days of some streams, or of those above."""
    chosen = (*(streams or ENDPOINT_OF), "readings")
    return run(simulator, *chosen, end_date=DAYS[-1], **settings)


def refuse(simulator: Simulator, *endpoints: str, status: int = 403) -> None:
    """Let the API refuse endpoints in its own words."""
    for endpoint in endpoints:
        error = {"type": "some_error", "message": f"no scope for {endpoint}"}
        simulator.reply(endpoint, status=status, body={"type": "error", "error": error})


def failed_streams(output: Output) -> list[str]:
    """Return the streams that the sentences name, each of them in one line."""
    assert output.error is not None
    assert output.error.exit_code == 1
    assert all("\n" not in sentence for sentence in output.failures)
    assert all(sentence.startswith("Stream ") for sentence in output.failures)
    return [sentence.split()[1] for sentence in output.failures]


def assert_ran(output: Output, *streams: str) -> None:
    """Check that streams were read to their end."""
    for stream in streams:
        assert output.read_days(stream) == DAYS
        assert output.bookmark(stream) == DAYS[-1]


def assert_failed_at_once(output: Output, *streams: str) -> None:
    """Check that streams read nothing, and keep the bookmark that they did not have."""
    for stream in streams:
        assert output.records(stream) == []
        assert output.read_days(stream) == []
        assert output.bookmark(stream) is None


# Refusals


@pytest.mark.parametrize("status", [401, 403, 404])
def test_one_refused_endpoint(simulator: Simulator, status: int) -> None:
    """Its stream fails, with what to check; the others are read."""
    refuse(simulator, "skills", status=status)
    output = read(simulator)
    assert failed_streams(output) == ["skills"]
    assert_failed_at_once(output, "skills")
    assert_ran(output, "adoption", "artifacts", "org_summaries")
    assert [request.path for request in simulator.requests].count("skills") == 1
    (sentence,) = output.failures
    assert "GET /v1/organizations/analytics/skills?date=2026-01-01" in sentence
    assert f'status {status}: "no scope for skills"' in sentence
    assert "request id req_" in sentence
    assert all(part in sentence for part in ADVICE)


def test_the_bookmark_of_a_failed_stream_stays(simulator: Simulator) -> None:
    """The next run starts where this one did."""
    entry = {"replication_key": "date", "replication_key_value": DAYS[0]}
    state = {"bookmarks": {"skills": entry, "artifacts": entry}}
    refuse(simulator, "skills")
    output = read(simulator, "artifacts", "skills", state=state)
    assert failed_streams(output) == ["skills"]
    bookmarks = [s["bookmarks"]["skills"]["replication_key_value"] for s in output.states]
    assert {*bookmarks} == {DAYS[0]}
    assert output.bookmark("artifacts") == DAYS[-1]


def test_refused_summaries(simulator: Simulator) -> None:
    """One request serves both of their streams, also when it is refused."""
    refuse(simulator, "summaries")
    output = read(simulator)
    assert failed_streams(output) == ["adoption", "org_summaries"]
    assert_failed_at_once(output, "adoption", "org_summaries")
    assert_ran(output, "artifacts", "skills")
    assert [request.path for request in simulator.requests].count("summaries") == 1
    assert all("request id req_" in sentence for sentence in output.failures)


def test_all_endpoints_refused(simulator: Simulator) -> None:
    """The key is to blame: every endpoint is asked once, and there is one sentence."""
    refuse(simulator, *set(ENDPOINT_OF.values()))
    output = read(simulator)
    paths = sorted(request.path for request in simulator.requests)
    assert paths == ["artifacts", "skills", "summaries"]
    (sentence,) = output.failures
    assert sentence.startswith("The API refuses this key for every endpoint asked")
    assert "\n" not in sentence
    assert "403" in sentence
    assert "request id req_" in sentence
    assert all(part in sentence for part in ADVICE)
    assert_failed_at_once(output, *ENDPOINT_OF)
    assert output.error is not None
    assert output.error.exit_code == 1


@pytest.mark.parametrize("opened", ["summaries", "artifacts", "skills"])
def test_a_key_that_opens_one_of_many(simulator: Simulator, opened: str) -> None:
    """It is not to blame, be that the first or the last endpoint asked."""
    refuse(simulator, *set(ENDPOINT_OF.values()) - {opened})
    output = read(simulator)
    opens = [stream for stream in ENDPOINT_OF if ENDPOINT_OF[stream] == opened]
    assert failed_streams(output) == sorted(ENDPOINT_OF.keys() - opens)
    assert_ran(output, *opens)
    assert len(simulator.requests) >= len(set(ENDPOINT_OF.values()))


def test_a_failure_that_is_no_refusal_blames_no_key(simulator: Simulator) -> None:
    """Nothing is known of the key if the first endpoint did not answer."""
    simulator.reply("summaries", status=500)
    refuse(simulator, "artifacts")
    output = read(simulator)
    assert failed_streams(output) == ["adoption", "artifacts", "org_summaries"]
    assert_ran(output, "skills")
    assert [request.path for request in simulator.requests].count("summaries") == 9


def test_only_one_stream_selected_and_refused(simulator: Simulator) -> None:
    """That is one endpoint, so the sentence is the stream's."""
    refuse(simulator, "skills")
    output = read(simulator, "skills")
    assert failed_streams(output) == ["skills"]
    assert all(part in output.failures[0] for part in ADVICE)


# Rows


@pytest.mark.parametrize("row", [{}, {"skill_name": None}], ids=str)
def test_a_row_without_its_key(simulator: Simulator, row: dict[str, Any]) -> None:
    """No record goes out without one, and the day is not read."""
    simulator.reply(
        "skills",
        body={"data": [row], "next_page": None},
        when=lambda request: request.params["date"] == DAYS[1:],
    )
    output = read(simulator)
    assert failed_streams(output) == ["skills"]
    assert "skill_name" in output.failures[0]
    assert output.read_days("skills") == DAYS[:1]
    assert DAYS[1] not in output.by_day("skills")
    assert_ran(output, "adoption", "artifacts", "org_summaries")


def test_a_time_that_is_an_object(simulator: Simulator) -> None:
    """Whatever it breaks, the other streams are read, and no sentence quotes it."""
    row = {"starting_at": {NAME: 1}, "ending_at": [], "group": {}, "usage": {}}
    body = {"data": [row], "has_more": False, "next_page": None}
    simulator.reply("usage", body={**body, "data_refreshed_at": "2026-01-17T00:00:00Z"})
    output = read(simulator, "skills", "usage", "user_summaries")
    assert failed_streams(output) == ["usage"]
    assert NAME not in output.failures[0]
    assert_ran(output, "skills", "user_summaries")


def test_a_count_that_is_beyond_all_numbers(simulator: Simulator) -> None:
    """It fails its stream, or is kept; the others are read in any case."""
    row = '{"skill_name": "review", "distinct_user_count": 1e999999999}'
    simulator.reply("skills", body=f'{{"data": [{row}], "next_page": null}}')
    output = read(simulator, "artifacts", "skills", "user_summaries")
    assert {sentence.split()[1] for sentence in output.failures} <= {"skills"}
    assert_ran(output, "artifacts", "user_summaries")


# Exceptions that nobody foresaw


def test_a_defect_of_the_tap(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The sentence says where it is, and where to report it."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError(NAME)

    monkeypatch.setattr("tap_claude_analytics.streams.day_stream.DayStream._emit_day", fail)
    with caplog.at_level(logging.DEBUG):
        output = read(simulator)
    assert failed_streams(output) == sorted(ENDPOINT_OF)
    for sentence in output.failures:
        assert "Unexpected ZeroDivisionError in test_trouble.py, line " in sentence
        assert "please report it at https://" in sentence
        assert NAME not in sentence
    assert NAME not in caplog.text
    assert "unhandled error" not in caplog.text
    assert "Traceback" in caplog.text


def test_an_expression_that_fails_on_a_record(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The loop of the SDK applies stream maps, and its log says nothing of its own."""
    maps = {"user_summaries": {"x": "int(email_address)"}}
    with caplog.at_level(logging.DEBUG):
        output = read(simulator, "skills", "user_summaries", stream_maps=maps)
    assert failed_streams(output) == ["user_summaries"]
    assert_failed_at_once(output, "user_summaries")
    assert_ran(output, "skills")
    (sentence,) = output.failures
    assert "Unexpected ValueError in simpleeval.py, line " in sentence
    assert "An expression in stream_maps fails on a record" in sentence
    assert "unhandled error" not in caplog.text
    assert "@example.com" not in sentence
    assert "@example.com" not in caplog.text


def test_an_expression_that_fails_on_a_reading(simulator: Simulator) -> None:
    """A day without its reading is not read."""
    maps = {"readings": {"x": "int(stream)"}}
    output = read(simulator, "skills", stream_maps=maps)
    assert failed_streams(output) == ["skills"]
    assert "Unexpected " in output.failures[0]
    assert output.read_days("skills") == []
    assert output.bookmark("skills") is None
