"""Token usage and cost: sums that are the truth, days that are whole, keys that hold."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pendulum
import pytest
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter

from tap_claude_analytics.tap import TapClaudeAnalytics
from tests import ledger
from tests.simulator import Options, Simulator
from tests.singer import run, run_broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulator import Fact

TODAY = pendulum.Date(2026, 3, 20)
START = pendulum.Date(2026, 3, 11)
GROUP_BY = ("actor", "product", "model")
NAMES = ("usage", "cost", "readings")


@pytest.fixture
def simulator(set_today: Callable[[pendulum.Date], None]) -> Iterator[Simulator]:
    """A small organisation whose figures are revised until they are 30 days old."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=25, revisions=True)) as running:
        yield running


def dimensions_of(stream: str) -> tuple[str, ...]:
    """Return the dimensions of a stream's rows under the default grouping."""
    return ("product", "model") if stream in {"usage_report", "cost_report"} else GROUP_BY


def assert_sums(
    target: ledger.Target,
    simulator: Simulator,
    stream: str,
    days: tuple[date, date],
    bucket_width: str = "1d",
) -> None:
    """Each cell and the total of the current rows are the truth, to the last digit."""
    dimensions, measures = dimensions_of(stream), ledger.measures_of(stream)
    sent = [name for name in dimensions if stream in {"usage", "cost"} or name != "actor"]
    truth = ledger.truth_rows(simulator, stream, days, bucket_width, sent)
    current = target.current(stream)
    assert truth
    assert ledger.cells(current, dimensions, measures) == ledger.cells(
        truth, dimensions, measures
    )
    assert ledger.identical_rows(current, dimensions) == ledger.identical_rows(
        truth, dimensions
    )
    assert ledger.cells(
        [{**row, "starting_at": ""} for row in current], (), measures
    ) == ledger.cells([{**row, "starting_at": ""} for row in truth], (), measures)


@pytest.mark.slow
@pytest.mark.parametrize("bucket_width", ["1d", "1h", "1m"])
def test_daily_runs_add_up(
    simulator: Simulator, set_today: Callable[[pendulum.Date], None], bucket_width: str
) -> None:
    """With figures that are revised, rows that vanish and rows that appear."""
    target = ledger.Target()
    state: dict[str, Any] = {}
    for n in range(5):
        today = TODAY.add(days=n)
        simulator.today = today
        set_today(today)
        output = run(
            simulator,
            *ledger.STREAMS,
            "readings",
            state=state,
            start_date="2026-03-15",
            page_size=200,
            report_bucket_width=bucket_width,
        )
        assert not output.failures
        target.load(output)
        state = output.state
        for stream in ledger.STREAMS:
            records = output.records(stream)
            assert len({(r["starting_at"], r["row_key"]) for r in records}) == len(records)
            assert {record["bucket_width"] for record in records} == {bucket_width}
    for stream in ledger.STREAMS:
        days = (date(2026, 3, 15), today.add(days=1))
        assert_sums(target, simulator, stream, days, bucket_width)
        assert len(target.current(stream)) < len(target.tables[stream])  # some vanished


@pytest.mark.slow
def test_killed_anywhere_resumes_without_a_gap(simulator: Simulator) -> None:
    """Without lookback too: what follows completes the sums."""
    settings: dict[str, Any] = {
        "start_date": TODAY.subtract(days=3).isoformat(),
        "report_lookback_days": 0,
    }
    whole = run(simulator, "cost", "readings", **settings)
    assert whole.records("cost")
    for lines in range(0, len(whole.messages), 3):
        target = ledger.Target()
        before = run_broken(simulator, "cost", "readings", lines=lines, **settings)
        target.load(before)
        state = before.state if before.states else None
        after = run(simulator, "cost", "readings", state=state, **settings)
        target.load(after)
        assert_sums(target, simulator, "cost", (TODAY.subtract(days=3), TODAY.add(days=1)))


