"""Rows of `summaries`: one day of the organisation, from the activity in `users`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tests.simulator.company import ANY, CLAUDE_TAG, CLAUDE_TAG_LAUNCH
from tests.simulator.options import ONE_DAY
from tests.simulator.organization.invites import pending_count
from tests.simulator.people import LAUNCHES, UNIFIED

if TYPE_CHECKING:
    from tests.simulator.company import Company

_SEATS_SINCE = date(2026, 1, 6)
_BREAKDOWN_SINCE = date(2026, 1, 15)
_SINCE = {
    "chat": _BREAKDOWN_SINCE,
    "claude_code": _BREAKDOWN_SINCE,
    "claude_design": _BREAKDOWN_SINCE,
    "office_agent": _BREAKDOWN_SINCE,
    "science": _BREAKDOWN_SINCE,
    CLAUDE_TAG: CLAUDE_TAG_LAUNCH,
    UNIFIED: LAUNCHES[UNIFIED],
}
"""From which day on an answer holds the counts of a product at all."""

_OF_ALL = {
    "assigned_seat_count",
    "daily_adoption_rate",
    "monthly_adoption_rate",
    "pending_invite_count",
    "science_entitled_user_count",
    "weekly_adoption_rate",
}
"""What an organisation has, but no team."""

_MONTH = 30
_MONTHS = {CLAUDE_TAG: 28, UNIFIED: 28}
"""Other months of the whole organisation; those of teams are all of one length."""

_SOMETIMES = 29
"""On one in so many days the counts of a product cannot be computed."""


def summaries(company: Company, day: date) -> list[dict[str, Any]]:
    """Build the one row of a day."""
    overall = _counts(company, ANY, day)
    seats = (
        company.headcount(day) + company.headcount(day) // 10
        if day >= _SEATS_SINCE
        else None
    )
    invited = pending_count(company, day)
    row = {
        "assigned_seat_count": seats,
        **_named("cowork", _counts(company, "cowork", day)),
        **_named(None, overall),
        **{
            f"{period}_adoption_rate": _rate(count, seats)
            for period, count in overall.items()
        },
        "ending_at": _midnight(day + ONE_DAY),
        "pending_invite_count": None if day.toordinal() % _SOMETIMES == 0 else invited,
        "starting_at": _midnight(day),
    }
    row.update(_optional(company, day))
    return [row]


def scoped(
    company: Company, row: dict[str, Any], day: date, teams: frozenset[str]
) -> dict[str, Any]:
    """Give a day's row for those who held one of the teams, in the fields it has."""
    counts = _named(None, _counts(company, ANY, day, teams))
    for product in LAUNCHES:
        counts.update(_named(product, _counts(company, product, day, teams)))

    def of_teams(name: str, value: object) -> object:
        if name in _OF_ALL or name.startswith(f"{CLAUDE_TAG}_"):
            return None
        return value if value is None else counts.get(name, value)

    return {name: of_teams(name, value) for name, value in row.items()}


def _optional(company: Company, day: date) -> dict[str, Any]:
    counts: dict[str, Any] = {}
    for place, (product, since) in enumerate(_SINCE.items()):
        if day >= since:
            unknown = (day.toordinal() + 3 * place) % _SOMETIMES == 0
            known = _counts(company, product, day)
            counts.update(_named(product, dict.fromkeys(known) if unknown else known))
            if product == "science":
                counts["science_entitled_user_count"] = (
                    None if unknown else company.headcount(day) // 4
                )
    return counts


def _counts(
    company: Company, product: str, day: date, teams: frozenset[str] | None = None
) -> dict[str, int]:
    month = _MONTH if teams is not None else _MONTHS.get(product, _MONTH)
    windows = {"daily": 1, "weekly": 7, "monthly": month}
    return {
        period: company.active_within(product, day, days, teams)
        for period, days in windows.items()
    }


def _named(product: str | None, counts: dict[str, Any]) -> dict[str, Any]:
    prefix = f"{product}_" if product else ""
    return {
        f"{prefix}{period}_active_user_count": count for period, count in counts.items()
    }


def _rate(count: int, seats: int | None) -> float | None:
    return round(100 * count / seats, 2) if seats else None


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
