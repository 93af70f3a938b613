"""What the streams emit, over HTTP, compared with the simulator's truth field by field."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import jsonschema
import pendulum
import pytest

from tests import truth
from tests.conftest import TODAY
from tests.simulator import Options, Simulator
from tests.singer import Output, catalog_of, run

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = pendulum.Date(2026, 1, 1)
LAST = TODAY.subtract(days=3)
DAYS = [FIRST.add(days=n) for n in range((LAST - FIRST).days + 1)]


def without_snapshot(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records without the one field that has no truth."""
    return [
        {name: value for name, value in record.items() if name != "snapshot_at"}
        for record in records
    ]


def assert_true(output: Output, simulator: Simulator, stream: str, day: date) -> None:
    """A day's records are the truth: every field, every row, in the API's order."""
    emitted = without_snapshot(output.by_day(stream).get(day.isoformat(), []))
    expected = truth.records(simulator, stream, day)
    if stream == "adoption":  # one row becomes its records in no particular order
        emitted.sort(key=itemgetter("product"))
        expected.sort(key=itemgetter("product"))
    assert emitted == expected


def test_every_record_is_the_truth(simulator: Simulator) -> None:
    """All streams of one run; so are the days and row counts of ``readings``."""
    output = run(simulator, *truth.ALL)
    assert not output.failures
    for stream in truth.STREAMS:
        for day in DAYS:
            assert_true(output, simulator, stream, day)
        assert output.read_days(stream) == [day.isoformat() for day in DAYS]
        assert output.bookmark(stream) == LAST.isoformat()
        keys = [
            tuple(record[key] for key in truth.KEYS[stream])
            for record in output.records(stream)
        ]
        assert len(set(keys)) == len(keys)
        assert not any(None in key for key in keys)
    for reading in output.records("readings"):
        records = output.by_day(reading["stream"]).get(reading["date"], [])
        assert len(records) == reading["row_count"]
        assert {record["snapshot_at"] for record in records} <= {reading["snapshot_at"]}
        assert reading["is_complete"] is True


def test_records_match_their_schema(simulator: Simulator) -> None:
    """Every record validates, formats included, and holds no field without a schema."""
    output = run(simulator, *truth.ALL)
    schemas = {m["stream"]: m for m in output.messages if m["type"] == "SCHEMA"}
    for stream in (*truth.STREAMS, "readings"):
        schema = schemas[stream]["schema"]
        assert tuple(schemas[stream]["key_properties"]) == truth.KEYS[stream]
        assert schemas[stream]["bookmark_properties"] == ["date"]
        validator = jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.FormatChecker()
        )
        records = output.records(stream)
        assert records
        for record in records:
            validator.validate(record)
            assert record.keys() <= schema["properties"].keys()


@pytest.mark.parametrize("deselected", [(), ("web_search_count",)])
def test_flattened_records_hold_the_names_of_their_schema(
    simulator: Simulator, deselected: tuple[str, ...]
) -> None:
    """And no other, such as that of an object that is null; each is announced once."""
    users = catalog_of("user_summaries", "usage", "readings")
    for entry in users["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"][-1:] in [[name] for name in deselected]:
                metadata["metadata"]["selected"] = False
    simulator.edit(
        "users", LAST, lambda rows: [{**r, "claude_tag_metrics": None} for r in rows]
    )
    output = run(
        simulator,
        catalog=users,
        start_date=LAST.isoformat(),
        flattening_enabled=True,
        flattening_max_depth=5,
    )
    schemas = [m for m in output.messages if m["type"] == "SCHEMA"]
    assert sorted(m["stream"] for m in schemas) == ["readings", "usage", "user_summaries"]
    for message in schemas:
        names = message["schema"]["properties"].keys()
        assert names.isdisjoint(deselected)
        for record in output.records(message["stream"]):
            assert record.keys() <= names


def test_pages_are_followed(set_today: Callable[[pendulum.Date], None]) -> None:
    """With small pages, of which some are empty, the rows are the same."""
    set_today(TODAY)
    options = Options(today=TODAY, users=25, projects=8, empty_page_every=2)
    with Simulator(options) as simulator:
        output = run(simulator, *truth.ALL, page_size=2, start_date="2026-01-10")
        for stream in truth.STREAMS:
            for day in DAYS[9:]:
                assert_true(output, simulator, stream, day)
        pages = Counter(request.path for request in simulator.requests)
    assert pages["users"] > len(DAYS[9:]) * 3