def test_keys_are_the_same_on_every_reading(simulator: Simulator) -> None:
    """Names, e-mail addresses and figures may change; the key does not."""
    simulator.today = TODAY.add(days=40)  # figures are final
    days: dict[str, Any] = {
        "start_date": START.isoformat(),
        "end_date": START.add(days=3).isoformat(),
    }
    first, second = (run(simulator, *NAMES, **days) for _ in range(2))
    for stream in ("usage", "cost"):
        keys = [
            [r["row_key"] for r in output.records(stream)] for output in (first, second)
        ]
        assert keys[0] == keys[1] != []


def test_money_of_thirty_digits(simulator: Simulator) -> None:
    """Cents as the API says them, dollars a hundredth of that, whatever the writer."""
    amount = Decimal("123456789012345678901234.567891")

    def change(facts: list[Fact]) -> list[Fact]:
        return [
            dataclasses.replace(
                fact,
                charges=tuple(
                    c._replace(amount=amount, list_amount=amount) for c in fact.charges[:1]
                ),
            )
            for fact in facts[:1]
            if fact.charges
        ]

    simulator.revise(START, change)
    for writer in (SimpleSingerWriter, MsgSpecWriter):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TapClaudeAnalytics, "message_writer_class", writer)
            output = run(
                simulator,
                *NAMES,
                start_date=START.isoformat(),
                end_date=START.isoformat(),
            )
        [record] = output.records("cost")
        assert str(record["amount"]).rstrip("0") == str(amount)
        assert str(record["amount_usd"]).rstrip("0") == "1234567890123456789012.34567891"
        assert str(record["list_amount_usd"]) == str(record["amount_usd"])


def test_days_are_whole(simulator: Simulator) -> None:
    """One snapshot and one reading per day, of hours and minutes too."""
    output = run(simulator, *NAMES, start_date=START.isoformat(), report_bucket_width="1h")
    for stream in ("usage", "cost"):
        readings = {
            r["date"]: r for r in output.records("readings") if r["stream"] == stream
        }
        assert list(readings) == [START.add(days=n).isoformat() for n in range(10)]
        assert output.by_day(stream)
        for day, records in output.by_day(stream).items():
            assert {r["snapshot_at"] for r in records} == {readings[day]["snapshot_at"]}
            assert len(records) == readings[day]["row_count"]
            assert {r["starting_at"][:10] for r in records} == {day}


def test_the_youngest_day_is_incomplete(simulator: Simulator) -> None:
    """It is emitted, hour by hour as far as known, but the bookmark stays before it."""
    output = run(simulator, *NAMES, start_date=START.isoformat(), report_bucket_width="1h")
    refreshed = f"{TODAY}T06:00:00Z"
    today = output.by_day("usage")[TODAY.isoformat()]
    assert {r["is_complete"] for r in today} == {True}
    assert max(r["ending_at"] for r in today) <= refreshed
    yesterday = TODAY.subtract(days=1).isoformat()
    assert output.bookmark("usage") == f"{yesterday}T00:00:00Z"
    readings = {
        r["date"]: r["is_complete"]
        for r in output.records("readings")
        if r["stream"] == "usage"
    }
    assert readings[yesterday] is True
    assert readings[TODAY.isoformat()] is False
    by_day = run(simulator, *NAMES, start_date=TODAY.isoformat())
    assert {r["is_complete"] for r in by_day.records("usage")} == {False}
    assert {r["data_refreshed_at"] for r in by_day.records("usage")} == {refreshed}


