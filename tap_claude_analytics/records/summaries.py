"""Steps for the rows of the organisation's daily summaries."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.common.names import ADDITIONAL_FIELDS
from tap_claude_analytics.records.shapes import fitted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_claude_analytics.records.day import Day, Record, Row

ALL_PRODUCTS = "all"
PERIODS = ("daily", "weekly", "monthly")
#: Users of Claude Tag are Slack users, also ones without a seat.
_WITHOUT_SEATS = frozenset({"claude_tag"})
#: Digits after the decimal point, as many as a float of this size has.
_RATE_DIGITS = 12

COUNT = re.compile(
    r"(?:(?P<product>.+)_)?(?P<period>daily|weekly|monthly)_active_user_count"
)


def adoption(rows: Iterable[Row], _day: Day) -> Iterator[Record]:
    """Yield one record per product whose counts a row has.

    A product is known by its counts, so one that the API adds gets its records too: its
    counts are in ``additional_fields``, because the schema does not know them.
    """
    for row in rows:
        values = dict(row)
        for name, value in (values.pop(ADDITIONAL_FIELDS) or {}).items():
            if name not in values and COUNT.fullmatch(name):
                values[name], _ = fitted(value, "integer")
        products = dict.fromkeys(
            match["product"] or ALL_PRODUCTS
            for match in map(COUNT.fullmatch, values)
            if match
        )
        for product in products:
            yield _adoption_of(product, values)


def _adoption_of(product: str, row: Row) -> Record:
    prefix = "" if product == ALL_PRODUCTS else f"{product}_"
    seats = row.get("assigned_seat_count")
    record: Record = {"product": product, "assigned_seat_count": seats}
    for period in PERIODS:
        count = row.get(f"{prefix}{period}_active_user_count")
        rate = f"{period}_adoption_rate"
        record[f"{period}_active_user_count"] = count
        if product == ALL_PRODUCTS:
            record[rate] = row.get(rate)
        elif product in _WITHOUT_SEATS:
            record[rate] = None
        else:
            record[rate] = adoption_rate(count, seats)
    return record


def adoption_rate(count: int | None, seats: int | None) -> Decimal | None:
    """Return active users in per cent of seats, the API's own formula for all products."""
    if count is None or not seats:
        return None
    rate = round(Decimal(count) * 100 / seats, _RATE_DIGITS).normalize()
    # 50, not 5E+1.
    return rate.quantize(Decimal(1)) if rate == rate.to_integral_value() else rate


def counts_anybody(row: dict[str, Any]) -> bool:
    """Return whether a row of a team counts anybody, or may do so."""
    return row.get("monthly_active_user_count", 0) is None or any(
        row[name] for name in filter(COUNT.match, row)
    )
