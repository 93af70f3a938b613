"""Answers that are not quite what the API promises: nothing is lost and nothing is changed.

One field of one true row is altered, in every way that an API may come to do it. Either the
record fits the schema, so that a target can store it, and holds all of the row; or, where
the field is what the record hangs on, the stream fails with a sentence.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker, validators

from tap_claude_analytics.streams.specs import SPECS
from tests import ledger, truth
from tests.singer import Output, run

if TYPE_CHECKING:
    from tests.simulator import Simulator

DAYS = [date(2026, 1, day) for day in range(5, 15)]
ENDPOINTS = {stream: truth.ROW_STREAMS.get(stream, stream) for stream in truth.STREAMS}
ENDPOINTS |= {"adoption": "summaries"} | {stream: stream for stream in ledger.STREAMS}
SPEC_OF = {spec.name: spec for spec in SPECS}
#: Some of the streams that are made from one table.
CUTS = ("team_summaries", "plugins_by_user", "skills_by_product", "artifacts_by_team")
ENDPOINTS |= {cut: ENDPOINTS[truth.BREAKDOWNS[cut][0]] for cut in CUTS}

#: What a record hangs on: its day, its key, its money and the objects that these stand in.
VITAL = {
    "user_summaries": {"user", "user.id"},
    "chat_projects": {"project_id"},
    "skills": {"skill_name", "attributed_list_price", "estimated_overage_spend"},
    "connectors": {"connector_name"},
    "plugins": {"plugin_id", "plugin_name"},
    "artifacts": {"artifact_type", "is_shared"},
    "org_summaries": {"starting_at"},
    "adoption": {"starting_at"},
}
VITAL |= {cut: {truth.BREAKDOWNS[cut][1], *VITAL[truth.BREAKDOWNS[cut][0]]} for cut in CUTS}
VITAL_OF_REPORTS = {"starting_at", "ending_at", "group", "usage", "cost", "results"}
VITAL_OF_REPORTS |= {
    f"{under}{name}" for under in ("", "cost.") for name in ledger.MEASURES["cost"]
}

AMOUNTS = ("attributed_list_price", "estimated_overage_spend", "amount", "list_amount")

OTHER_TYPES = [True, 7, -1.5, "text", "7", [], [{"a": 1}], {}, {"a": {"b": 1}}, 1e30]
ODD = ["a\x00b", "\ud800"]
LARGE = [2**63, -(10**30)]
REMOVED = object()

# With Decimals for numbers, as the records are parsed.
Numbers = validators.extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    type_checker=Draft7Validator.TYPE_CHECKER.redefine(
        "number", lambda _, value: type(value) in {int, Decimal}
    ),
)


def paths(row: dict[str, Any], prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all fields of a row."""
    found = []
    for name, value in row.items():
        found.append((*prefix, name))
        if isinstance(value, dict):
            found += paths(value, (*prefix, name))
    return found


def true_rows(simulator: Simulator, stream: str) -> tuple[date, list[dict[str, Any]]]:
    """Return a day that has rows, and these: results of buckets each for itself."""
    for day in DAYS:
        if stream in truth.STREAMS:
            rows = simulator.truth(ENDPOINTS[stream], day)
        elif stream in CUTS:
            by = truth.BREAKDOWNS[stream][1]
            rows = simulator.truth(ENDPOINTS[stream], day, group_by=(by,))
        else:
            rows = simulator.truth_report(
                stream, day, day + timedelta(days=1), group_by=dimensions(stream)
            )
        flat = [{**row, **result} for row in rows for result in row.pop("results", [{}])]
        if flat:
            return day, flat
    raise AssertionError(stream)


def dimensions(stream: str) -> list[str]:
    """Return what a report is grouped by in these tests."""
    names = ["actor", "product", "model"]
    return names if stream in {"usage", "cost"} else names[1:]


