"""What the streams emit, over HTTP, compared with the simulator's truth field by field."""

from datetime import date
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from tests import truth
from tests.conftest import TODAY
from tests.simulator import FAULTS, Simulator
from tests.singer import Organize, catalog_of, run, state_at

LAST = TODAY.subtract(days=3)
DAYS = [LAST.subtract(days=n) for n in range(13, -1, -1)]
ONE_DAY: dict[str, Any] = {"start_date": LAST}


def test_every_record_is_the_truth(simulator: Simulator) -> None:
    """All streams of one run, and the days and row counts of ``readings``.

    Every record validates, formats included, and holds no field without a schema. The first
    STATE starts explicitly: a reload that breaks off must not leave an older bookmark
    standing in Meltano, nor an older filter, nor another organisation.
    """
    output = run(simulator, *truth.STREAMS)
    assert not output.failures
    for stream in truth.STREAMS:
        truth.assert_true(output, simulator, stream, DAYS)
        truth.assert_confirms_whole_days(output, stream, LAST)
    entry = state_at(None, "skills")["bookmarks"]["skills"]
    explicit = {**entry, "shape": "{}", "organization_id": None}
    assert output.states[0]["bookmarks"] == dict.fromkeys(truth.STREAMS, explicit)
    days = {stream: output.by_day(stream) for stream in truth.STREAMS}
    for reading in output.records("readings"):
        of_day = days[reading["stream"]].get(reading["date"], [])
        assert len(of_day) == reading["row_count"]
        assert {record["snapshot_at"] for record in of_day} <= {reading["snapshot_at"]}
        assert reading["is_complete"] is True
    # Plugins without an id that share a name are numbered, anew each day.
    twins = [r["date"] for r in output.records("plugins") if r["plugin_key"][-2:] == ":2"]
    assert len(set(twins)) > 1
    for stream in truth.ALL:
        message = output.schemas[stream]
        assert tuple(message["key_properties"]) == truth.KEYS[stream]
        assert message["bookmark_properties"] == ["date"]
        validator = jsonschema.Draft202012Validator(
            message["schema"], format_checker=jsonschema.FormatChecker()
        )
        assert output.records(stream)
        for record in output.records(stream):
            validator.validate(record)
            assert record.keys() <= message["schema"]["properties"].keys()


@pytest.mark.parametrize("is_flat", [True, False])
def test_fields_that_are_not_selected(simulator: Simulator, *, is_flat: bool) -> None:
    """They do not leave, at any depth.

    Flattened records hold the names of their schema and no other, such as that of an object
    that is null; each schema is announced once.
    """
    catalog = catalog_of("user_summaries", "usage")
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if "email_address" in "".join(metadata["breadcrumb"][-1:]):
                metadata["metadata"]["selected"] = False
    simulator.edit(
        "users", LAST, lambda rows: [{**r, "claude_tag_metrics": None} for r in rows]
    )
    flat: dict[str, Any] = {"flattening_enabled": is_flat, "flattening_max_depth": 5}
    output = run(simulator, catalog=catalog, **flat, **ONE_DAY)
    schemas = [m for m in output.messages if m["type"] == "SCHEMA"]
    assert sorted(m["stream"] for m in schemas) == ["readings", "usage", "user_summaries"]
    for message in schemas:
        records = output.records(message["stream"])
        assert records
        assert "email_address" not in str([message, *records])
        names = message["schema"]["properties"].keys()
        assert all(record.keys() <= names for record in records)


@pytest.mark.parametrize(
    "options",
    [{"empty_page_every": 2}, {"generation": "2023-06-01"}],
    ids=["empty-pages", "older-answers"],
)
def test_pages_are_followed(organization: Organize, options: dict[str, Any]) -> None:
    """Of answers of both generations, also where a page is empty that others follow."""
    simulator = organization(users=12, projects=8, **options)
    days = DAYS[-2:]
    streams = (*truth.STREAMS, *truth.SNAPSHOTS)
    output = run(simulator, *streams, page_size=2, start_date=days[0])
    assert not output.failures
    for stream in truth.STREAMS:
        truth.assert_true(output, simulator, stream, days)
    for stream in truth.SNAPSHOTS:
        truth.assert_current_rows(simulator, stream, [TODAY], output)
    # Plugins without an id that share a name are numbered over all pages.
    assert any(r["plugin_key"].endswith(":2") for r in output.records("plugins"))
    assert [request.path for request in simulator.requests].count("users") > len(days) * 2


