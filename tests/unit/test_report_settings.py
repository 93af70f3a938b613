"""How long a day of usage and cost is read again, and when it is final."""

from __future__ import annotations

import pendulum
import pytest

from tap_claude_analytics.config.settings import Settings
from tap_claude_analytics.days.ledger import Ledger
from tap_claude_analytics.days.revisions import DaySeen
from tap_claude_analytics.streams.sources.report_settings import ReportSettings
from tap_claude_analytics.streams.specs import SPECS

TODAY = pendulum.Date(2026, 5, 20)
REPORTS = {spec.name: spec.report for spec in SPECS}


def settings_of(
    stream: str = "usage", today: pendulum.Date = TODAY, **config: object
) -> ReportSettings:
    """Return what a stream does with settings."""
    report = REPORTS[stream]
    assert report is not None
    return ReportSettings(report, Settings.from_config(config), today)


@pytest.mark.parametrize(
    ("lookback_days", "oldest_revised", "oldest_of_lookback"),
    [(0, 30, 0), (7, 30, 7), (45, 45, 45)],
)
def test_how_long_a_day_may_change(
    lookback_days: int, oldest_revised: int, oldest_of_lookback: int
) -> None:
    """The API revises a day for 30 days; a longer lookback is believed."""
    settings = settings_of(report_lookback_days=lookback_days)
    days = [TODAY.subtract(days=age) for age in range(60)]
    assert [settings.is_final(day) for day in days].index(True) == oldest_revised + 1
    past = [settings.is_past_lookback(day) for day in days]
    assert past.index(True) == oldest_of_lookback + 1


def test_which_totals_are_asked_for() -> None:
    """Of days that are over, in the lookback, and dearer to read than their totals."""
    settings = settings_of(report_lookback_days=7)
    days = [TODAY.subtract(days=age) for age in range(10)]
    assert [age for age, day in enumerate(days) if settings.needs_totals(day)] == [
        *range(1, 8)
    ]
    for config in ({"report_revision_check": "full"}, {"report_group_by": ["model"]}):
        others = settings_of(report_lookback_days=7, **config)
        assert not any(map(others.needs_totals, days))


def ledger_of(last_read: str) -> Ledger:
    """Return what is known after a run up to a day."""
    state = {"replication_key": "starting_at", "replication_key_value": last_read}
    return Ledger("usage", state, replication_key="starting_at", is_incremental=True)


def test_all_days_of_the_lookback_are_read_again() -> None:
    """Of the older reports, which keep no list of the days that may be revised."""
    settings = settings_of("usage_report", report_lookback_days=3)
    plan = settings.plan(ledger_of("2026-05-15"))
    assert plan.new == (pendulum.Date(2026, 5, 13), TODAY)
    assert not plan.revisable


def test_revisable_days_that_are_read_again() -> None:
    """Those between the first day that is wanted and the bookmark, which is not new."""
    days = [pendulum.Date(2026, 5, number) for number in (9, 10, 11, 15, 16)]
    ledger = ledger_of("2026-05-15")
    ledger.write_revisable(dict.fromkeys(days, DaySeen("", 0)))
    plan = settings_of(start_date="2026-05-10").plan(ledger)
    assert plan.new == (days[-1], TODAY)
    assert plan.revisable == tuple(days[1:4])
    plan = settings_of(start_date="2026-05-10", end_date="2026-05-10").plan(ledger)
    assert plan.new is None
    assert plan.revisable == (days[1],)


@pytest.mark.parametrize(
    ("last_read", "lost"), [(None, (1, 2)), (1, (2, 2)), (2, None), (9, None)]
)
def test_days_that_are_lost(last_read: int | None, lost: tuple[int, int] | None) -> None:
    """Those that the API, which has 365 days, no longer has when they are to be read."""
    bookmark = None if last_read is None else pendulum.Date(2026, 1, last_read)
    found = settings_of(today=pendulum.Date(2027, 1, 2)).lost_window(bookmark)
    assert found == (lost and tuple(pendulum.Date(2026, 1, day) for day in lost))
