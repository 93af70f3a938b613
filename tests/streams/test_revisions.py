"""Days of usage and cost: which are read again, and when they are complete and final."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pendulum
import pytest

from tap_claude_analytics.days.ledger import REVISABLE
from tap_claude_analytics.days.revisions import digest_of, spans
from tests import ledger
from tests.simulator import FAULTS, Fact, Options, Simulator
from tests.singer import Organize, Output, SetToday, page_of, run

TODAY = pendulum.Date(2026, 3, 20)
COMPANY: dict[str, Any] = {"users": 6, "projects": 2}
STREAMS = ("usage", "cost")
#: Days are read again when they are not older than this, and not only the default, 30.
LOOKBACK = 6
START = TODAY.subtract(days=LOOKBACK + 2)


def ago(days: int) -> str:
    """Return a day before today."""
    return TODAY.subtract(days=days).isoformat()


def days_ago(*days: int) -> list[str]:
    """Return several days before today."""
    return [*map(ago, days)]


@pytest.mark.parametrize(
    ("days", "windows"),
    [
        ([], []),
        ([3], [(3, 3)]),
        ([5, 1, 2], [(1, 5)]),
        # Days in between that have ten rows, that have more, and of which nobody knows it.
        ([1, 4], [(1, 4)]),
        ([1, 6], [(1, 1), (6, 6)]),
        ([6, 8], [(6, 6), (8, 8)]),
        # As many days as one request may span.
        ([1, 3, 5, 6], [(1, 5), (6, 6)]),
    ],
)
def test_spans(days: list[int], windows: list[tuple[int, int]]) -> None:
    """Days share a request with those in between, if these are known to cost little."""
    march = [pendulum.Date(2026, 3, day) for day in range(1, 9)]
    counts = dict.fromkeys(march[:6], 5)
    asked = [march[day - 1] for day in days]
    found = spans(asked, counts, most_days=5, most_rows=10)
    assert [(first.day, last.day) for first, last in found] == windows


def test_digests() -> None:
    """They tell totals apart, not the order of rows and of their fields.

    States hold them, so another version of the tap has to work out the same ones.
    """
    one = {"group": {"model": "a"}, "n": Decimal("1.5")}
    two = {"group": {"model": "b"}, "n": 2}
    assert digest_of([one, two]) == "3abaf1f3c191975f"
    assert digest_of([two, dict(reversed(one.items()))]) == "3abaf1f3c191975f"
    others: list[list[Any]] = [[], [one], [one, one], [{**one, "n": 2}]]
    assert len({*map(digest_of, others)}) == len(others)


def load(
    simulator: Simulator,
    state: dict[str, Any] | None = None,
    *,
    streams: Sequence[str] = STREAMS,
    **settings: Any,
) -> Output:
    """Run the streams, with pages so small that days in a row have several."""
    own = {"start_date": START, "report_lookback_days": LOOKBACK, "page_size": 20}
    output = run(simulator, *streams, state=state, **{**own, **settings})
    assert not output.failures
    return output


@pytest.fixture(scope="module")
def first() -> Output:
    """A first load of the same organisation."""
    with Simulator(Options(today=TODAY, **COMPANY)) as simulator:
        return load(simulator)


def grown(facts: list[Fact]) -> list[Fact]:
    """Return the facts of a day with figures that have grown by a third of a percent."""
    return [fact.scaled(Decimal("1.00333")) for fact in facts]


def revisable(output: Output, stream: str) -> list[str]:
    """Return the days that the last state keeps to be read again."""
    return [day[:10] for day in output.state["bookmarks"][stream][REVISABLE].split()]


def test_a_quiet_night(simulator: Simulator, set_today: SetToday) -> None:
    """The totals are asked for; the youngest days and the one that is final are read."""
    settings: dict[str, Any] = {
        "streams": ["cost"],
        "start_date": ago(31),
        "report_lookback_days": 30,
        # Neither the delay nor the lookback of other streams counts.
        "data_delay_days": 9,
        "lookback_days": 0,
    }
    state = load(simulator, **settings).state
    requests = len(simulator.requests)
    today = TODAY.add(days=1)
    set_today(today, simulator)
    simulator.requests.clear()
    output = load(simulator, state, **settings)
    # In a large organisation it is a small part: see the benchmark's counts.
    assert len(simulator.requests) < requests
    assert output.read_days("cost") == [*days_ago(30, 0), today.isoformat()]
    assert all(record["is_final"] for record in output.by_day("cost")[ago(30)])
    assert ago(30) not in revisable(output, "cost")
    asked = [request.params for request in simulator.requests]
    coarse = [params for params in asked if params["group_by[]"] == ["product", "model"]]
    assert {params["starting_at"][0][:10] for params in coarse} == {ago(29)}
    assert {params["ending_at"][0][:10] for params in coarse} == {today.isoformat()}
    assert len({params.get("page", [""])[0] for params in coarse}) == len(coarse)


def test_a_state_without_digests(simulator: Simulator) -> None:
    """A state of the first release, or of full checks, has the lookback read in detail."""
    state = load(simulator, report_revision_check="full").state
    older = json.loads(json.dumps(state))
    for stream in STREAMS:
        del older["bookmarks"][stream][REVISABLE]
    for before in (state, older):
        output = load(simulator, before)
        for stream in STREAMS:
            expected = days_ago(*range(LOOKBACK, -1, -1))
            assert output.read_days(stream)[-len(expected) :] == expected


def test_an_interrupted_night_is_made_good(simulator: Simulator, first: Output) -> None:
    """The digest of a day stands in the STATE that follows the day, and in none before."""
    for day in days_ago(6, 4, 2):
        simulator.revise(date.fromisoformat(day), grown)
    whole = load(simulator, first.state, streams=["cost"])
    assert whole.read_days("cost") == days_ago(6, 4, 2, 0)
    ends = [
        number
        for number, message in enumerate(whole.messages)
        if message["type"] == "RECORD" and message["stream"] == "readings"
    ]
    # In the second day, before the STATE that follows it, and after that.
    for lines in (ends[1] - 2, ends[1] + 1, ends[1] + 2):
        cut = whole.before(lines)
        rest = load(simulator, cut.state, streams=["cost"])
        assert set(rest.read_days("cost")) <= set(whole.read_days("cost"))
        days = [START.add(days=n) for n in range(LOOKBACK + 3)]
        ledger.assert_sums(simulator, "cost", days, first, cut, rest)


@pytest.mark.parametrize("group_by", [["product", "model"], ["model"], []])
def test_rows_that_are_totals_themselves(simulator: Simulator, group_by: list[str]) -> None:
    """They are read again, and no totals are asked for besides."""
    state = load(simulator, report_group_by=group_by).state
    simulator.requests.clear()
    output = load(simulator, state, report_group_by=group_by)
    asked = [(request.path, str(request.params)) for request in simulator.requests]
    assert len(set(asked)) == len(asked)
    for stream in STREAMS:
        assert output.read_days(stream) == days_ago(*range(LOOKBACK, -1, -1))


def test_totals_that_are_not_right(simulator: Simulator, first: Output) -> None:
    """The stream fails and says where; no day is taken for unchanged."""
    row = page_of({"starting_at": "soon", "ending_at": None, "group": {}, "usage": {}})
    simulator.reply("usage", body=row)
    output = run(simulator, "usage", state=first.state)
    assert output.failed == ["usage"]
    assert "/usage returned a row with a time that is not" in output.failure
    assert "(request id req_" in output.failure
    assert output.records("readings") == []


def test_totals_whose_cursor_expires(simulator: Simulator, first: Output) -> None:
    """They are asked for from the first page again."""
    simulator.fail(FAULTS["expired_cursor"], path="usage", times=1)
    output = load(simulator, first.state)
    assert any(request.fault for request in simulator.requests)
    assert output.read_days("usage") == [ago(0)]


@pytest.mark.parametrize("tell_refreshed", [True, False], ids=["null", "missing"])
def test_days_of_which_nobody_knows_if_they_are_complete(
    organization: Organize, *, tell_refreshed: bool
) -> None:
    """They are not final, hold the bookmark with a warning, and stay to be read again."""
    settings: dict[str, Any] = {"start_date": ago(33), "end_date": ago(25)}
    simulator = organization(**COMPANY, tell_refreshed=tell_refreshed)
    simulator.fail(FAULTS["never_refreshed"])
    output = run(simulator, *STREAMS, **settings)
    for stream, warning in zip(STREAMS[::-1], output.warnings, strict=True):
        told = {(r["is_final"], r["is_complete"]) for r in output.records(stream)}
        assert told == {(False, False)}
        assert f"stream {stream} is complete (data_refreshed_at is null)" in warning
        assert ago(33) in warning
        assert output.bookmark(stream) is None
        assert min(revisable(output, stream)) == ago(33)
    again = run(organization(**COMPANY), *STREAMS, state=output.state, **settings)
    for stream in STREAMS:
        assert all(record["is_final"] for record in again.by_day(stream)[ago(31)])
        assert again.bookmark(stream) == f"{ago(25)}T00:00:00Z"


def test_a_gap_holds_the_bookmark(simulator: Simulator) -> None:
    """Days that are complete do not move it beyond one that is not."""
    simulator.fail(FAULTS["never_refreshed"], nth=1)
    output = run(simulator, "user_usage_report", start_date=ago(2))
    told = [reading["is_complete"] for reading in output.records("readings")]
    assert told == [False, True, False]
    assert output.bookmark("user_usage_report") is None


def test_days_in_between_of_minutes(simulator: Simulator) -> None:
    """Each day is a request, so only those that were revised are asked for."""
    settings: dict[str, Any] = {"streams": ["usage"], "report_bucket_width": "1m"}
    state = load(simulator, report_group_by=["model"], **settings).state
    simulator.revise(date.fromisoformat(ago(6)), lambda facts: facts[1:])
    simulator.requests.clear()
    output = load(simulator, state, report_group_by=["model"], **settings)
    assert output.read_days("usage") == days_ago(6, 0)
    asked = [request.params for request in simulator.requests]
    detailed = [params for params in asked if params["time_bucket_width"] == ["1m"]]
    assert {params["starting_at"][0][:10] for params in detailed} == {*days_ago(6, 0)}
