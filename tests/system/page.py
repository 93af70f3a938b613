"""Makes the page, and works out from the simulator's truth what its figures must say."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests import ROOT
from tests.system import transform_data as data
from tests.system.transform_figures import code_figures, days_of, total

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.system.transform_truth import Truth

#: The last day of activity that is complete, and that of cost.
LAST, LAST_OF_COST = data.DAYS[-1], data.TODAY - timedelta(days=1)
WINDOW = data.DAYS[-28:]
OCTOBER = days_of(date(2026, 10, 1))


def make(environment: Mapping[str, str], page: Path, *arguments: str) -> None:
    """Run the program that makes the page, from where it stands in the repository."""
    subprocess.run(
        [sys.executable, "-m", "claude_page", "--output", str(page), *arguments],
        env={**environment, "PYTHONPATH": str(ROOT / "analyze")},
        check=True,
    )


def expected(true: Truth) -> list[str]:
    """Return the six figures, in order."""
    [today] = true.records("org_summaries", [LAST])
    active, seats = today["weekly_active_user_count"], today["assigned_seat_count"]
    counts = {
        user: sum(user in true.active["all"][day] for day in WINDOW)
        for user in set().union(*(true.active["all"][day] for day in WINDOW))
    }
    this_month = [LAST_OF_COST - timedelta(days=n) for n in range(LAST_OF_COST.day)]
    people = set().union(*(true.active["all"][day] for day in OCTOBER))
    pairs = [
        pair
        for record in true.records("user_summaries", WINDOW)
        for pair in code_figures(record, "user_id")["tools"]
    ]
    accepted, rejected = (total(pair[n] for pair in pairs) for n in (0, 1))
    return [
        f"{active:,}",
        percent(100 * active, seats),
        f"{sum(days >= 4 for days in counts.values()):,}",
        dollars(cost(true, this_month)),
        dollars(cost(true, OCTOBER) / len(people)),
        percent(100 * accepted, accepted + rejected),
    ]


def cost(true: Truth, days: list[date]) -> Decimal:
    """Return what days cost, of everybody and nobody."""
    rows = true.claude_spend_daily().items()
    costs = [row["cost_usd"] for (day, *_), row in rows if day in days]
    return sum(filter(None, costs), Decimal())


def dollars(amount: Decimal) -> str:
    """Return an amount as the page says it: cents below a hundred dollars."""
    return f"${amount:,.2f}" if amount < 100 else f"${amount:,.0f}"


def percent(part: int, of: int) -> str:
    """Return a share as the page says it: a tenth only below ten per cent."""
    share = part / of
    return f"{share:.1f}%" if 0 < share < 10 else f"{share:.0f}%"
