"""Which days are read, which are there, and how long those of usage and cost may change."""

from typing import Any

import pendulum
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_claude_analytics.common.dates import FLOOR, parse_day
from tap_claude_analytics.config.settings import Settings
from tap_claude_analytics.days.availability import latest_available
from tap_claude_analytics.days.ledger import Ledger
from tap_claude_analytics.days.revisions import DaySeen
from tap_claude_analytics.days.windows import (
    chunks,
    day_count,
    days,
    overlap,
    reading_window,
)
from tap_claude_analytics.streams.sources.report_settings import ReportSettings
from tap_claude_analytics.streams.sources.source import Question
from tap_claude_analytics.streams.specs import SPECS

#: Some days before the floor and after it.
dates = st.integers(-30, 60).map(lambda number: FLOOR.add(days=number))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-05", "2026-02-05"),
        ("2026-02-05T23:59:59Z", "2026-02-05"),
        ("2026-02-05t23:59:59z", "2026-02-05"),
        ("2026-02-05T00:30:00+02:00", "2026-02-04"),
        ("2026-02-05T22:30:00.123456-02:00", "2026-02-06"),
    ],
)
def test_parse_day(text: str, expected: str) -> None:
    """A timestamp means the UTC day that it lies in."""
    assert parse_day(text).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "banana", "2026", "2026-1-1", "20260101", "2026-W05", "12:00", " 2026-02-05"),
        *("2026-02-05\n", "2026-02-30", "2026-13-01", "2026-02-05T00:00:00"),
        *("2026-02-05 00:00:00Z", "2026-02-05T25:00:00Z", "2026-02-30T00:00:00Z"),
        # No such offset, and UTC days that no calendar has.
        *("2026-02-05T00:00:00+99:99", "0001-01-01T00:00:00+05:00"),
        "9999-12-31T23:59:59-05:00",
    ],
    ids=repr,
)
def test_parse_day_refuses(text: str) -> None:
    """Anything else is refused, not guessed."""
    with pytest.raises(ValueError, match=r".+"):
        parse_day(text)


rules = st.fixed_dictionaries(
    {
        "start": dates,
        "end": st.none() | dates,
        "bookmark": st.none() | dates,
        "lookback_days": st.integers(0, 40),
        "delay_days": st.integers(0, 30),
        "today": dates,
    }
)


@given(rules)
def test_a_window_is_the_days_that_fit_all_rules(rule: dict[str, Any]) -> None:
    """From start to end, old enough, and new or in the lookback: no gap, and no more."""
    bookmark, lookback = rule["bookmark"], pendulum.duration(days=rule["lookback_days"])
    expected = [
        day
        for day in days((FLOOR, FLOOR.add(days=60)))
        if rule["start"] <= day <= (rule["end"] or day)
        and day <= rule["today"].subtract(days=rule["delay_days"])
        and (bookmark is None or day > bookmark - lookback)
    ]
    window = reading_window(**rule)
    assert window == ((expected[0], expected[-1]) if expected else None)
    assert window is None or list(days(window)) == expected


@settings(max_examples=30)
@given(first=dates, length=st.integers(1, 60), size=st.integers(1, 40))
def test_chunks_are_the_days_in_order(first: pendulum.Date, length: int, size: int) -> None:
    """Chunks hold every day once, in order, and none is longer than allowed."""
    window = (first, first.add(days=length - 1))
    parts = list(chunks(window, size))
    assert [d for part in parts for d in days(part)] == list(days(window))
    assert len(list(days(window))) == day_count(window) == length
    assert all(day_count(part) == size for part in parts[:-1])
    assert 1 <= day_count(parts[-1]) <= size


spans = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted)


@given(spans, spans)
def test_an_overlap_is_the_days_of_both(one: list[int], other: list[int]) -> None:
    """If there are none, there is no overlap."""
    window, others = (
        (FLOOR.add(days=first), FLOOR.add(days=last)) for first, last in (one, other)
    )
    both = sorted({*days(window)} & {*days(others)})
    assert overlap(window, others) == ((both[0], both[-1]) if both else None)


# Availability: a 400 means "not there yet" only where everything speaks for it.

NOW = pendulum.Date(2026, 11, 20)
ASKED = pendulum.Date(2026, 11, 17)
SENT = {"2026-11-10", "analytics-usage-cost-2026-11-11"}


@pytest.mark.parametrize(
    ("message", "latest"),
    [
        ("data is available up to 2026-11-15", "2026-11-15"),
        ("2026-11-17 is not there; the latest available day is 2026-11-16", "2026-11-16"),
        ("no data for 2026-11-17 before 2026-11-18, only up to 2026-10-17", "2026-10-17"),
        ("2026-11-14 is complete, 2026-11-16 too, 2026-11-15 was revised", "2026-11-16"),
        ("it is 2026-11-20; there is data up to 2026-11-15T00:00:00Z", "2026-11-15"),
        ("since 2026-11-10 and 2026-13-01 there is data up to 2026-11-15", "2026-11-15"),
        # Words without a date say how many days ago, or leave it open.
        ("date must be at least 3 days ago", "2026-11-16"),
        ("date must be at least 5 days ago", "2026-11-15"),
        ("starting_date: must be at least three days ago", "2026-11-16"),
        ("data for this day is not yet available", "2026-11-16"),
        ("The date is not available yet.", "2026-11-16"),
        ("date must be at least 34 days ago", "2026-10-17"),
    ],
)
def test_the_latest_day(message: str, latest: str) -> None:
    """The latest one before the day asked for counts, up to 31 days before it."""
    found = latest_available(message, ASKED, NOW, SENT)
    assert found == (pendulum.Date.fromisoformat(latest), "2026" in message)