def test_days_are_asked_one_by_one(simulator: Simulator) -> None:
    """A daily endpoint never gets the rollup parameters; summaries are asked once."""
    run(simulator, *truth.ALL)
    for path in truth.PATHS.values():
        asked = [request.params for request in simulator.requests if request.path == path]
        if path == "summaries":
            assert asked == [
                {"starting_date": ["2026-01-01"], "ending_date": ["2026-01-15"]}
            ]
        else:
            assert asked == [{"date": [day.isoformat()], "limit": ["1000"]} for day in DAYS]


def test_summaries_span_at_most_366_days(
    set_today: Callable[[pendulum.Date], None],
) -> None:
    """As many days at once as the API allows, and no day twice."""
    today = TODAY.replace(year=2028)
    set_today(today)
    with Simulator(Options(users=5, today=today)) as simulator:
        output = run(simulator, "org_summaries", "adoption", "readings")
        asked = [
            (date.fromisoformat(r.params["starting_date"][0]),
             date.fromisoformat(r.params["ending_date"][0]))
            for r in simulator.requests
        ]  # fmt: skip
    assert asked[0][0] == FIRST
    assert asked[-1][1] == today.subtract(days=2)
    assert [(end - start).days for start, end in asked] == [366, 366, 12]
    assert [start for start, _ in asked[1:]] == [end for _, end in asked[:-1]]
    for stream in ("org_summaries", "adoption"):
        assert len(output.read_days(stream)) == 366 + 366 + 12


def test_empty_days_are_read(simulator: Simulator) -> None:
    """Of a stream without any rows every day is in ``readings``, and the bookmark moves."""
    for day in DAYS:
        simulator.edit("plugins", day, lambda _: [])
    output = run(simulator, *truth.ALL)
    assert not output.records("plugins")
    assert output.read_days("plugins") == [day.isoformat() for day in DAYS]
    assert {
        r["row_count"] for r in output.records("readings") if r["stream"] == "plugins"
    } == {0}
    assert output.bookmark("plugins") == LAST.isoformat()


def test_money_keeps_all_its_digits(simulator: Simulator) -> None:
    """Thirty significant digits, as the API wrote them."""
    amount = "123456789012345678901234.567890"

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "attributed_list_price": amount} for row in rows]

    simulator.edit("skills", LAST, change)
    output = run(simulator, "skills", start_date=LAST.isoformat())
    assert output.records("skills")
    for record in output.records("skills"):
        assert str(record["attributed_list_price"]) == amount


def test_new_fields_are_moved(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Known to nobody yet: under ``additional_fields``, named in the log once a run."""

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {
                **row,
                "mood": "good",
                "snapshot_at": "theirs",
                "chat_metrics": {**row["chat_metrics"], "sigh_count": 2},
            }
            for row in rows
        ]

    for day in DAYS[-2:]:
        simulator.edit("users", day, change)
    with caplog.at_level("INFO"):
        output = run(simulator, "user_summaries", start_date=DAYS[-2].isoformat())
    assert output.records("user_summaries")
    for record in output.records("user_summaries"):
        assert record["additional_fields"] == {
            "mood": "good",
            "snapshot_at": "theirs",
            "chat_metrics": {"sigh_count": 2},
        }
        assert "mood" not in record
        assert "sigh_count" not in record["chat_metrics"]
        assert record["snapshot_at"] != "theirs"
    named = [message for message in caplog.messages if message.startswith("New field")]
    assert sorted(message.split()[2].rstrip(":") for message in named) == [
        "chat_metrics.sigh_count",
        "mood",
        "snapshot_at",
    ]


def test_a_catalog_that_knows_less(simulator: Simulator) -> None:
    """Known means known to the schema in use: an older catalog loses no field."""
    catalog = catalog_of("artifacts")
    for entry in catalog["streams"]:
        entry["schema"]["properties"].pop("published_artifacts_created_count", None)
    output = run(simulator, catalog=catalog, start_date=LAST.isoformat())
    rows = simulator.truth("artifacts", LAST)
    assert [record["additional_fields"] for record in output.records("artifacts")] == [
        {"published_artifacts_created_count": row["published_artifacts_created_count"]}
        for row in rows
    ]


def test_a_catalog_without_keys(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever wants rows appended may leave them out; no row is then one too many."""
    catalog = catalog_of("skills", "readings")
    for entry in catalog["streams"]:
        entry["key_properties"] = []
        for metadata in entry["metadata"]:
            metadata["metadata"].pop("table-key-properties", None)
    output = run(simulator, catalog=catalog)
    assert not output.failures
    assert output.records("skills")
    assert not [r for r in caplog.records if r.levelname == "WARNING"]


def test_a_new_product_gets_its_rows(simulator: Simulator) -> None:
    """Any ``<name>_daily_active_user_count`` is a product; its rates follow from seats."""

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        counts = {f"claude_for_cats_{p}_active_user_count": n
                  for p, n in (("daily", 1), ("weekly", 2), ("monthly", None))}  # fmt: skip
        return [{**row, "assigned_seat_count": 3, **counts} for row in rows]

    simulator.edit("summaries", LAST, change)
    output = run(simulator, "adoption", "org_summaries", start_date=LAST.isoformat())
    [cats] = [r for r in output.records("adoption") if r["product"] == "claude_for_cats"]
    assert cats["daily_adoption_rate"] == Decimal("33.333333333333")
    assert cats["weekly_adoption_rate"] == Decimal("66.666666666667")
    assert cats["monthly_active_user_count"] is None
    assert cats["monthly_adoption_rate"] is None
    [row] = output.records("org_summaries")
    assert row["additional_fields"]["claude_for_cats_weekly_active_user_count"] == 2


def test_plugins_that_share_a_name(simulator: Simulator) -> None:
    """Without an id, plugins of one name are numbered, over all pages, anew each day."""

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**rows[0], "plugin_id": None, "plugin_name": "twin"} for _ in range(3)]

    for day in DAYS:
        simulator.edit("plugins", day, change if simulator.truth("plugins", day) else list)
    output = run(simulator, "plugins", page_size=1)
    assert output.by_day("plugins")
    for records in output.by_day("plugins").values():
        assert [record["plugin_key"] for record in records] == [
            "name:twin:1",
            "name:twin:2",
            "name:twin:3",
        ]


