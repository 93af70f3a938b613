"""Token usage and cost: sums that are the truth, days that are whole, keys that hold."""

import itertools
from collections.abc import Callable
from datetime import date
from typing import Any

import pendulum
import pytest

from tap_claude_analytics.common import clock
from tap_claude_analytics.days.ledger import REVISABLE
from tests import ledger
from tests.simulator import Simulator
from tests.singer import Organize, Output, SetToday, error_of, page_of, run

TODAY = pendulum.Date(2026, 3, 20)
TOMORROW = TODAY.add(days=1)
GROUP_BY = ("actor", "product", "model")
STREAMS = ("usage", "cost")
#: One stream of each kind of report: of today, of users, and of buckets.
KINDS = ("cost", "user_usage_report", "cost_report")


def ago(days: int) -> str:
    """Return a day before today."""
    return TODAY.subtract(days=days).isoformat()


#: A few days, all of which are complete, and those up to today.
START = TODAY.subtract(days=9)
ONE_DAY: dict[str, Any] = {"start_date": START, "end_date": START}
LAST_DAYS: dict[str, Any] = {"start_date": ago(3)}

#: Figures are revised until they are 30 days old.
COMPANY: dict[str, Any] = {"users": 12, "revisions": True}


@pytest.mark.parametrize(
    ("bucket_width", "streams"), [("1d", ledger.STREAMS), ("1h", KINDS), ("1m", ("cost",))]
)
def test_daily_runs_add_up(
    organization: Organize, set_today: SetToday, bucket_width: str, streams: tuple[str, ...]
) -> None:
    """With figures that are revised, rows that vanish and rows that appear.

    Of the current day buckets are there that are over, but the bookmark stays before it.
    """
    simulator = organization(users=6, revisions=True)
    outputs, state = list[Output](), None
    settings = {**LAST_DAYS, "page_size": 50, "report_bucket_width": bucket_width}
    for today in (TODAY, TOMORROW, TODAY.add(days=2)):
        set_today(today, simulator)
        output = run(simulator, *streams, state=state, **settings)
        assert not output.failures
        outputs.append(output)
        state = output.state
        for reading in output.records("readings"):
            assert reading["is_complete"] is (reading["date"] < today.isoformat())
        for stream in streams:
            records = output.records(stream)
            assert len({(r["starting_at"], r["row_key"]) for r in records}) == len(records)
            for record in records:
                assert record["bucket_width"] == bucket_width
                assert record["starting_at"][:10] == record["date"]
                is_over = record["ending_at"] <= f"{today}T06:00:00Z"
                assert record["is_complete"] is is_over
            assert output.bookmark(stream) == f"{today.subtract(days=1)}T00:00:00Z"
    days = [TODAY.add(days=n) for n in range(-3, 3)]
    for stream in streams:
        ledger.assert_sums(simulator, stream, days, *outputs, bucket_width=bucket_width)
    keys = ledger.REPORT_KEYS["cost"]
    loaded = {tuple(map(r.get, keys)) for each in outputs for r in each.records("cost")}
    _, current = ledger.loaded("cost", keys, *outputs)
    assert len(current) < len(loaded)  # some vanished


LATE, EARLY = f"{ago(1)}T00:00:00Z", f"{ago(9)}T09:00:00Z"


@pytest.mark.parametrize(("second", "told"), [(EARLY, EARLY), (None, LATE)])
def test_pages_that_differ_in_their_refresh(
    simulator: Simulator, second: str | None, told: str
) -> None:
    """The earliest one counts; where it is not known of all pages, no day is complete."""
    rows = simulator.truth_report("usage", START, START.add(days=1), group_by=GROUP_BY)
    page = {**page_of(rows[1]), "data_refreshed_at": second}
    simulator.reply("usage", body=page, when=lambda r: "page" in r.params)
    first = {"data": rows[:1], "next_page": "more", "data_refreshed_at": LATE}
    simulator.reply("usage", body=first)
    output = run(simulator, "usage", report_revision_check="full", **ONE_DAY)
    records = output.records("usage")
    found = [(r["data_refreshed_at"], r["is_complete"]) for r in records]
    assert found == [(told, False)] * 2


@pytest.mark.parametrize(
    ("bucket_width", "longest", "days"), [("1d", 31, 33), ("1h", 31, 33), ("1m", 1, 2)]
)
def test_windows(
    organization: Organize, bucket_width: str, longest: int, days: int
) -> None:
    """No bucket is cut or asked for twice; reports of users are asked for day by day."""
    simulator = organization(users=1)
    settings: Any = {"report_bucket_width": bucket_width, "report_revision_check": "full"}
    run(simulator, *KINDS, start_date=ago(days), **settings)
    assert {request.status for request in simulator.requests} == {200}
    for stream in KINDS:
        asked = [
            [
                r.params[name][0].removesuffix("T00:00:00Z")
                for name in ("starting_at", "ending_at")
            ]
            for r in simulator.requests
            if r.path == stream and "page" not in r.params
        ]
        most = 1 if stream == "user_usage_report" else longest
        firsts = range(days, -1, -most)
        assert asked == [[ago(first), ago(max(first - most, -1))] for first in firsts]