@pytest.mark.parametrize(
    "message",
    [
        *("", "limit must be at most 1000", "data for 2026-11-17 is not available yet"),
        *("no data after 2026-10-16", "no data after 2025-12-31"),
        *("no data after 2026-13-01", "date must be at least 35 days ago"),
        "this endpoint is not available for your organization",
        "the range 2026-11-17 to 2026-11-18 is not supported",
        "case 12026-11-16 and 2026-11-161",
        "must be a single value, got 2026-11-10, 2026-11-10",
        "analytics-usage-cost-2026-11-11 is not supported any more",
        "this version was retired on 2026-11-12",
        "the API key expired on 2026-11-12",
        "anthropic-version: use 2026-11-12",
    ],
)
def test_other_refusals(message: str) -> None:
    """Dates of something else, or too far back, prove nothing."""
    assert latest_available(message, ASKED, NOW, SENT) is None


@pytest.mark.parametrize(
    "message", ["data is available up to 2026-10-18", "date must be at least 3 days ago"]
)
def test_old_days(message: str) -> None:
    """A day that is 32 days old is there; what denies it is an error."""
    asked = NOW.subtract(days=31)
    assert latest_available(message, asked, NOW, ()) is not None
    assert latest_available(message, asked.subtract(days=1), NOW, ()) is None


# Usage and cost

TODAY = pendulum.Date(2026, 5, 20)
REPORTS = {spec.name: spec.report for spec in SPECS}


def settings_of(
    stream: str = "usage", today: pendulum.Date = TODAY, **config: object
) -> ReportSettings:
    """Return what a stream does with settings."""
    report = REPORTS[stream]
    assert report is not None
    return ReportSettings(report, Settings.from_config(config), today)


@pytest.mark.parametrize("lookback_days", [0, 7, 45])
def test_how_long_a_day_may_change(lookback_days: int) -> None:
    """The API revises a day for 30 days; a longer lookback is believed."""
    of_report = settings_of(report_lookback_days=lookback_days)
    for age in range(60):
        day = TODAY.subtract(days=age)
        assert of_report.is_final(day) is (age > max(30, lookback_days))
        assert of_report.is_past_lookback(day) is (age > lookback_days)


def test_which_totals_are_asked_for() -> None:
    """Of days that are over, in the lookback, and dearer to read than their totals."""
    of_report = settings_of(report_lookback_days=7)
    ages = {TODAY.subtract(days=age): age for age in range(10)}
    needed = [age for day, age in ages.items() if of_report.needs_totals(day)]
    assert needed == [*range(1, 8)]
    for config in ({"report_revision_check": "full"}, {"report_group_by": ["model"]}):
        others = settings_of(report_lookback_days=7, **config)
        assert not any(map(others.needs_totals, ages))


def test_days_that_are_read_again() -> None:
    """Those between the first day that is wanted and the bookmark, which is not new."""
    state = {"replication_key": "starting_at", "replication_key_value": "2026-05-15"}
    ledger = Ledger("usage", state, replication_key="starting_at", is_incremental=True)
    # The older reports keep no list of the days that may be revised.
    plan = settings_of("usage_report", report_lookback_days=3).plan(ledger)
    assert plan.new == (pendulum.Date(2026, 5, 13), TODAY)
    assert not plan.revisable
    read = [pendulum.Date(2026, 5, number) for number in (9, 10, 11, 15, 16)]
    ledger.write_revisable(dict.fromkeys(read, DaySeen("", 0)))
    plan = settings_of(start_date="2026-05-10").plan(ledger)
    assert plan.new == (read[-1], TODAY)
    assert plan.revisable == tuple(read[1:4])
    plan = settings_of(start_date="2026-05-10", end_date="2026-05-10").plan(ledger)
    assert plan.new is None
    assert plan.revisable == (read[1],)


def test_what_is_left_of_a_question() -> None:
    """The days after one, all of them needed, with the digests that are known."""
    first, second, last = (TODAY.add(days=n) for n in range(3))
    digests = {second: "0123456789abcdef"}
    rest = Question((first, last), (last, last), digests).rest_after(first)
    assert rest == Question((second, last), (second, last), digests)


@pytest.mark.parametrize("stream", ["usage", "user_cost_report", "cost_report"])
def test_what_tells_rows_apart(stream: str) -> None:
    """What they are grouped by, and in reports of users also the user."""
    of_report = settings_of(stream, report_group_by=["model"], cost_group_by=["model"])
    users = ["actor"] if stream == "user_cost_report" else []
    assert {*of_report.layout([]).asked} == {"model", *users}


@pytest.mark.parametrize(
    ("last_read", "lost"), [(None, (1, 2)), (1, (2, 2)), (2, None), (9, None)]
)
def test_days_that_are_lost(last_read: int | None, lost: tuple[int, int] | None) -> None:
    """Those that the API, which has 365 days, no longer has when they are to be read."""
    bookmark = None if last_read is None else pendulum.Date(2026, 1, last_read)
    found = settings_of(today=pendulum.Date(2027, 1, 2)).lost_window(bookmark)
    assert found == (lost and tuple(pendulum.Date(2026, 1, day) for day in lost))
