"""One stream's trouble: what fails, what is kept, what still runs, and what is said."""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tests import truth
from tests.conftest import TODAY
from tests.singer import Output, error_of, page_of, run

if TYPE_CHECKING:
    from collections.abc import Callable

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
    streams = output.schemas.keys() - {"readings"}
    assert streams >= {*failed}
    for stream in streams:
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


# Values that no database takes, and rows of another day

DAY = date(2026, 1, 5)


def read_day(simulator: Simulator, *streams: str, day: date = DAY) -> Output:
    """Run some streams over one day."""
    only = day.isoformat()
    return run(simulator, *streams, "readings", start_date=only, end_date=only)


def with_value(name: str, value: object) -> Callable[[list[Any]], list[Any]]:
    """Give the field of the first two rows another value."""
    return lambda rows: [{**row, name: value} for row in rows[:2]] + rows[2:]


# What fails the stream


@pytest.mark.parametrize(
    ("stream", "name", "value", "told"),
    [
        ("skills", "skill_name", "a\x00b", "skill_name"),
        ("skills", "skill_name", None, "skill_name"),
        ("skills", "date", "2026-01-04", f"row for {DAY} whose date is another day"),
        ("skills", "starting_at", "2026-01-06T00:00:00Z", "starting_at is another day"),
        ("org_summaries", "starting_at", "2026-03-01T00:00:00Z", "starting_at"),
        ("user_summaries", "web_search_count", 2**64, "more than 64 bits in web_search"),
    ],
)
def test_a_value_that_fails_the_stream(
    simulator: Simulator, stream: str, name: str, value: object, told: str
) -> None:
    """The sentence names the field and not the value; nothing of the day is confirmed."""
    simulator.edit(truth.PATHS[stream], DAY, with_value(name, value))
    output = read_day(simulator, stream, "connectors")
    assert output.failed == [stream]
    assert name in output.failure
    assert told in output.failure
    assert value is None or str(value) not in output.failure
    assert {r["stream"] for r in output.records("readings")} == {"connectors"}
    assert output.bookmark(stream) is None


@pytest.mark.parametrize(
    ("stream", "row", "told"),
    [
        ("skills", 7, "a row that is not an object"),
        ("usage", {"starting_at": {NAME: 1}, "group": {}}, "a row with a time that is not"),
    ],
)
def test_a_row_that_cannot_be_read(
    simulator: Simulator, stream: str, row: object, told: str
) -> None:
    """It fails its stream, and is neither quoted nor asked for again."""
    body = {**page_of(row), "data_refreshed_at": "2026-01-17T00:00:00Z"}
    simulator.reply(stream, body=body)
    output = read_day(simulator, stream, "connectors")
    assert output.failed == [stream]
    assert told in output.failure
    assert NAME not in output.failure
    assert len([r for r in simulator.requests if r.path == stream]) == 1
    assert output.read_days("connectors")


def test_a_count_that_is_beyond_all_numbers(simulator: Simulator) -> None:
    """It fails its stream, or is kept; the others are read in any case."""
    row = '{"skill_name": "review", "distinct_user_count": 1e999999999}'
    simulator.reply("skills", body=f'{{"data": [{row}], "next_page": null}}')
    output = read_day(simulator, "artifacts", "skills", "user_summaries")
    assert {*output.failed} <= {"skills"}
    assert output.read_days("artifacts") == output.read_days("user_summaries") != []


# What is kept


def test_a_name_that_databases_refuse(simulator: Simulator) -> None:
    """It is replaced, with one warning of stream, field and count, and without the name.

    What the API itself wrote as U+FFFD stays, also in a key, and is no cause to warn.
    """
    odd = with_value("project_name", "Secret\x00plan\ud800")
    rows = odd(simulator.truth("chat_projects", DAY))
    simulator.reply("chat_projects", body=page_of(*rows))
    simulator.edit("skills", DAY, lambda rows: [{**rows[0], "skill_name": "a\ufffd"}])
    output = read_day(simulator, "chat_projects", "skills")
    assert not output.failures
    names = [record["project_name"] for record in output.records("chat_projects")]
    assert names.count("Secret\ufffdplan\ufffd") == 2
    (warning,) = output.warnings
    assert warning.startswith("2 texts of the field project_name contained a NUL")
    assert "Secret" not in str(output.logged)
    assert [record["skill_name"] for record in output.records("skills")] == ["a\ufffd"]


@pytest.mark.parametrize(
    ("stream", "field", "value", "kind"),
    [
        ("connectors", "distinct_user_count", "many", "integer"),
        ("artifacts", "distinct_user_count", True, "integer"),
        ("user_summaries", "chat_metrics", [7], "object"),
        ("members", "added_at", "soon", "date-time"),
        ("team_members", "email", 7, "string"),
    ],
)
def test_a_type_that_has_changed(
    simulator: Simulator, stream: str, field: str, value: object, kind: str
) -> None:
    """One warning; the field is null, and its value is under ``additional_fields``."""
    day = TODAY if stream in truth.SNAPSHOTS else DAY
    simulator.edit(truth.PATHS.get(stream, stream), day, with_value(field, value))
    output = read_day(simulator, stream, day=day)
    first, second, *others = output.records(stream)
    for record in (first, second):
        assert record[field] is None
        assert record["additional_fields"] == {field: value}
    assert others
    assert all(record["additional_fields"] is None for record in others)
    (warning,) = (warning for warning in output.warnings if field in warning)
    assert f"{field} with another type than {kind} in 2 rows" in warning
    assert str(value) not in warning.replace("2 rows", "")


def test_a_count_of_adoption_whose_type_has_changed(simulator: Simulator) -> None:
    """No rate is computed from it, and the warning says where the value is."""
    name = "chat_daily_active_user_count"
    simulator.edit("summaries", DAY, with_value(name, "12"))
    output = read_day(simulator, "adoption", "org_summaries")
    assert not output.failures
    (chat,) = (r for r in output.records("adoption") if r["product"] == "chat")
    assert chat["daily_active_user_count"] is chat["daily_adoption_rate"] is None
    of_adoption, _ = output.warnings
    assert name in of_adoption
    assert "additional_fields of stream org_summaries" in of_adoption
    (summary,) = output.records("org_summaries")
    assert summary["additional_fields"] == {name: "12"}


@pytest.mark.parametrize("said", ["2026-01-05T00:00:00Z", "new", None])
def test_a_row_that_says_its_day(simulator: Simulator, said: str | None) -> None:
    """A field of the tap's own name is a new field like any other."""
    simulator.edit("skills", DAY, with_value("date", said))
    output = read_day(simulator, "skills")
    assert not output.failures
    record = output.records("skills")[0]
    assert record["date"] == DAY.isoformat()
    assert record["additional_fields"] == {"date": said}
