"""Values that no database takes, rows of another day, days that are gone: what is said."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import TYPE_CHECKING, Any

import pendulum
import pytest

from tap_claude_analytics.common import clock
from tests.simulator import Options, Simulator
from tests.singer import Output, run

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = date(2026, 1, 5)


def read(simulator: Simulator, *streams: str, **settings: Any) -> Output:
    """Run some streams over one day."""
    only = DAY.isoformat()
    return run(
        simulator,
        *streams,
        "readings",
        **{"start_date": only, "end_date": only, **settings},
    )


def with_value(name: str, value: object) -> Callable[[list[Any]], list[Any]]:
    """Give the field of the first two rows another value."""

    def change(rows: list[Any]) -> list[Any]:
        return [{**row, name: value} for row in rows[:2]] + rows[2:]

    return change


def warnings_of(caplog: pytest.LogCaptureFixture, stream: str) -> list[str]:
    """Return the warnings that a stream logged."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.WARNING and record.name.endswith(f".{stream}")
    ]


def test_a_name_that_databases_refuse(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """It is replaced, with one warning of stream, field and count, and without the name."""
    odd = with_value("project_name", "Secret\x00plan\ud800")
    rows = odd(simulator.truth("chat_projects", DAY))
    simulator.reply("chat_projects", body={"data": rows, "next_page": None})
    output = read(simulator, "chat_projects")
    assert not output.failures
    names = [record["project_name"] for record in output.records("chat_projects")]
    assert names.count("Secret\ufffdplan\ufffd") == 2
    (warning,) = warnings_of(caplog, "chat_projects")
    assert warning.startswith("2 texts of the field project_name contained a NUL")
    assert "Secret" not in caplog.text


def test_a_replaced_name_beside_one_that_was_so(simulator: Simulator) -> None:
    """What the API itself wrote as U+FFFD stays, also in a key, and is no cause to warn."""
    simulator.edit("skills", DAY, lambda rows: [{**rows[0], "skill_name": "a\ufffd"}])
    output = read(simulator, "skills")
    assert [record["skill_name"] for record in output.records("skills")] == ["a\ufffd"]
    assert not output.failures


def test_a_key_that_databases_refuse(simulator: Simulator) -> None:
    """Its stream fails and says where; nothing of the day is confirmed."""
    simulator.edit("skills", DAY, lambda rows: [{**rows[0], "skill_name": "a\x00b"}])
    output = read(simulator, "skills", "connectors")
    (sentence,) = output.failures
    assert sentence.startswith("Stream skills failed: ")
    assert "skill_name" in sentence
    assert "a\x00b" not in sentence
    assert {r["stream"] for r in output.records("readings")} == {"connectors"}
    assert output.bookmark("skills") is None


def test_a_large_integer(simulator: Simulator) -> None:
    """The field's path is named."""

    def change(rows: list[Any]) -> list[Any]:
        row = json.loads(json.dumps(rows[0]))
        row["chat_metrics"]["message_count"] = 2**64
        return [row]

    simulator.edit("users", DAY, change)
    (sentence,) = read(simulator, "user_summaries").failures
    assert "more than 64 bits in chat_metrics.message_count" in sentence
    assert str(2**64) not in sentence


def test_a_type_that_has_changed(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning; the value stands under ``additional_fields``."""
    simulator.edit("connectors", DAY, with_value("distinct_user_count", "many"))
    output = read(simulator, "connectors")
    first, second, *others = output.records("connectors")
    for record in (first, second):
        assert record["distinct_user_count"] is None
        assert record["additional_fields"] == {"distinct_user_count": "many"}
    assert all(record["additional_fields"] is None for record in others)
    (warning,) = warnings_of(caplog, "connectors")
    assert "distinct_user_count with another type than integer in 2 rows" in warning
    assert "many" not in caplog.text


def test_a_count_of_adoption_whose_type_has_changed(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """No rate is computed from it, and the warning says where the value is."""
    name = "chat_daily_active_user_count"
    simulator.edit("summaries", DAY, with_value(name, "12"))
    output = read(simulator, "adoption", "org_summaries")
    assert not output.failures
    (chat,) = (r for r in output.records("adoption") if r["product"] == "chat")
    assert chat["daily_active_user_count"] is chat["daily_adoption_rate"] is None
    (warning,) = warnings_of(caplog, "adoption")
    assert name in warning
    assert "additional_fields of stream org_summaries" in warning
    (summary,) = output.records("org_summaries")
    assert summary["additional_fields"] == {name: "12"}


@pytest.mark.parametrize(
    ("name", "said"), [("date", "2026-01-04"), ("starting_at", "2026-01-06T00:00:00Z")]
)
def test_a_row_that_says_another_day(simulator: Simulator, name: str, said: str) -> None:
    """No row is attributed to a day that it is not of."""
    simulator.edit("skills", DAY, with_value(name, said))
    output = read(simulator, "skills")
    (sentence,) = output.failures
    assert f"a row for {DAY} whose {name} is another day" in sentence
    assert output.records("readings") == []


@pytest.mark.parametrize("said", ["2026-01-05T00:00:00Z", "new", None])
def test_a_row_that_says_its_day(simulator: Simulator, said: str | None) -> None:
    """A field of the tap's own name is a new field like any other."""
    simulator.edit("skills", DAY, with_value("date", said))
    output = read(simulator, "skills")
    assert not output.failures
    record = output.records("skills")[0]
    assert record["date"] == DAY.isoformat()
    assert record["additional_fields"] == {"date": said}


@pytest.mark.parametrize("stream", ["usage", "user_cost_report"])
def test_midnight_passes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    """The earliest day is too old by now: it is named, and the others are read.

    They are asked for together, or each in a request of its own.
    """
    began = iter([pendulum.Date(2027, 3, 1)])
    monkeypatch.setattr(clock, "today", lambda: next(began, pendulum.Date(2027, 3, 2)))
    with Simulator(Options(today=date(2027, 3, 2), users=5)) as simulator:
        output = run(simulator, stream, "readings", end_date="2026-03-05")
    assert not output.failures
    assert output.read_days(stream) == ["2026-03-03", "2026-03-04", "2026-03-05"]
    assert "those of 2026-03-02 to 2026-03-02 can no longer be read" in caplog.text


def test_a_first_day_that_is_called_wrong_for_another_reason(
    set_today: Callable[[pendulum.Date], None],
) -> None:
    """Midnight has not passed, so no day is dropped: the stream fails."""
    set_today(pendulum.Date(2027, 3, 1))
    with Simulator(Options(today=date(2027, 3, 1), users=5)) as simulator:
        simulator.reply("usage", status=400, body={"error": {"message": "no such model"}})
        output = run(simulator, "usage", "readings", end_date="2026-03-05")
        assert len(simulator.requests) == 1
    (sentence,) = output.failures
    assert "no such model" in sentence
    assert output.records("readings") == []
