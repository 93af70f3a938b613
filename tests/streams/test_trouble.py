"""One stream's trouble: what fails, what is kept, what still runs, and what is said."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests import truth
from tests.conftest import TODAY
from tests.simulator import Simulator
from tests.singer import Output, error_of, page_of, run

STREAMS = ("adoption", "artifacts", "org_summaries", "skills")
DAY = date(2026, 1, 5)
DAYS = ["2026-01-05", "2026-01-06"]
ADVICE = ("Analytics API key", "read:analytics", "Claude Enterprise")
NAME = "Zoe Quillfeather"
# Nobody sleeps.
pytestmark = pytest.mark.usefixtures("waits")


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Read two days of some streams, or of those above."""
    days = {"start_date": DAYS[0], "end_date": DAYS[-1]}
    return run(simulator, *(streams or STREAMS), "readings", **days | settings)


def assert_failed(output: Output, *failed: str) -> None:
    """Check that these streams read no day, and all others that were selected all days."""
    assert output.failed == [*failed]
    for stream in output.schemas.keys() - {"readings"}:
        assert output.read_days(stream) == ([] if stream in failed else DAYS)
        assert output.bookmark(stream) == (None if stream in failed else DAYS[-1])


# Refusals


@pytest.mark.parametrize(
    "statuses",
    [
        {"skills": 404},
        # A key that opens an endpoint is not to blame, be that the first or the last one.
        {"artifacts": 403, "skills": 403},
        {"summaries": 403, "artifacts": 403},
        # Nothing is known of the key if an endpoint did not answer.
        {"summaries": 500, "artifacts": 403, "skills": 403},
    ],
    ids=str,
)
def test_refused_endpoints(simulator: Simulator, statuses: dict[str, int]) -> None:
    """Their streams fail, each with what to check; the others are read."""
    for endpoint, status in statuses.items():
        body = error_of(f"no scope for {endpoint}")
        simulator.reply(endpoint, status=status, body=body)
    output = read(simulator)
    failed = [stream for stream in STREAMS if truth.PATHS[stream] in statuses]
    assert_failed(output, *failed)
    asked = Counter(request.path for request in simulator.requests)
    for stream, sentence in zip(failed, output.failures, strict=True):
        endpoint = truth.PATHS[stream]
        status = statuses[endpoint]
        assert f"GET /v1/organizations/analytics/{endpoint}?" in sentence
        assert f'status {status}: "no scope for {endpoint}" (request id req_' in sentence
        assert all(part in sentence for part in ADVICE) is (status != 500)
        assert sentence.endswith((".", ")"))
        assert asked[endpoint] == (9 if status == 500 else 1)
        assert output.records(stream) == []


def test_all_endpoints_refused(simulator: Simulator) -> None:
    """The key is to blame: every endpoint is asked once, and there is one sentence."""
    for endpoint in ("artifacts", "skills", "summaries"):
        simulator.reply(endpoint, status=403, body=error_of("no scope"))
    output = read(simulator)
    paths = sorted(request.path for request in simulator.requests)
    assert paths == ["artifacts", "skills", "summaries"]
    sentence = output.failure
    assert sentence.startswith("The API refuses this key for every endpoint asked")
    assert all(part in sentence for part in ("403", "request id req_", *ADVICE))
    assert output.records("readings") == []
    # Of a run that asks one endpoint only, the sentences are those of the streams.
    alike = ("adoption", "org_summaries")
    assert_failed(read(simulator, *alike), *alike)


def test_a_stream_map_that_fails_on_readings(simulator: Simulator) -> None:
    """A day without its reading is not read."""
    maps = {"readings": {"x": "int(stream)"}}
    output = read(simulator, "skills", "user_summaries", stream_maps=maps)
    assert_failed(output, "skills", "user_summaries")
    assert output.records("readings") == []
    for sentence in output.failures:
        assert "Unexpected ValueError in simpleeval.py, line " in sentence
        assert "An expression in stream_maps fails on a record" in sentence


# Values that no database takes, and rows of another day


def with_value(name: str, value: object) -> Callable[[list[Any]], list[Any]]:
    """Give the field of the first two rows another value."""
    return lambda rows: [{**row, name: value} for row in rows[:2]] + rows[2:]


