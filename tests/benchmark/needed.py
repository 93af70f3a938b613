"""How many requests the contract makes necessary, worked out without the tap.

An answer holds at most a thousand rows and is asked for even if there are none. A request
spans one day, 366 days of summaries, or 31 days of usage and cost; nobody knows beforehand
how many rows a day has, so spans are as long as they may be, oldest first.
"""

from collections.abc import Mapping
from typing import TypeAlias

#: A path, and by what its rows are grouped if it is that of a report.
Asked: TypeAlias = tuple[str, ...]

ROWS_PER_PAGE = 1000
SUMMARY_DAYS = 366
REPORT_DAYS = 31
DELAY_DAYS = 3
LOOKBACK_DAYS = 3
REPORT_LOOKBACK_DAYS = 30

DAILY_PATHS = "users", "apps/chat/projects", "skills", "connectors", "plugins", "artifacts"
REPORTS = ("usage", "cost")
#: By what usage and cost are read, and by what the tap looks for revisions.
DETAIL = ("actor", "product", "model")
TOTALS = ("product", "model")


def pages(rows: int) -> int:
    """Count the answers that so many rows take."""
    return max(1, -(-rows // ROWS_PER_PAGE))


def activity(rows_per_day: Mapping[Asked, int], days: int) -> int:
    """Count the requests for all streams of engagement and adoption."""
    daily = sum(pages(rows_per_day[path,]) for path in DAILY_PATHS)
    return days * daily + -(-days // SUMMARY_DAYS)


def reports(rows_per_day: Mapping[Asked, int], days: int, grouping: Asked = DETAIL) -> int:
    """Count the requests for consecutive days of usage and cost."""
    spans = [min(REPORT_DAYS, days - start) for start in range(0, days, REPORT_DAYS)]
    rows = [rows_per_day[(report, *grouping)] for report in REPORTS]
    return sum(pages(count * span) for count in rows for span in spans)


def first_load(rows_per_day: Mapping[Asked, int], days_back: int) -> int:
    """Count the requests of a first load that starts so many days before today.

    Usage and cost are read up to today, and so are the totals of the days that may still
    be revised.
    """
    return (
        activity(rows_per_day, days_back - DELAY_DAYS + 1)
        + reports(rows_per_day, days_back + 1)
        + reports(rows_per_day, min(days_back, REPORT_LOOKBACK_DAYS), TOTALS)
    )


def daily_run(rows_per_day: Mapping[Asked, int], *, totals: bool = True) -> int:
    """Count the requests of a run one day after the last one, with nothing revised.

    Engagement: one new day, and those of the lookback. Usage and cost: yesterday, which
    was incomplete, today, and the day that has become final; besides these either the
    lookback in detail or its totals.
    """
    detailed = 2 if totals else 1 + REPORT_LOOKBACK_DAYS
    return (
        activity(rows_per_day, LOOKBACK_DAYS + 1)
        + reports(rows_per_day, detailed)
        + reports(rows_per_day, 1)
        + (reports(rows_per_day, REPORT_LOOKBACK_DAYS, TOTALS) if totals else 0)
    )