def test_a_late_refresh_holds_the_bookmark(
    set_today: Callable[[pendulum.Date], None],
) -> None:
    """A day is read again until all of its buckets were over when it was gathered."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=25, refreshed_hours=-30)) as simulator:
        settings: dict[str, Any] = {"report_lookback_days": 0}
        output = run(simulator, *NAMES, start_date=START.isoformat(), **settings)
        assert output.bookmark("cost") == f"{TODAY.subtract(days=3)}T00:00:00Z"
        again = run(simulator, *NAMES, state=output.state, **settings)
        assert again.read_days("cost")[0] == TODAY.subtract(days=2).isoformat()


def test_without_a_refresh_nothing_is_complete(
    set_today: Callable[[pendulum.Date], None],
) -> None:
    """Missing means incomplete: the rows come, the bookmark does not move."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=25, tell_refreshed=False)) as simulator:
        output = run(simulator, *NAMES, start_date=START.isoformat())
    assert output.records("usage")
    assert {r["is_complete"] for r in output.records("usage")} == {False}
    assert output.bookmark("usage") is None


@pytest.mark.slow
def test_lookback_of_its_own(
    simulator: Simulator, set_today: Callable[[pendulum.Date], None]
) -> None:
    """``report_lookback_days`` counts, and neither delay nor lookback of the others."""
    state = run(simulator, *NAMES, start_date="2026-01-01").state
    set_today(TODAY.add(days=1))
    simulator.today = TODAY.add(days=1)
    output = run(simulator, *NAMES, state=state, lookback_days=0, data_delay_days=9)
    days = output.read_days("usage")
    assert days[0] == TODAY.subtract(days=30).isoformat()
    assert days[-1] == TODAY.add(days=1).isoformat()


@pytest.mark.slow
@pytest.mark.parametrize(("bucket_width", "longest"), [("1d", 31), ("1h", 31), ("1m", 1)])
def test_windows(simulator: Simulator, bucket_width: str, longest: int) -> None:
    """No bucket is cut and none is asked for twice; 31 days, or 24 hours for minutes."""
    start = TODAY.subtract(days=40)
    run(
        simulator,
        *ledger.STREAMS,
        start_date=start.isoformat(),
        report_bucket_width=bucket_width,
        report_revision_check="full",
    )
    for stream in ledger.STREAMS:
        asked = [
            (
                datetime.fromisoformat(r.params["starting_at"][0].replace("Z", "+00:00")),
                datetime.fromisoformat(r.params["ending_at"][0].replace("Z", "+00:00")),
            )
            for r in simulator.requests
            if r.path == stream and "page" not in r.params
        ]
        assert asked[0][0] == pendulum.datetime(start.year, start.month, start.day)
        assert asked[-1][1] == pendulum.datetime(TODAY.year, TODAY.month, TODAY.day + 1)
        assert [a for a, _ in asked[1:]] == [b for _, b in asked[:-1]]
        assert max((b - a).days for a, b in asked) <= longest
        assert {r.status for r in simulator.requests} == {200}


@pytest.mark.slow
def test_days_that_are_not_served_any_more(
    set_today: Callable[[pendulum.Date], None], caplog: pytest.LogCaptureFixture
) -> None:
    """They are named in a warning; the earliest whole day is today - 364."""
    today = pendulum.Date(2027, 2, 10)
    set_today(today)
    with Simulator(Options(today=today, users=5)) as simulator:
        output = run(simulator, "usage", "readings")
        assert not output.failures
    assert output.read_days("usage")[0] == "2026-02-11"
    [warning] = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert "2026-01-01 to 2026-02-10" in warning


