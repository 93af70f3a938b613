"""Values that no database takes, rows of another day, days that are gone: what is said."""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tap_claude_analytics.common import clock
from tests import truth
from tests.conftest import TODAY
from tests.singer import Organize, Output, error_of, page_of, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator import Simulator

DAY = date(2026, 1, 5)


def read(simulator: Simulator, *streams: str, day: date = DAY) -> Output:
    """Run some streams over one day."""
    only = day.isoformat()
    return run(simulator, *streams, "readings", start_date=only, end_date=only)


def with_value(name: str, value: object) -> Callable[[list[Any]], list[Any]]:
    """Give the field of the first two rows another value; a dot leads into an object."""
    parent, _, field = name.rpartition(".")

    def change(rows: list[Any]) -> list[Any]:
        if parent:
            return [{**row, parent: {**row[parent], field: value}} for row in rows[:2]]
        return [{**row, field: value} for row in rows[:2]] + rows[2:]

    return change


def warnings_of(output: Output, stream: str) -> list[str]:
    """Return the warnings that a stream logged."""
    return [
        record.getMessage()
        for record in output.log
        if record.levelno == logging.WARNING and record.name.endswith(f".{stream}")
    ]


# What fails the stream


@pytest.mark.parametrize(
    ("stream", "name", "value", "told"),
    [
        ("skills", "skill_name", "a\x00b", "skill_name"),
        ("skills", "skill_name", None, "skill_name"),
        ("skills", "date", "2026-01-04", f"row for {DAY} whose date is another day"),
        ("skills", "starting_at", "2026-01-06T00:00:00Z", "starting_at is another day"),
        ("org_summaries", "starting_at", "2026-03-01T00:00:00Z", "starting_at"),
        (
            "user_summaries",
            "chat_metrics.message_count",
            2**64,
            "more than 64 bits in chat",
        ),
    ],
)
def test_a_value_that_fails_the_stream(
    simulator: Simulator, stream: str, name: str, value: object, told: str
) -> None:
    """The sentence names the field and not the value; nothing of the day is confirmed."""
    endpoint = truth.PATHS[stream]
    simulator.edit(endpoint, DAY, with_value(name, value))
    output = read(simulator, stream, "connectors")
    assert output.failed == [stream]
    assert name in output.failure
    assert told in output.failure
    assert value is None or str(value) not in output.failure
    assert {r["stream"] for r in output.records("readings")} == {"connectors"}
    assert output.bookmark(stream) is None


def test_a_row_that_is_not_an_object(simulator: Simulator) -> None:
    """It fails its stream, and is not asked for again."""
    simulator.reply("skills", body=page_of(1, 2))
    output = read(simulator, "skills", "connectors")
    assert output.failed == ["skills"]
    assert "a row that is not an object" in output.failure
    assert len([r for r in simulator.requests if r.path == "skills"]) == 1
    assert output.read_days("connectors")


def test_a_time_that_is_an_object(simulator: Simulator) -> None:
    """Whatever it breaks, the other streams are read, and no sentence quotes it."""
    name = "Zoe Quillfeather"
    row = {"starting_at": {name: 1}, "ending_at": [], "group": {}, "usage": {}}
    body = {**page_of(row), "data_refreshed_at": "2026-01-17T00:00:00Z"}
    simulator.reply("usage", body=body)
    output = read(simulator, "skills", "usage", "user_summaries")
    assert output.failed == ["usage"]
    assert name not in output.failure
    assert output.read_days("skills") == output.read_days("user_summaries") != []


def test_a_count_that_is_beyond_all_numbers(simulator: Simulator) -> None:
    """It fails its stream, or is kept; the others are read in any case."""
    row = '{"skill_name": "review", "distinct_user_count": 1e999999999}'
    simulator.reply("skills", body=f'{{"data": [{row}], "next_page": null}}')
    output = read(simulator, "artifacts", "skills", "user_summaries")
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
    output = read(simulator, "chat_projects", "skills")
    assert not output.failures
    names = [record["project_name"] for record in output.records("chat_projects")]
    assert names.count("Secret\ufffdplan\ufffd") == 2
    (warning,) = warnings_of(output, "chat_projects")
    assert warning.startswith("2 texts of the field project_name contained a NUL")
    assert "Secret" not in str(output.logged)
    assert [record["skill_name"] for record in output.records("skills")] == ["a\ufffd"]
    assert warnings_of(output, "skills") == []


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
    output = read(simulator, stream, day=day)
    first, second, *others = output.records(stream)
    for record in (first, second):
        assert record[field] is None
        assert record["additional_fields"] == {field: value}
    assert others
    assert all(record["additional_fields"] is None for record in others)
    (warning,) = warnings_of(output, stream)
    assert f"{field} with another type than {kind} in 2 rows" in warning
    assert str(value) not in warning.replace("2 rows", "")


def test_a_count_of_adoption_whose_type_has_changed(simulator: Simulator) -> None:
    """No rate is computed from it, and the warning says where the value is."""
    name = "chat_daily_active_user_count"
    simulator.edit("summaries", DAY, with_value(name, "12"))
    output = read(simulator, "adoption", "org_summaries")
    assert not output.failures
    (chat,) = (r for r in output.records("adoption") if r["product"] == "chat")
    assert chat["daily_active_user_count"] is chat["daily_adoption_rate"] is None
    (warning,) = warnings_of(output, "adoption")
    assert name in warning
    assert "additional_fields of stream org_summaries" in warning
    (summary,) = output.records("org_summaries")
    assert summary["additional_fields"] == {name: "12"}


@pytest.mark.parametrize("said", ["2026-01-05T00:00:00Z", "new", None])
def test_a_row_that_says_its_day(simulator: Simulator, said: str | None) -> None:
    """A field of the tap's own name is a new field like any other."""
    simulator.edit("skills", DAY, with_value("date", said))
    output = read(simulator, "skills")
    assert not output.failures
    record = output.records("skills")[0]
    assert record["date"] == DAY.isoformat()
    assert record["additional_fields"] == {"date": said}


# Days that are gone


@pytest.mark.parametrize("stream", ["usage", "user_cost_report"])
def test_midnight_passes(
    organization: Organize, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    """The earliest day is too old by now: it is named, and the others are read.

    They are asked for together, or each in a request of its own.
    """
    began = iter([pendulum.Date(2027, 3, 1)])
    monkeypatch.setattr(clock, "today", lambda: next(began, pendulum.Date(2027, 3, 2)))
    simulator = organization(date(2027, 3, 2), users=5)
    output = run(simulator, stream, "readings", end_date="2026-03-05")
    assert not output.failures
    assert output.read_days(stream) == ["2026-03-03", "2026-03-04", "2026-03-05"]
    assert "those of 2026-03-02 to 2026-03-02 can no longer be read" in str(output.warnings)


def test_a_first_day_that_is_called_wrong_for_another_reason(
    organization: Organize,
) -> None:
    """Midnight has not passed, so no day is dropped: the stream fails."""
    simulator = organization(date(2027, 3, 1), users=5)
    simulator.reply("usage", status=400, body=error_of("no such model"))
    output = run(simulator, "usage", "readings", end_date="2026-03-05")
    assert len(simulator.requests) == 1
    assert "no such model" in output.failure
    assert output.records("readings") == []
