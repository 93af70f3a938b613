"""One stream's trouble: what fails, what still runs, and how the run ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.singer import Output, error_of, run

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
        simulator.reply(endpoint, status=status, body=error_of(f"no scope for {endpoint}"))


def assert_failed(output: Output, *failed: str) -> None:
    """Check that these streams read nothing, and all others that were selected all days."""
    assert output.error is not None
    assert output.error.exit_code == 1
    for stream in output.schemas.keys() - {"readings"}:
        assert output.read_days(stream) == ([] if stream in failed else DAYS)
        assert output.bookmark(stream) == (None if stream in failed else DAYS[-1])
        assert not (stream in failed and output.records(stream))


# Refusals


@pytest.mark.parametrize("status", [401, 403, 404])
def test_one_refused_endpoint(simulator: Simulator, status: int) -> None:
    """Its stream fails, with what to check; the others are read."""
    refuse(simulator, "skills", status=status)
    output = read(simulator)
    assert output.failed == ["skills"]
    assert_failed(output, "skills")
    assert [request.path for request in simulator.requests].count("skills") == 1
    assert "GET /v1/organizations/analytics/skills?date=2026-01-01" in output.failure
    assert f'status {status}: "no scope for skills"' in output.failure
    assert "request id req_" in output.failure
    assert all(part in output.failure for part in ADVICE)
    # Of a run that asks one endpoint only, the sentence is the stream's too.
    assert read(simulator, "skills").failed == ["skills"]


def test_all_endpoints_refused(simulator: Simulator) -> None:
    """The key is to blame: every endpoint is asked once, and there is one sentence."""
    refuse(simulator, *set(ENDPOINT_OF.values()))
    output = read(simulator)
    paths = sorted(request.path for request in simulator.requests)
    assert paths == ["artifacts", "skills", "summaries"]
    sentence = output.failure
    assert sentence.startswith("The API refuses this key for every endpoint asked")
    assert "403" in sentence
    assert "request id req_" in sentence
    assert all(part in sentence for part in ADVICE)
    assert_failed(output, *ENDPOINT_OF)


@pytest.mark.parametrize("opened", ["summaries", "artifacts", "skills"])
def test_a_key_that_opens_one_of_many(simulator: Simulator, opened: str) -> None:
    """It is not to blame, be that the first or the last endpoint asked."""
    refuse(simulator, *set(ENDPOINT_OF.values()) - {opened})
    output = read(simulator)
    refused = [stream for stream in ENDPOINT_OF if ENDPOINT_OF[stream] != opened]
    assert output.failed == refused
    assert_failed(output, *refused)


def test_a_failure_that_is_no_refusal_blames_no_key(simulator: Simulator) -> None:
    """Nothing is known of the key if the first endpoint did not answer."""
    simulator.reply("summaries", status=500)
    refuse(simulator, "artifacts")
    output = read(simulator)
    assert output.failed == ["adoption", "artifacts", "org_summaries"]
    assert_failed(output, *output.failed)
    assert [request.path for request in simulator.requests].count("summaries") == 9


# Exceptions that nobody foresaw


def test_a_defect_of_the_tap(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The sentence says where it is, and where to report it."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError(NAME)

    monkeypatch.setattr("tap_claude_analytics.streams.day_stream.DayStream._emit_day", fail)
    with caplog.at_level(logging.DEBUG):
        output = read(simulator)
    assert output.failed == sorted(ENDPOINT_OF)
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
    assert output.failed == ["user_summaries"]
    assert_failed(output, "user_summaries")
    assert "Unexpected ValueError in simpleeval.py, line " in output.failure
    assert "An expression in stream_maps fails on a record" in output.failure
    assert "unhandled error" not in caplog.text
    assert "@example.com" not in output.failure
    assert "@example.com" not in caplog.text


def test_an_expression_that_fails_on_a_reading(simulator: Simulator) -> None:
    """A day without its reading is not read."""
    maps = {"readings": {"x": "int(stream)"}}
    output = read(simulator, "skills", stream_maps=maps)
    assert output.failed == ["skills"]
    assert "Unexpected " in output.failure
    assert output.read_days("skills") == []
    assert output.bookmark("skills") is None
