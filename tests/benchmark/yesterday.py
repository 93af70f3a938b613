"""The state that a run of yesterday would have left."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from . import needed
from .runs import run
from .serving import serving

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from .runs import Bench

ACTIVITY = (
    *("org_summaries", "adoption", "user_summaries", "chat_projects", "skills"),
    *("connectors", "plugins", "artifacts", "readings"),
)


def first_day_of_yesterday(bench: Bench) -> date:
    """Reach back beyond every lookback."""
    return bench.days_back(needed.REPORT_LOOKBACK_DAYS + 10)


def state_of_yesterday(bench: Bench, **organisation: Any) -> Path:
    """Make the state that a run of yesterday would have left.

    The tap's clock cannot be turned back. Engagement can end a day earlier; usage and cost
    are served as they were gathered a day ago, so that yesterday is incomplete.
    """
    first = first_day_of_yesterday(bench)
    youngest = bench.today - timedelta(days=1 + needed.DELAY_DAYS)
    with serving(stale_days=1, **organisation) as served:
        command = bench.tap.command(
            served.url,
            first,
            end_date=youngest.isoformat(),
            streams=ACTIVITY,
        )
        output = bench.tap.output_file()
        run(served, command, output)
        command = bench.tap.command(
            served.url,
            first,
            streams=(*needed.REPORTS, "readings"),
            state=bench.tap.last_state(output),
        )
        run(served, command, output)
        return bench.tap.last_state(output)
