"""Answers that are not quite what the API promises: nothing is lost and nothing is changed.

One field of one true row is altered, in every way that an API may come to do it. Either the
record fits the schema, so that a target can store it, and holds all of the row; or, where
the field is what the record hangs on, the stream fails with a sentence.
"""

import copy
import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import getitem
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from tap_claude_analytics.streams.specs import SPECS
from tests import ledger, truth
from tests.conftest import TODAY
from tests.simulator import Options, Simulator
from tests.singer import Output, page_of, run

DAYS = [date(2026, 1, day) for day in range(5, 15)]
#: Streams that turn rows into records in ways of their own.
STREAMS = (
    *("skills", "plugins", "artifacts", "user_summaries", "org_summaries", "adoption"),
    *("cost", "user_usage_report", "cost_report", *truth.SNAPSHOTS),
)
SPEC_OF = {spec.name: spec for spec in SPECS}

SPEND = ("amount", "period_to_date_spend")
#: What a record hangs on: its day, its key, its money and the objects that these stand in.
VITAL = {
    "user_summaries": {"user", "user.id"},
    "skills": {"skill_name", "attributed_list_price", "estimated_overage_spend"},
    "plugins": {"plugin_id", "plugin_name"},
    "artifacts": {"artifact_type", "is_shared"},
    "org_summaries": {"starting_at"},
    "adoption": {"starting_at"},
    "members": {"id"},
    "invites": {"id"},
    "spend_limits": {"actor", "actor.user_id", "period", *SPEND},
    "spend_limit_requests": {"id", *(f"spend_summary.{name}" for name in SPEND)},
    "teams": {"id"},
    "team_members": {"rbac_group_id", "user_id"},
}
VITAL_OF_REPORTS = {
    *("starting_at", "ending_at", "group", "usage", "cost", "results"),
    *(f"{under}{name}" for under in ("", "cost.") for name in ledger.MEASURES["cost"]),
}

AMOUNTS = ("attributed_list_price", "estimated_overage_spend", "list_amount", *SPEND)

OTHER_TYPES = [True, 7, -1.5, "text", "7", [], [{"a": 1}], {}, {"a": {"b": 1}}, 1e30]
REMOVED = object()


def paths(row: dict[str, Any], prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all fields of a row."""
    found = []
    for name, value in row.items():
        found.append((*prefix, name))
        if isinstance(value, dict):
            found += paths(value, (*prefix, name))
    return found


@pytest.fixture(scope="module")
def company() -> Iterator[Simulator]:
    """An organisation whose rows are altered one by one."""
    with Simulator(Options(today=TODAY, users=25, projects=8)) as running:
        yield running


@pytest.fixture
def rows_of_a_day(company: Simulator, stream: str) -> tuple[date, list[dict[str, Any]]]:
    """A day that has rows, and these: results of buckets each for itself."""
    if stream in truth.SNAPSHOTS:
        return TODAY, company.truth(stream, TODAY)
    for day in DAYS:
        if stream in ledger.STREAMS:
            by: tuple[str, ...] = ("product", "model")
            by += ("actor",) if stream == "cost" else ()
            tomorrow = day + timedelta(days=1)
            rows = company.truth_report(stream, day, tomorrow, group_by=by)
        else:
            rows = company.truth(truth.PATHS[stream], day)
        flat = [{**row, **result} for row in rows for result in row.pop("results", [{}])]
        if flat:
            return day, flat
    raise AssertionError(stream)


def altered(row: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return a row with one field that has another value, or is not there any more."""
    changed = copy.deepcopy(row)
    place = reduce(getitem, path[:-1], changed)
    if value is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


def answered(simulator: Simulator, stream: str, day: date, row: dict[str, Any]) -> Output:
    """Run a stream whose day has this row only, in a bucket if its report has buckets."""
    if stream == "cost_report":
        names = {"starting_at", "ending_at"} & row.keys()
        result = {name: row[name] for name in row if name not in names}
        row = {name: row[name] for name in names} | {"results": [result]}
    simulator.recover()
    body = {**page_of(row), "data_refreshed_at": "2026-01-17T00:00:00Z"}
    simulator.reply(truth.PATHS.get(stream, stream), body=body, times=1)
    if stream == "team_members":
        team = simulator.truth("teams", day)[0]
        simulator.reply("teams", body=page_of(team), times=1)
    only: Any = {"start_date": day, "end_date": day}
    return run(simulator, stream, report_revision_check="full", **only)


def leaves(value: object, name: str = "") -> set[tuple[str, str]]:
    """Return every value below, as JSON, with the last name of its path."""
    if isinstance(value, dict) and value:
        return {leaf for inner in value for leaf in leaves(value[inner], inner)}
    return {(name, json.dumps(value, default=str))}


@pytest.mark.slow
@pytest.mark.parametrize("stream", STREAMS)
@settings(
    max_examples=12,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_one_field_that_has_changed(
    company: Simulator,
    rows_of_a_day: tuple[date, list[dict[str, Any]]],
    stream: str,
    data: st.DataObject,
) -> None:
    """The record fits its schema and holds all of the row, or the stream fails."""
    day, rows = rows_of_a_day
    row = data.draw(st.sampled_from(rows))
    path = data.draw(st.sampled_from(paths(row)))
    new = data.draw(st.booleans()) and (*path[:-1], "brand_new")
    values = st.sampled_from([None, *OTHER_TYPES])
    value = data.draw(values if new else values | st.just(REMOVED))
    row = altered(row, new or path, value)
    output = answered(company, stream, day, row)
    if output.failures:
        assert output.failed == [stream]
        assert ".".join(new or path) in VITAL.get(stream, VITAL_OF_REPORTS)
        assert output.records("readings") == []
        return
    records = output.records(stream)
    schema = output.schemas[stream]["schema"]
    validator = Draft7Validator(schema, format_checker=FormatChecker())
    for record in records:
        validator.validate(record)
    if stream == "adoption":
        return
    (record,) = records
    if truth.SNAPSHOTS.get(stream):
        row[str(truth.SNAPSHOTS[stream])] = row.pop("id")
    lost = leaves(json.loads(json.dumps(row), parse_float=Decimal)) - leaves(record)
    # Amounts are text in rows, and numbers in records; some names are only null in rows.
    nulls = {(name, "null") for name in (*SPEC_OF[stream].null_fields, "actor_type")}
    assert {leaf for leaf in lost - nulls if leaf[0] not in AMOUNTS} == set()


@pytest.mark.parametrize(
    ("stream", "place", "in_units"),
    [
        ("skills", "attributed_list_price", None),
        ("spend_limits", "amount", "amount_in_currency"),
        ("cost", "cost.amount", "amount_usd"),
        ("cost", "cost.list_amount", "list_amount_usd"),
    ],
)
def test_money_of_any_length(
    company: Simulator,
    rows_of_a_day: tuple[date, list[dict[str, Any]]],
    stream: str,
    place: str,
    in_units: str | None,
) -> None:
    """It is a number, exactly as the API wrote it, and so is a hundredth of cents."""
    amount = "123456789012345678901234567890.12"
    day, (row, *_) = rows_of_a_day
    row = altered(row, tuple(place.split(".")), amount)
    (record,) = answered(company, stream, day, row).records(stream)
    assert str(record[place.rpartition(".")[2]]) == amount
    assert not in_units or str(record[in_units]) == "1234567890123456789012345678.9012"