def test_days_that_are_not_served_any_more(organization: Organize) -> None:
    """They are named in a warning; the earliest whole day is today - 364."""
    simulator = organization(pendulum.Date(2027, 2, 10), users=5)
    # Also when there is nothing left to read.
    for end, lost, days in ((12, 10, ["2026-02-11", "2026-02-12"]), (9, 9, [])):
        simulator.requests.clear()
        output = run(simulator, "usage", end_date=date(2026, 2, end))
        assert not output.failures
        assert output.read_days("usage") == days
        assert bool(simulator.requests) == bool(days)
        [warning] = output.warnings
        assert f"2026-01-01 to 2026-02-{lost:02}" in warning


def test_days_to_read_again_that_are_not_served_any_more(organization: Organize) -> None:
    """They are named as well, and forgotten."""
    state = run(organization(users=5), "usage", start_date=ago(3)).state
    later = TODAY.add(days=366)
    recent: Any = {"start_date": later.subtract(days=1)}
    output = run(organization(later, users=5), "usage", state=state, **recent)
    assert not output.failures
    assert f"those of {ago(3)} to {ago(0)} can no longer be read" in str(output.warnings)
    days = output.state["bookmarks"]["usage"][REVISABLE].split()
    assert min(days) > later.subtract(days=31).isoformat()


