"""An exception that nobody foresaw ends its stream, and no sentence quotes a record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from tests.singer import Output, run

if TYPE_CHECKING:
    from tests.simulator import Simulator

DAYS = ["2026-01-01", "2026-01-02"]
NAME = "Zoe Quillfeather"


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read two days of some streams."""
    return run(simulator, *streams, "readings", end_date=DAYS[-1], **settings)


def assert_only_one_failed(output: Output, failed: str, *others: str) -> str:
    """Check who failed and who was read, and return the sentence."""
    (sentence,) = output.failures
    assert sentence.startswith(f"Stream {failed} failed: Unexpected ")
    assert output.bookmark(failed) is None
    assert output.read_days(failed) == []
    for stream in others:
        assert output.read_days(stream) == DAYS
        assert output.bookmark(stream) == DAYS[-1]
    assert output.error is not None
    assert output.error.exit_code == 1
    return sentence


def test_a_defect_of_the_tap(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The sentence says where it is, and where to report it."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError(NAME)

    monkeypatch.setattr("tap_claude_analytics.streams.day_stream.DayStream._emit_day", fail)
    streams = ("org_summaries", "skills")
    with caplog.at_level(logging.DEBUG):
        output = read(simulator, *streams)
    assert [s.split()[1] for s in output.failures] == list(streams)
    for sentence in output.failures:
        assert "Unexpected ZeroDivisionError in test_unforeseen.py, line " in sentence
        assert "please report it at https://" in sentence
        assert NAME not in sentence
    assert NAME not in caplog.text
    assert "unhandled error" not in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("stream", ["usage", "cost"])
def test_a_time_that_is_an_object(simulator: Simulator, stream: str) -> None:
    """Whatever it breaks, the other streams are read."""
    row = {"starting_at": {NAME: 1}, "ending_at": [], "group": {}, stream: {}}
    body = {"data": [row], "has_more": False, "next_page": None}
    simulator.reply(stream, body={**body, "data_refreshed_at": "2026-01-17T00:00:00Z"})
    output = read(simulator, "skills", stream, "user_summaries")
    (sentence,) = output.failures
    assert sentence.startswith(f"Stream {stream} failed: ")
    assert NAME not in sentence
    assert output.read_days("skills") == output.read_days("user_summaries") == DAYS


def test_a_count_that_is_beyond_all_numbers(simulator: Simulator) -> None:
    """It fails its stream, or is kept; the others are read in any case."""
    row = '{"skill_name": "review", "distinct_user_count": 1e999999999}'
    simulator.reply("skills", body=f'{{"data": [{row}], "next_page": null}}')
    output = read(simulator, "artifacts", "skills", "user_summaries")
    assert {sentence.split()[1] for sentence in output.failures} <= {"skills"}
    assert output.read_days("artifacts") == output.read_days("user_summaries") == DAYS


def test_an_expression_that_fails_on_a_record(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The loop of the SDK applies stream maps, and its log says nothing of its own."""
    maps = {"user_summaries": {"x": "int(email_address)"}}
    with caplog.at_level(logging.DEBUG):
        output = read(simulator, "skills", "user_summaries", stream_maps=maps)
    sentence = assert_only_one_failed(output, "user_summaries", "skills")
    assert "Unexpected ValueError in simpleeval.py, line " in sentence
    assert "An expression in stream_maps fails on a record" in sentence
    assert "unhandled error" not in caplog.text
    assert "@example.com" not in sentence
    assert "@example.com" not in caplog.text


def test_an_expression_that_fails_on_a_reading(simulator: Simulator) -> None:
    """A day without its reading is not read."""
    maps = {"readings": {"x": "int(stream)"}}
    output = read(simulator, "skills", stream_maps=maps)
    assert_only_one_failed(output, "skills")
