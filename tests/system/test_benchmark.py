"""The benchmark serves, counts and reckons right; how fast anything is, no test says."""

import json
from datetime import date
from operator import attrgetter

import pytest

from tests.benchmark import __main__ as program
from tests.benchmark import floor, needed, official, scenarios
from tests.benchmark.server import Process
from tests.simulator import BASE_PATH
from tests.simulator_tests.asking import kept_session

TODAY = date(2026, 11, 9)
DAYS = ["2026-05-04", "2026-05-05"]


def test_subjects_write_every_row_of_every_day(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renaming the rows of a small organisation makes a large one, whose users differ.

    Each names the day that was asked for, or else nobody would notice an answer that is
    taken for that of another day.
    """
    monkeypatch.setenv("TAP_CLAUDE_ANALYTICS_API_KEY", "sk-ant-api01-benchmark")
    with Process() as process:
        served = process.serve(users=2100)
        monkeypatch.setenv("TAP_CLAUDE_ANALYTICS_API_URL", served.url())
        for asked, main in enumerate((floor.main, official.main), start=1):
            main(*DAYS)
            rows = list(map(json.loads, capsysbinary.readouterr().out.splitlines()))
            assert [row["last_activity_date"] for row in rows] == sorted(2100 * DAYS)
            assert 3000 < len(json.dumps(rows)) / len(rows) < 4000
            for name in ("id", "email_address"):
                assert len({row["user"][name] for row in rows}) == 2100
            assert served.counted().requests == asked * 2 * 3


def test_the_server_refuses_beyond_its_limit_and_counts() -> None:
    """What it has answered before too."""
    with Process() as process, kept_session() as session:
        served = process.serve(users=3, limit=("bucket", 3))
        users = f"{served.url()}{BASE_PATH}users?limit=1000&date="
        answers = [session.get(f"{users}{day}") for day in (*DAYS, *DAYS)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 20
        names = ("requests", "refused", "repeated")
        assert attrgetter(*names)(served.counted()) == (4, 1, 1)


def test_needed_requests_follow_from_the_contract() -> None:
    """Worked out by hand for an organisation of 2,500 users."""
    rows: dict[needed.Asked, int] = {(path,): 20 for path in needed.DAILY_PATHS} | {
        ("users",): 2500,
        ("usage", "actor", "product", "model"): 100,
        ("cost", "actor", "product", "model"): 0,
        ("usage", "product", "model"): 30,
        ("cost", "product", "model"): 40,
    }
    assert [needed.pages(count) for count in (0, 1, 1000, 1001)] == [1, 1, 1, 2]
    # 38 days of 3 + 5 requests and one of summaries; 41 days of reports in two spans:
    # 4 + 1 pages of usage, 1 + 1 of cost; totals of 30 days: 1 and 2.
    assert needed.first_load(rows, 40) == 38 * 8 + 1 + 5 + 2 + 1 + 2
    # Four days; one day of reports, and 31 more or two with totals of thirty.
    assert needed.daily_run(rows, totals=False) == 4 * 8 + 1 + 2 + 4 + 1
    assert needed.daily_run(rows, totals=True) == 4 * 8 + 1 + 2 + 1 + 1 + 1 + 2


def test_a_scenario_runs_from_the_command_line_to_its_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tap as a process makes the requests needed, each once."""
    monkeypatch.setattr(scenarios, "USERS", 3)
    assert program.main(["--quick", "counts"]) == 0
    _, header, *lines, minimum, once = capsys.readouterr().out.rstrip().split("\n")
    assert header == scenarios.HEADER
    for line in lines:
        *_, made, least, refused, repeated = line.split()
        assert int(made) == int(least) > 0
        assert (refused, repeated) == ("0", "0")
    assert len(lines) == 3
    assert minimum.startswith("  kept: requests made = the minimum")
    assert once == "  kept: no question asked twice (0 repeated)"


def test_a_broken_promise_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other scenarios run all the same."""
    promises = [scenarios.Promise("fast", kept, "1 s") for kept in (False, True)]
    monkeypatch.setitem(scenarios.SCENARIOS, "counts", lambda _: promises)
    assert program.main(["counts", "counts"]) == 1
    shown = "  BROKEN: fast (1 s)\n  kept: fast (1 s)\n"
    assert capsys.readouterr().out.count(shown) == 2