def test_a_row_without_its_key_fails_the_stream(simulator: Simulator) -> None:
    """A null key would be lost or refused in the target: say so instead."""
    simulator.edit("users", DAYS[5], lambda rows: [{**row, "user": None} for row in rows])
    output = run(simulator, *truth.ALL)
    [failure] = output.failures
    assert "user_summaries" in failure
    assert "user_id" in failure
    assert output.bookmark("user_summaries") == DAYS[4].isoformat()
    assert output.bookmark("skills") == LAST.isoformat()


def test_a_summary_of_another_day_fails_the_stream(simulator: Simulator) -> None:
    """Summaries name their day; one that was not asked for is an error."""

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "starting_at": "2026-03-01T00:00:00Z"} for row in rows]

    simulator.edit("summaries", DAYS[5], change)
    output = run(simulator, "org_summaries")
    [failure] = output.failures
    assert "starting_at" in failure
    assert not output.records("org_summaries")
    assert output.bookmark("org_summaries") is None


def test_deselection_reaches_nested_fields(simulator: Simulator) -> None:
    """Fields that are not wanted do not leave, at any depth."""
    catalog = catalog_of("user_summaries")
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if metadata["breadcrumb"][-1:] == ["email_address"]:
                metadata["metadata"]["selected"] = False
    output = run(simulator, catalog=catalog)
    assert output.records("user_summaries")
    for record in output.records("user_summaries"):
        assert "email_address" not in record
        assert "email_address" not in record["user"]


def test_both_generations_of_answers(set_today: Callable[[pendulum.Date], None]) -> None:
    """An API that answers in the older form gives the same records."""
    set_today(TODAY)
    options = Options(today=TODAY, users=10, generation="2023-06-01", force_generation=True)
    with Simulator(options) as simulator:
        output = run(simulator, *truth.ALL)
        assert not output.failures
        for stream in truth.STREAMS:
            for day in DAYS:
                assert_true(output, simulator, stream, day)


def test_stream_maps_and_flattening(simulator: Simulator) -> None:
    """What the SDK offers works: e-mails hashed at the root, leaves as columns."""
    output = run(
        simulator,
        "user_summaries",
        stream_maps={
            "user_summaries": {"email_address": "md5(email_address)", "user": None}
        },
        flattening_enabled=True,
        flattening_max_depth=3,
    )
    assert output.records("user_summaries")
    for record in output.records("user_summaries"):
        assert len(record["email_address"]) == 32
        assert not any(name.startswith("user__") for name in record)
        assert "chat_metrics__message_count" in record
