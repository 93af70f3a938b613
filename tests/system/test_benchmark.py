"""The benchmark serves, counts and reckons right; how fast anything is, no test says."""

from __future__ import annotations

import json
import urllib.error
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

from tests.benchmark import __main__ as program
from tests.benchmark import floor, needed, official, scenarios
from tests.benchmark.answers import Answers, Organisation
from tests.benchmark.runs import Bench, Measured, Run, in_turns
from tests.benchmark.server import serving
from tests.simulator import BASE_PATH

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.benchmark.table import Result

TODAY = date(2026, 11, 9)
DAY = date(2026, 5, 4)
NEXT_DAY = DAY + timedelta(days=1)

direct = build_opener(ProxyHandler({}))


def test_users_come_in_pages_and_each_is_another_one() -> None:
    """Renaming the rows of a small organisation makes a large one.

    Every page names the day that was asked for, or else nobody would notice an answer that
    is taken for that of another day.
    """
    answers = Answers(Organisation(users=2100, report_users=40))
    for day in (DAY.isoformat(), NEXT_DAY.isoformat()):
        rows: list[dict[str, Any]] = []
        parameters = {"date": [day], "limit": ["1000"]}
        while True:
            body = json.loads(b"".join(answers.body("users", parameters)))
            rows += body["data"]
            if body["next_page"] is None:
                break
            parameters["page"] = [body["next_page"]]
        assert len({row["user"]["id"] for row in rows}) == 2100
        assert len({row["user"]["email_address"] for row in rows}) == 2100
        assert 3000 < len(json.dumps(rows)) / len(rows) < 4000
        assert [row["last_activity_date"] for row in rows[::1000]] == [day] * 3


def test_the_server_refuses_beyond_its_limit_and_counts() -> None:
    """Counters tell what happened since they were last told, and the limit starts anew."""
    days = [DAY.isoformat(), DAY.isoformat(), "no+day", NEXT_DAY.isoformat()]
    with serving(users=3, report_users=5, limit="bucket", per_minute=3) as served:
        for _ in range(2):
            statuses = []
            for day in days:
                try:
                    with direct.open(f"{served.url}{BASE_PATH}users?date={day}") as answer:
                        statuses.append(answer.status)
                except urllib.error.HTTPError as error:
                    with error:
                        statuses.append(error.code)
                        wait = error.headers["retry-after"]
            assert statuses == [200, 200, 400, 429]
            assert 0 < float(wait) <= 20
            told = served.counters()
            assert (told["requests"], told["refused"], told["wrong"]) == (4, 1, 1)
            assert (told["repeated"], told["most_in_flight"]) == (1, 1)


def test_subjects_write_every_row_of_every_day(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """As lines of JSON, the official package as well as the floor."""
    with serving(users=3) as served:
        for main in (floor.main, official.main):
            main(served.url, DAY.isoformat(), "4")
            assert served.counters()["requests"] == 4
            lines = capsysbinary.readouterr().out.splitlines()
            rows = [json.loads(line) for line in lines]
            assert len({row["user"]["id"] for row in rows}) == 3
            assert len(rows) == 12


def test_needed_requests_follow_from_the_contract() -> None:
    """Worked out by hand for an organisation of 2,500 users."""
    rows = dict.fromkeys(needed.DAILY_PATHS, 20) | {
        "users": 2500,
        "usage by actor, product, model": 100,
        "cost by actor, product, model": 0,
        "usage by product, model": 30,
        "cost by product, model": 40,
    }
    assert [needed.pages(count) for count in (0, 1, 1000, 1001)] == [1, 1, 1, 2]
    assert needed.spans(70, 31) == [31, 31, 8]
    # 38 days of 3 + 5 requests and one of summaries; 41 days of reports in two spans:
    # 4 + 1 pages of usage, 1 + 1 of cost; totals of 30 days: 1 and 2.
    assert needed.first_load(rows, 40) == 38 * 8 + 1 + 5 + 2 + 1 + 2
    # Four days; 31 days of reports or two with totals of thirty.
    assert needed.daily_run(rows, totals=False) == 4 * 8 + 1 + 4 + 1
    assert needed.daily_run(rows, totals=True) == 4 * 8 + 1 + 1 + 1 + 1 + 2


def test_runs_take_turns_and_end_in_medians() -> None:
    """Every round begins with another subject; of what is counted, the worst counts."""
    turns: list[str] = []
    walls = {"a": iter([9.0, 1.0, 2.0]), "b": iter([4.0, 6.0, 5.0])}

    def subject(name: str) -> Run:
        turns.append(name)
        wall = next(walls[name])
        counters = {"requests": 10, "refused": int(turns.count(name) == 2)}
        return Run(Measured(wall, cpu=wall / 2, peak=60), counters)

    results = in_turns({name: partial(subject, name) for name in walls}, rounds=3)
    assert "".join(turns) == "abbaab"
    assert results["a"].measured == Measured(2.0, cpu=1.0, peak=60)
    assert results["b"].measured.wall == 5.0
    assert results["a"].counters["refused"] == 1


def test_the_last_state_of_an_output_is_what_the_next_run_gets(tmp_path: Path) -> None:
    """Whatever comes after it."""
    output = tmp_path / "output.jsonl"
    messages = [
        {"type": "STATE", "value": {"bookmarks": {"a": {}}}},
        {"type": "STATE", "value": {"bookmarks": {"b": {}}}},
        {"type": "RECORD", "stream": "a", "record": {"name": "STATE"}},
    ]
    output.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    state = Bench(tmp_path, quick=True).last_state(output)
    assert json.loads(state.read_text()) == {"bookmarks": {"b": {}}}


def test_outputs_are_compared_but_for_what_is_of_the_run(tmp_path: Path) -> None:
    """Times may differ; a value or the order may not."""

    def written(*values: int, at: str) -> tuple[int, str]:
        path = tmp_path / "output.jsonl"
        messages: list[dict[str, Any]] = [
            {
                "type": "RECORD",
                "record": {"value": v, "snapshot_at": at},
                "time_extracted": at,
            }
            for v in values
        ]
        messages.append({"type": "STATE", "value": at})
        path.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
        return scenarios.fingerprint(path)

    assert written(1, 2, at="now") == written(1, 2, at="then")
    assert written(1, 2, at="now") != written(2, 1, at="now")
    assert written(1, 2, at="now")[0] == 2


def test_a_scenario_runs_from_the_command_line_to_its_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tap as a process makes the requests needed, each once."""
    results = []

    def measured(bench: Bench) -> Result:
        """Keep the result."""
        results.append(scenarios.order(bench))
        return results[-1]

    monkeypatch.setattr(scenarios, "ORDER", {"users": 3, "latency": 0.0, "jitter": 0.01})
    monkeypatch.setattr(scenarios, "AT_ONCE", (1, 4))
    monkeypatch.setitem(scenarios.SCENARIOS, "order", measured)
    assert program.main(["--quick", "order"]) == 0
    (result,) = results
    assert len(result.lines) == 2
    for line in result.lines:
        assert line.records
        assert line.run.counters["requests"] == line.needed
        assert line.run.counters["repeated"] == line.run.counters["wrong"] == 0
    assert result.promises[0].text in capsys.readouterr().out
