"""How many requests the contract makes necessary, worked out without the tap.

An answer holds at most a thousand rows and is asked for even if there are none. A request
spans one day, 366 days of summaries, or 31 days of usage and cost; nobody knows beforehand
how many rows a day has, so spans are as long as they may be, oldest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROWS_PER_PAGE = 1000
SUMMARY_DAYS = 366
REPORT_DAYS = 31
DELAY_DAYS = 3
LOOKBACK_DAYS = 3
REPORT_LOOKBACK_DAYS = 30

DAILY_PATHS = (
    "users",
    "apps/chat/projects",
    "skills",
    "connectors",
    "plugins",
    "artifacts",
)
REPORTS = ("usage", "cost")
DETAIL = "actor, product, model"
TOTALS = "product, model"


def pages(rows: int) -> int:
    """Count the answers that so many rows take."""
    return max(1, -(-rows // ROWS_PER_PAGE))


def spans(days: int, longest: int) -> list[int]:
    """Cut days into spans that one request may ask for."""
    return [min(longest, days - start) for start in range(0, days, longest)]


def activity(rows_per_day: Mapping[str, int], days: int) -> int:
    """Count the requests for all streams of engagement and adoption."""
    daily = sum(pages(rows_per_day[path]) for path in DAILY_PATHS)
    return days * daily + len(spans(days, SUMMARY_DAYS))


def reports(rows_per_day: Mapping[str, int], days: int, grouping: str = DETAIL) -> int:
    """Count the requests for consecutive days of usage and cost."""
    return sum(
        pages(rows_per_day[f"{report} by {grouping}"] * span)
        for report in REPORTS
        for span in spans(days, REPORT_DAYS)
    )


def first_load(rows_per_day: Mapping[str, int], days_back: int, *, totals: bool) -> int:
    """Count the requests of a first load that starts so many days before today.

    Usage and cost are read up to today. With totals, those of the days that may still be
    revised are asked for too.
    """
    return (
        activity(rows_per_day, days_back - DELAY_DAYS + 1)
        + reports(rows_per_day, days_back + 1)
        + (_totals(rows_per_day, min(days_back, REPORT_LOOKBACK_DAYS)) if totals else 0)
    )


def daily_run(rows_per_day: Mapping[str, int], *, totals: bool) -> int:
    """Count the requests of a run one day after the last one, with nothing revised.

    Engagement: one new day, and those of the lookback. Usage and cost: yesterday, which
    was incomplete, and today; besides these either the lookback in detail or its totals.
    """
    engaged = activity(rows_per_day, LOOKBACK_DAYS + 1)
    if totals:
        return (
            engaged + reports(rows_per_day, 2) + _totals(rows_per_day, REPORT_LOOKBACK_DAYS)
        )
    return engaged + reports(rows_per_day, 1 + REPORT_LOOKBACK_DAYS)


def _totals(rows_per_day: Mapping[str, int], days: int) -> int:
    return reports(rows_per_day, days, TOTALS)