def test_a_changed_grouping_reads_again(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Other rows need another start: said, and written down with the new shape."""
    first = run(simulator, *NAMES, start_date=START.isoformat())
    target = ledger.Target()
    target.load(first)
    second = run(
        simulator,
        *NAMES,
        state=first.state,
        start_date=START.isoformat(),
        report_group_by=["product"],
        report_lookback_days=0,
    )
    target.load(second)
    start = second.states[0]["bookmarks"]["usage"]
    assert start["replication_key_value"] is None
    assert json.loads(start["shape"])["group_by[]"] == ["product"]
    assert second.read_days("usage")[0] == START.isoformat()
    assert any("have changed" in m and "usage" in m for m in caplog.messages)
    measures = ledger.measures_of("cost")
    truth = ledger.truth_rows(
        simulator, "cost", (START, TODAY.add(days=1)), "1d", ("product",)
    )
    assert ledger.cells(target.current("cost"), ("product",), measures) == ledger.cells(
        truth, ("product",), measures
    )
    third = run(
        simulator,
        *NAMES,
        state=second.state,
        report_group_by=["product"],
        report_lookback_days=0,
    )
    assert third.read_days("usage") == [TODAY.isoformat()]


def test_cost_has_a_grouping_of_its_own(simulator: Simulator) -> None:
    """Kinds of cost and of tokens come on top; requests are null then."""
    output = run(
        simulator,
        *NAMES,
        start_date=START.isoformat(),
        cost_group_by=["actor", "product", "model", "speed", "service_tier", "cost_type"],
    )
    assert not output.failures
    costs = output.records("cost")
    assert {r["cost_type"] for r in costs} >= {"tokens", "web_search", "session_usage"}
    assert {r["requests"] for r in costs} == {None}
    assert any(r["requests"] for r in output.records("usage"))


def test_parameters(simulator: Simulator) -> None:
    """The same on every page, oldest first, with the beta header where it is needed."""
    settings: dict[str, Any] = {"page_size": 50, "report_revision_check": "full"}
    run(simulator, *ledger.STREAMS, start_date=START.isoformat(), **settings)
    for request in simulator.requests:
        beta = request.path in {"usage", "cost"}
        assert ("anthropic-beta" in request.headers) is beta
        assert request.params.get("order") == (["asc"] if beta else None)
        width = "time_bucket_width" if beta else "bucket_width"
        assert request.params[width] == ["1d"]
    usage = [dict(r.params) for r in simulator.requests if r.path == "usage"]
    assert len(usage) > 1
    for params in usage:
        params.pop("page", None)
        assert params == usage[0]


@pytest.mark.parametrize("page_size", [1, 7])
def test_small_and_empty_pages(
    set_today: Callable[[pendulum.Date], None], page_size: int
) -> None:
    """Deleted users are filtered after paging; a last cursor is echoed: neither matters."""
    set_today(TODAY)
    options = Options(today=TODAY, users=25, echo_last_cursor=True)
    with Simulator(options) as simulator:
        outputs = [
            run(
                simulator,
                *NAMES,
                start_date=TODAY.subtract(days=3).isoformat(),
                exclude_deleted_users=True,
                page_size=size,
            )
            for size in (page_size, 1000)
        ]
    small, large = ([r["row_key"] for r in o.records("cost")] for o in outputs)
    assert not outputs[0].failures
    assert small == large
    deleted = [r for r in outputs[1].records("cost") if (r["actor"] or {}).get("deleted")]
    assert not deleted


def test_a_plan_without_reports(set_today: Callable[[pendulum.Date], None]) -> None:
    """These streams fail with a sentence each; all others run."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=5, reports=False)) as simulator:
        output = run(simulator, start_date=START.isoformat())
    assert len(output.failures) == 2
    for sentence, stream in zip(output.failures, ("cost", "usage"), strict=True):
        assert f"Stream {stream} failed" in sentence
        assert f'"!{stream}.*"' in sentence
        assert "read:analytics" in sentence
    assert output.records("user_summaries")


def test_buckets_that_are_full(
    set_today: Callable[[pendulum.Date], None], caplog: pytest.LogCaptureFixture
) -> None:
    """A legacy bucket shows 100 groups at most: said once per stream and run."""
    set_today(TODAY)
    with Simulator(Options(today=TODAY, users=600)) as simulator:
        output = run(
            simulator,
            "cost_report",
            start_date=TODAY.subtract(days=3).isoformat(),
            report_group_by=[
                "product",
                "model",
                "context_window",
                "inference_geo",
                "speed",
            ],
        )
    full = [
        day for day, records in output.by_day("cost_report").items() if len(records) == 100
    ]
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert full
    assert [warning.split()[0] for warning in warnings] == [str(len(full))]


def test_rows_out_of_order_fail_the_stream(simulator: Simulator) -> None:
    """A row of another day would be counted on the wrong one."""
    rows = simulator.truth_report(
        "usage", START, START + timedelta(days=2), group_by=GROUP_BY
    )
    body = {"data": rows[::-1], "has_more": False, "next_page": None}
    simulator.reply("usage", body=body)
    output = run(simulator, *NAMES, start_date=START.isoformat())
    assert len(output.failures) == 1
    assert "starting_at" in output.failures[0]
    assert output.bookmark("usage") is None


def test_new_fields_keep_their_place(simulator: Simulator) -> None:
    """Inside ``group`` and ``usage`` too."""
    [row, *_] = simulator.truth_report(
        "usage", START, START + timedelta(days=1), group_by=GROUP_BY
    )
    row["group"]["mood"] = "good"
    row["usage"]["cache_creation"]["ephemeral_1y_input_tokens"] = 3
    row["note"] = "x"
    simulator.reply("usage", body={"data": [row], "has_more": False, "next_page": None})
    day = START.isoformat()
    output = run(simulator, "usage", start_date=day, end_date=day)
    [record] = output.records("usage")
    assert record["additional_fields"] == {
        "group": {"mood": "good"},
        "usage": {"cache_creation": {"ephemeral_1y_input_tokens": 3}},
        "note": "x",
    }


@pytest.mark.parametrize("stream", ["user_usage_report", "user_cost_report"])
def test_the_older_spelling_of_actors(simulator: Simulator, stream: str) -> None:
    """``actor.email`` of earlier versions is today's ``actor.email_address``."""
    day = START.isoformat()
    group_by = ("product", "model")
    rows = simulator.truth_report(
        stream, START, START + timedelta(days=1), group_by=group_by
    )
    expected = [row["actor"]["email_address"] for row in rows]
    for row in rows:
        row["actor"]["email"] = row["actor"].pop("email_address")
    simulator.reply(stream, body={"data": rows, "has_more": False, "next_page": None})
    output = run(simulator, stream, start_date=day, end_date=day)
    records = output.records(stream)
    assert expected
    assert [record["actor_email_address"] for record in records] == expected
    assert [record["actor"]["email_address"] for record in records] == expected
    assert {record["additional_fields"] for record in records} == {None}


def test_days_before_the_served_ones_are_said_to_be_lost(
    set_today: Callable[[pendulum.Date], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Also when there is nothing left to read."""
    today = pendulum.Date(2027, 6, 10)
    set_today(today)
    with Simulator(Options(today=today, users=5)) as simulator:
        output = run(simulator, "cost", end_date="2026-02-28")
        assert not simulator.requests
    assert not output.failures
    [warning] = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert "2026-01-01 to 2026-02-28" in warning


def test_readable_actors(simulator: Simulator) -> None:
    """Id and e-mail address of every kind of actor at the top level."""
    output = run(simulator, *NAMES, start_date="2026-01-01")
    kinds: dict[str | None, dict[str, Any]] = {}
    for record in output.records("usage"):
        kinds.setdefault(record["actor_type"], record)
    assert kinds.keys() == {
        "user_actor",
        "service_account_actor",
        "federated_actor",
        "api_actor",
        None,
    }
    user = kinds["user_actor"]
    assert user["actor_id"] == user["actor"]["user_id"]
    assert user["actor_email_address"] == user["actor"]["email_address"]
    service = kinds["service_account_actor"]
    assert service["actor_id"] == service["actor"]["service_account_id"]
    assert kinds["api_actor"]["actor_id"] == kinds["api_actor"]["actor"]["api_key_id"]
    assert kinds[None]["actor"] is None