def test_summaries_span_at_most_366_days(organization: Organize) -> None:
    """As many days at once as the API allows, and no day twice."""
    today = date(2027, 1, 6)
    simulator = organization(today, users=2)
    output = run(simulator, "org_summaries")
    asked = [
        [request.params[name][0] for name in ("starting_date", "ending_date")]
        for request in simulator.requests
    ]
    assert asked == [["2026-01-01", "2027-01-02"], ["2027-01-02", "2027-01-04"]]
    assert len(output.read_days("org_summaries")) == 366 + 2


def test_new_fields_are_moved(simulator: Simulator) -> None:
    """Known to nobody yet: under ``additional_fields``, named in the log once a run."""
    new = {"mood": "good", "snapshot_at": "theirs"}
    nested = {"sigh_count": 2}

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**r, **new, "chat_metrics": r["chat_metrics"] | nested} for r in rows]

    for day in DAYS[-2:]:
        simulator.edit("users", day, change)
    output = run(simulator, "user_summaries", start_date=DAYS[-2])
    assert output.records("user_summaries")
    for record in output.records("user_summaries"):
        assert record["additional_fields"] == {**new, "chat_metrics": nested}
        assert "mood" not in record
        assert "sigh_count" not in record["chat_metrics"]
        assert record["snapshot_at"] != "theirs"
    named = [message for message in output.logged if message.startswith("New field")]
    fields = ["chat_metrics.sigh_count", "mood", "snapshot_at"]
    assert sorted(message.split()[2].rstrip(":") for message in named) == fields


def test_a_catalog_that_knows_less(simulator: Simulator) -> None:
    """Known means known to the schema in use: an older catalog loses no field."""
    catalog = catalog_of("artifacts")
    for entry in catalog["streams"]:
        entry["schema"]["properties"].pop("published_artifacts_created_count", None)
    output = run(simulator, catalog=catalog, **ONE_DAY)
    rows = simulator.truth("artifacts", LAST)
    assert rows
    assert [record["additional_fields"] for record in output.records("artifacts")] == [
        {"published_artifacts_created_count": row["published_artifacts_created_count"]}
        for row in rows
    ]


def test_a_catalog_without_keys(simulator: Simulator) -> None:
    """Whoever wants rows appended may leave them out; no row is then one too many."""
    catalog = catalog_of("skills")
    for entry in catalog["streams"]:
        entry["key_properties"] = []
        for metadata in entry["metadata"]:
            metadata["metadata"].pop("table-key-properties", None)
    output = run(simulator, catalog=catalog, **ONE_DAY)
    assert not output.failures
    [reading] = output.records("readings")
    assert reading["row_count"] == len(output.records("skills")) > 1
    assert not output.warnings


def test_a_new_product_gets_its_rows(simulator: Simulator) -> None:
    """Any ``<name>_daily_active_user_count`` is a product; its rates follow from seats.

    Counts with a fraction of zero are the same integer in all streams of summaries.
    """
    new = "claude_for_cats_{}_active_user_count".format

    def change(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        counts = {new("daily"): 1.0, new("weekly"): 2, new("monthly"): None}
        known = {"assigned_seat_count": 3.0, "daily_active_user_count": 500.0}
        return [{**row, **known, **counts} for row in rows]

    simulator.edit("summaries", LAST, change)
    output = run(simulator, "adoption", "org_summaries", **ONE_DAY)
    of = {record["product"]: record for record in output.records("adoption")}
    cats = of["claude_for_cats"]
    assert cats["daily_adoption_rate"] == Decimal("33.333333333333")
    assert cats["weekly_adoption_rate"] == Decimal("66.666666666667")
    assert cats["monthly_active_user_count"] is cats["monthly_adoption_rate"] is None
    [row] = output.records("org_summaries")
    assert row["additional_fields"][new("weekly")] == 2
    counts = [record["daily_active_user_count"] for record in (row, of["all"], cats)]
    assert counts == [500, 500, 1]
    assert {type(count) for count in counts} == {int}


def test_rows_that_are_alike(simulator: Simulator) -> None:
    """Without a value in a dimension they may be two: they count, and a warning says so."""
    settings: dict[str, Any] = {"end_date": LAST, "report_group_by": ["actor", "model"]}
    output = run(simulator, "usage", **ONE_DAY, **settings)
    assert "equal to another row" not in str(output.warnings)
    once = output.records("usage")
    unnamed = [r for r in once if r["actor_id"] is None or r["model"] is None]
    assert unnamed
    simulator.fail(FAULTS["rows_twice"])
    output = run(simulator, "usage", **ONE_DAY, **settings)
    twice = output.records("usage")
    assert f"{len(unnamed)} rows are equal to another row" in str(output.warnings)
    different = {record["row_key"] for record in twice}
    assert len(different) == len(once) + len(unnamed)
    [reading] = output.records("readings")
    assert reading["row_count"] == len(different) < len(twice)