def altered(row: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return a row with one field that has another value, or is not there any more."""
    copy: dict[str, Any] = json.loads(json.dumps(row))
    place = copy
    for name in path[:-1]:
        place = place[name]
    if value is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


def answered(simulator: Simulator, stream: str, day: date, row: dict[str, Any]) -> Output:
    """Run a stream whose day has this row only."""
    body = {"data": [row], "next_page": None, "data_refreshed_at": "2026-01-17T00:00:00Z"}
    simulator.reply(ENDPOINTS[stream], body=body, times=1)
    only = day.isoformat()
    return run(
        simulator,
        stream,
        "readings",
        start_date=only,
        end_date=only,
        report_revision_check="full",
    )


def schema_of(output: Output, stream: str) -> dict[str, Any]:
    """Return the schema that a target is told."""
    (schema,) = (
        message["schema"]
        for message in output.messages
        if message["type"] == "SCHEMA" and message["stream"] == stream
    )
    return dict(schema)


def leaves(value: object, prefix: str = "") -> set[str]:
    """Return every value below, with the last name of its path."""
    if isinstance(value, dict) and value:
        return {leaf for name in value for leaf in leaves(value[name], name)}
    return {f"{prefix}={json.dumps(value, default=str)}"}


def clean(text: str) -> str:
    """Return what becomes of characters that databases refuse."""
    return "".join(
        "\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in text
    )


@pytest.mark.parametrize("stream", ENDPOINTS)
@settings(
    max_examples=12,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_one_field_that_has_changed(
    simulator: Simulator, stream: str, data: st.DataObject
) -> None:
    """The record fits its schema and holds all of the row, or the stream fails."""
    day, rows = true_rows(simulator, stream)
    row = data.draw(st.sampled_from(rows))
    path = data.draw(st.sampled_from(paths(row)))
    new = data.draw(st.booleans()) and (*path[:-1], "brand_new")
    values = st.sampled_from([None, *OTHER_TYPES, *ODD, *LARGE])
    value = data.draw(values if new else values | st.just(REMOVED))
    row = altered(row, new or path, value)
    output = answered(simulator, stream, day, as_answered(stream, row))
    place = ".".join(new or path)
    vital = VITAL.get(stream, VITAL_OF_REPORTS)
    if output.failures:
        assert place in vital or value in LARGE
        assert output.records("readings") == []
        (sentence,) = output.failures
        assert sentence.startswith(f"Stream {stream} failed: ")
        return
    # Of money every digit is kept, however much it is.
    is_money = (new or path)[-1] in AMOUNTS
    assert value not in LARGE or stream == "adoption" or is_money
    records = output.records(stream)
    validator = Numbers(schema_of(output, stream), format_checker=FormatChecker())
    for record in records:
        validator.validate(record)
    json.dumps(records, default=str, ensure_ascii=False).encode()
    if stream == "adoption":
        return
    (record,) = records
    expected = leaves(json.loads(json.dumps(row), parse_float=Decimal))
    if isinstance(value, str) and value in ODD:
        name = (new or path)[-1]
        expected -= leaves(value, name)
        expected |= leaves(clean(value), name)
    expected -= {
        f"{name}={json.dumps(row_value(row, name), default=str)}" for name in AMOUNTS
    }
    expected -= {f"{name}=null" for name in {*SPEC_OF[stream].null_fields, "actor_type"}}
    if stream in CUTS:  # people in no team keep their place under another name
        expected -= {f"{truth.BREAKDOWNS[stream][1]}=null"}
    lost = expected - leaves(record)
    assert not lost


def row_value(row: dict[str, Any], name: str) -> object:
    """Return the text of an amount, which becomes a number."""
    return row.get(name) or row.get("cost", {}).get(name)


def as_answered(stream: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the API gives it: some reports list their rows within buckets."""
    if stream not in {"usage_report", "cost_report"}:
        return row
    outer: dict[str, Any] = {
        name: row.pop(name) for name in ("starting_at", "ending_at") if name in row
    }
    return {**outer, "results": [row]}