@pytest.mark.parametrize("stream", ["usage", "user_cost_report"])
def test_midnight_passes(
    organization: Organize, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    """The earliest day is too old by now: it is named, and the others are read.

    They are asked for together, or each in a request of its own.
    """
    began = iter([pendulum.Date(2027, 3, 1)])
    monkeypatch.setattr(clock, "today", lambda: next(began, pendulum.Date(2027, 3, 2)))
    simulator = organization(pendulum.Date(2027, 3, 2), users=5)
    output = run(simulator, stream, end_date="2026-03-05")
    assert not output.failures
    assert output.read_days(stream) == ["2026-03-03", "2026-03-04", "2026-03-05"]
    assert "those of 2026-03-02 to 2026-03-02 can no longer be read" in str(output.warnings)


def test_a_first_day_that_is_called_wrong_for_another_reason(
    organization: Organize,
) -> None:
    """Midnight has not passed, so no day is dropped: the stream fails."""
    simulator = organization(pendulum.Date(2027, 3, 1), users=5)
    simulator.reply("usage", status=400, body=error_of("no such model"))
    output = run(simulator, "usage", end_date="2026-03-05")
    assert len(simulator.requests) == 1
    assert "no such model" in output.failure
    assert output.records("readings") == []


def test_a_changed_grouping_reads_again(simulator: Simulator) -> None:
    """Other rows need another start: said, and written down with the new shape."""
    settings: dict[str, Any] = {**LAST_DAYS, "report_lookback_days": 0}
    first = run(simulator, *STREAMS, **LAST_DAYS)
    settings["report_group_by"] = ["product"]
    second = run(simulator, *STREAMS, state=first.state, **settings)
    assert first.state["bookmarks"]["usage"][REVISABLE]
    assert second.states[0]["bookmarks"]["usage"][REVISABLE] == ""
    assert second.read_days("usage")[0] == ago(3)
    assert any("have changed" in m and "usage" in m for m in second.warnings)
    days = [TODAY.subtract(days=n) for n in range(3, -1, -1)]
    ledger.assert_sums(simulator, "cost", days, first, second, group_by=["product"])
    third = run(simulator, *STREAMS, state=second.state, **settings)
    assert third.read_days("usage") == [ago(0)]


def test_cost_has_a_grouping_of_its_own(simulator: Simulator) -> None:
    """Kinds of cost and of tokens come on top; requests are null then."""
    cost_group_by = [*GROUP_BY, "speed", "service_tier", "cost_type"]
    output = run(simulator, *STREAMS, cost_group_by=cost_group_by, **LAST_DAYS)
    assert not output.failures
    costs = output.records("cost")
    assert {r["cost_type"] for r in costs} >= {"tokens", "web_search", "session_usage"}
    assert {r["requests"] for r in costs} == {None}
    assert any(r["requests"] for r in output.records("usage"))


def test_small_and_empty_pages(organization: Organize) -> None:
    """Deleted users are filtered after paging; a last cursor is echoed: neither matters."""
    simulator = organization(users=12, echo_last_cursor=True)
    settings: dict[str, Any] = {"start_date": ago(1), "exclude_deleted_users": True}
    # A page of one row has none when its user is deleted.
    small, large = (
        run(simulator, *STREAMS, page_size=size, **settings) for size in (1, 1000)
    )
    assert not small.failures
    keys = [[r["row_key"] for r in output.records("cost")] for output in (small, large)]
    assert keys[0] == keys[1] != []
    assert not any((r["actor"] or {}).get("deleted") for r in large.records("cost"))


def test_buckets_that_are_full(simulator: Simulator) -> None:
    """A legacy bucket shows 100 groups at most: said once per stream and run."""
    buckets = simulator.truth_report("cost_report", START, TOMORROW, group_by=("model",))
    for bucket in buckets[:2]:
        bucket["results"] = [{**bucket["results"][0], "model": f"m{n}"} for n in range(100)]
    simulator.reply("cost_report", body=page_of(*buckets))
    output = run(simulator, "cost_report", report_group_by=["model"], start_date=START)
    [warning] = [line for line in output.warnings if "groups" in line]
    assert warning.startswith("2 buckets of stream cost_report have 100 groups")


LATER = {"starting_at": f"{ago(-9)}T00:00:00Z"}


@pytest.mark.parametrize(
    ("stream", "change", "found"),
    [
        # A row of another day would be counted on the wrong one.
        ("usage", lambda rows: rows[::-1], "starting_at is out of order"),
        ("usage", lambda rows: [{**rows[0], **LATER}], "starting_at is out of order"),
        # What is missing is not taken for nothing.
        ("usage", lambda rows: [{**rows[0], "usage": None}], "a row without usage"),
        ("cost", lambda rows: [{**rows[0], "group": []}], "a row without group"),
        (
            "cost_report",
            lambda rows: [{**rows[0], "results": 1}],
            "a bucket without results",
        ),
        ("cost_report", lambda _: [{}], "a bucket without results"),
        ("cost_report", lambda rows: [{**rows[0], "results": [1]}], "a result that is not"),
    ],
)
def test_rows_that_fail_the_stream(
    simulator: Simulator, stream: str, change: Callable[[list[Any]], list[Any]], found: str
) -> None:
    """Nothing of them is emitted."""
    rows = simulator.truth_report(stream, START, START.add(days=2))
    simulator.reply(stream, body=page_of(*change(rows)))
    output = run(simulator, stream, start_date=START)
    assert found in output.failure
    assert "(request id req_" in output.failure
    assert output.records(stream) == []
    assert output.bookmark(stream) is None


def test_cursors_may_expire_twice_a_day(simulator: Simulator) -> None:
    """Only three times without a new day in between are too many."""
    days = [START.add(days=n) for n in range(3)]
    counts = [
        len(simulator.truth_report("usage", day, day.add(days=1), group_by=GROUP_BY))
        for day in days
    ]
    size = min(counts) - 1
    assert max(counts) < 2 * size  # Two pages are enough for any of the days.
    cursors = itertools.count(1)
    simulator.reply(
        "usage", status=410, when=lambda r: "page" in r.params and next(cursors) % 3 > 0
    )
    settings: dict[str, Any] = {"page_size": size, "report_revision_check": "full"}
    output = run(simulator, "usage", start_date=START, end_date=days[-1], **settings)
    assert not output.failures
    assert output.read_days("usage") == [day.isoformat() for day in days]
    assert [r.status for r in simulator.requests].count(410) > 3


@pytest.mark.parametrize("stream", ["user_usage_report", "user_cost_report"])
def test_the_older_spelling_of_actors(organization: Organize, stream: str) -> None:
    """``actor.email`` of earlier versions is today's ``actor.email_address``."""
    simulator = organization(users=12, generation="2023-06-01")
    rows = simulator.truth_report(stream, START, START.add(days=1), group_by=GROUP_BY[1:])
    expected = [row["actor"]["email_address"] for row in rows]
    records = run(simulator, stream, **ONE_DAY).records(stream)
    assert [r["actor_email_address"] for r in records] == expected != []
    assert [r["actor"]["email_address"] for r in records] == expected
    assert {r["additional_fields"] for r in records} == {None}


def test_readable_actors(simulator: Simulator) -> None:
    """Id and e-mail address of every kind of actor at the top level."""
    output = run(simulator, "usage", start_date="2026-03-01")
    actors = {r["actor_type"]: (r, r["actor"]) for r in output.records("usage")}
    assert len(actors) == 5
    for kind, name in (
        ("user_actor", "user_id"),
        ("service_account_actor", "service_account_id"),
        ("api_actor", "api_key_id"),
    ):
        record, actor = actors[kind]
        assert record["actor_id"] == actor[name]
        assert record["actor_email_address"] == actor.get("email_address")
    assert actors[None][1] is None