@pytest.mark.parametrize(
    ("stream", "row", "told"),
    [
        ("skills", {"skill_name": f"{NAME}\x00"}, "be replaced in a key (request id req_"),
        ("skills", {"skill_name": None}, f"row of {DAY} without a value for skill_name"),
        ("skills", {"date": "2026-01-04"}, f"row for {DAY} whose date is another day"),
        ("skills", {"starting_at": "2026-01-06T00:00:00Z"}, "starting_at is another day"),
        ("org_summaries", {"starting_at": "2026-03-01T00:00:00Z"}, "starting_at"),
        ("user_summaries", {"web_search_count": 2**64}, "more than 64 bits in web_search"),
        ("skills", 7, "a row that is not an object"),
        ("usage", {"starting_at": {NAME: 1}, "group": {}}, "a row with a time that is not"),
    ],
)
def test_a_row_that_fails_the_stream(
    simulator: Simulator, stream: str, row: dict[str, object] | int, told: str
) -> None:
    """It is neither quoted nor asked for again, and nothing of its day is confirmed."""
    path = truth.PATHS.get(stream, stream)
    known: Any = simulator.truth(path, DAY)[0] if stream in truth.PATHS else {}
    new: Any = {**known, **row} if isinstance(row, dict) else row
    body = {**page_of(new), "data_refreshed_at": "2026-01-17T00:00:00Z"}
    simulator.reply(path, body=body)
    output = read(simulator, stream, "connectors")
    assert_failed(output, stream)
    assert told in output.failure
    assert "(request id req_" in output.failure
    values = [NAME, *(row.values() if isinstance(row, dict) else ())]
    assert not [value for value in values if str(value) in output.failure]
    assert [request.path for request in simulator.requests].count(path) == 1


def test_a_count_that_is_beyond_all_numbers(simulator: Simulator) -> None:
    """It fails its stream, or is kept; the others are read in any case."""
    row = '{"skill_name": "review", "distinct_user_count": 1e999999999}'
    simulator.reply("skills", body=f'{{"data": [{row}], "next_page": null}}')
    output = read(simulator, "artifacts", "skills", "user_summaries")
    assert {*output.failed} <= {"skills"}
    assert output.read_days("artifacts") == output.read_days("user_summaries") == DAYS


# What is kept


def test_a_name_that_databases_refuse(simulator: Simulator) -> None:
    """It is replaced, with one warning of stream, field and count, and without the name.

    What the API itself wrote as U+FFFD stays, also in a key, and is no cause to warn.
    """
    odd = with_value("project_name", "Secret\x00plan\ud800")
    rows = odd(simulator.truth("chat_projects", DAY))
    simulator.reply("chat_projects", body=page_of(*rows))
    simulator.edit("skills", DAY, lambda rows: [{**rows[0], "skill_name": "a\ufffd"}])
    output = read(simulator, "chat_projects", "skills", end_date=DAYS[0])
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
        ("artifacts", "distinct_user_count", True, "integer"),
        ("user_summaries", "chat_metrics", [7], "object"),
        ("members", "added_at", "soon", "date-time"),
    ],
)
def test_a_type_that_has_changed(
    simulator: Simulator, stream: str, field: str, value: object, kind: str
) -> None:
    """One warning; the field is null, and its value is under ``additional_fields``."""
    day = TODAY if stream in truth.SNAPSHOTS else DAY
    simulator.edit(truth.PATHS.get(stream, stream), day, with_value(field, value))
    output = read(simulator, stream, start_date=day, end_date=day)
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
    output = read(simulator, "adoption", "org_summaries", end_date=DAYS[0])
    assert not output.failures
    (chat,) = (r for r in output.records("adoption") if r["product"] == "chat")
    assert chat["daily_active_user_count"] is chat["daily_adoption_rate"] is None
    of_adoption, _ = output.warnings
    assert name in of_adoption
    assert "additional_fields of stream org_summaries" in of_adoption
    (summary,) = output.records("org_summaries")
    assert summary["additional_fields"] == {name: "12"}


def test_rows_that_say_their_day(simulator: Simulator) -> None:
    """A field of the tap's own name is a new field like any other."""
    said = ["2026-01-05T00:00:00Z", "new", None]
    rows = [
        {**simulator.truth("skills", DAY)[0], "skill_name": str(text), "date": text}
        for text in said
    ]
    simulator.reply("skills", body=page_of(*rows))
    output = read(simulator, "skills", end_date=DAYS[0])
    assert not output.failures
    records = output.records("skills")
    assert [record["date"] for record in records] == 3 * DAYS[:1]
    assert [record["additional_fields"] for record in records] == [
        {"date": text} for text in said
    ]
