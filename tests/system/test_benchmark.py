"""The benchmark serves, counts and reckons right; how fast anything is, no test says."""

import json
import re
import urllib.error
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.benchmark import __main__ as program
from tests.benchmark import floor, needed, official, scenarios
from tests.benchmark.answers import Answers
from tests.benchmark.runs import Bench, Run, in_turns
from tests.benchmark.server import counters, serving
from tests.simulator import BASE_PATH

TODAY = date(2026, 11, 9)
DAY, NEXT_DAY = "2026-05-04", "2026-05-05"


def test_users_come_in_pages_and_each_is_another_one() -> None:
    """Renaming the rows of a small organisation makes a large one.

    Each names the day that was asked for, or else nobody would notice an answer that is
    taken for that of another day.
    """
    answers = Answers(users=2100, report_users=40, stale_days=0)
    for day in (DAY, NEXT_DAY):
        rows: list[dict[str, Any]] = []
        for page, cursor in (("0", "1"), ("1", "2"), ("2", None)):
            parameters = {"date": [day], "limit": ["1000"], "page": [page]}
            body = json.loads(b"".join(answers.body("users", parameters)))
            rows += body["data"]
            assert body["next_page"] == cursor
        assert len({row["user"]["id"] for row in rows}) == len(rows) == 2100
        assert len({row["user"]["email_address"] for row in rows}) == 2100
        assert 3000 < len(json.dumps(rows)) / len(rows) < 4000
        assert {row["last_activity_date"] for row in rows} == {day}


def test_the_server_refuses_beyond_its_limit_and_counts() -> None:
    """Counters tell what happened since they were last told, and the limit starts anew."""
    asking = build_opener(ProxyHandler({})).open
    with serving(users=3, report_users=5, limit="bucket", per_minute=3) as url:
        for _ in range(2):
            statuses = []
            for day in (DAY, DAY, "no+day", NEXT_DAY):
                try:
                    with asking(f"{url}{BASE_PATH}users?limit=1000&date={day}") as answer:
                        statuses.append(answer.status)
                except urllib.error.HTTPError as error:
                    with error:
                        statuses.append(error.code)
                        wait = error.headers["retry-after"]
            assert statuses == [200, 200, 400, 429]
            assert 0 < float(wait) <= 20
            told = counters(url)
            names = ("requests", "refused", "repeated", "most_in_flight")
            assert [told[name] for name in names] == [4, 1, 1, 1]


def test_subjects_write_every_row_of_every_day(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """As lines of JSON, the official package as well as the floor."""
    with serving(users=3) as url:
        for main in (floor.main, official.main):
            main(url, DAY, NEXT_DAY)
            assert counters(url)["requests"] == 2
            rows = list(map(json.loads, capsysbinary.readouterr().out.splitlines()))
            assert len({row["user"]["id"] for row in rows}) == 3
            assert len(rows) == 6


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
    # 38 days of 3 + 5 requests and one of summaries; 41 days of reports in two spans:
    # 4 + 1 pages of usage, 1 + 1 of cost; totals of 30 days: 1 and 2.
    assert needed.first_load(rows, 40) == 38 * 8 + 1 + 5 + 2 + 1 + 2
    # Four days; one day of reports, and 31 more or two with totals of thirty.
    assert needed.daily_run(rows, totals=False) == 4 * 8 + 1 + 2 + 4 + 1
    assert needed.daily_run(rows, totals=True) == 4 * 8 + 1 + 2 + 1 + 1 + 1 + 2


def test_runs_take_turns_and_end_in_medians() -> None:
    """Every round begins with another subject; of what is counted, the worst counts."""
    turns: list[str] = []
    walls = {"a": [9.0, 1.0, 2.0], "b": [4.0, 6.0, 5.0]}

    def subject(name: str) -> Run:
        wall, refused = walls[name][turns.count(name)], int(turns.count(name) == 1)
        turns.append(name)
        return Run(wall=wall, cpu=wall / 2, peak=60, refused=refused, rows_per_day={})

    results = in_turns({name: partial(subject, name) for name in walls}, rounds=3)
    assert "".join(turns) == "abbaab"
    expected = partial(Run, peak=60, refused=1, rows_per_day={})
    assert results == {"a": expected(wall=2.0, cpu=1.0), "b": expected(wall=5.0, cpu=2.5)}


def write(path: Path, *messages: dict[str, Any]) -> Path:
    """Write messages, each on a line of its own."""
    path.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    return path


def test_the_last_state_of_an_output_is_what_the_next_run_gets(tmp_path: Path) -> None:
    """Whatever comes after it."""
    states = [{"type": "STATE", "value": {"bookmarks": {name: {}}}} for name in "ab"]
    record = {"type": "RECORD", "stream": "a", "record": {"name": "STATE"}}
    state = Bench(tmp_path, quick=True).last_state(write(tmp_path / "o", *states, record))
    assert json.loads(state.read_text()) == {"bookmarks": {"b": {}}}


def test_outputs_are_compared_but_for_what_is_of_the_run(tmp_path: Path) -> None:
    """Times may differ; a value or the order may not."""

    def written(*values: int, at: str) -> tuple[int, str]:
        records = (
            {
                "type": "RECORD",
                "record": {"value": v, "snapshot_at": at},
                "time_extracted": at,
            }
            for v in values
        )
        return scenarios.fingerprint(
            write(tmp_path / "output", *records, {"type": "STATE", "value": at})
        )

    assert written(1, 2, at="now") == written(1, 2, at="then")
    assert written(1, 2, at="now") != written(2, 1, at="now")
    assert written(1, 2, at="now")[0] == 2


def test_a_scenario_runs_from_the_command_line_to_its_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tap as a process makes the requests needed, each once."""
    monkeypatch.setattr(scenarios, "ORDER", {"users": 3, "latency": 0.0, "jitter": 0.01})
    monkeypatch.setattr(scenarios, "AT_ONCE", (1, 4))
    assert program.main(["--quick", "order"]) == 0
    _, _, title, header, *lines, promise = capsys.readouterr().out.rstrip().split("\n")
    assert title == "order: 0 to 10 ms latency, no limit"
    assert promise.startswith("  kept: byte-identical records in the same order")
    columns = re.split("  +", header.strip())
    assert columns[0] == "records/s"
    assert len(lines) == 2
    for line in lines:
        _, *cells = re.split("  +", line.strip())
        figures = dict(zip(columns, cells, strict=True))
        assert int(figures["requests"]) == int(figures["needed"]) > 0
        assert (figures["429s"], figures["repeated"]) == ("0", "0")
