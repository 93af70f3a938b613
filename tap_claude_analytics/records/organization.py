"""Steps for the rows of people, teams and spend limits: lifted keys and money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_claude_analytics.records.money import exact_amount, in_currency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_claude_analytics.records.day import Day, Row

#: The name that the API has for the id of a row.
ID = "id"
#: Money of a limit: decimal strings in minor units of its currency.
LIMIT_AMOUNTS = ("amount", "period_to_date_spend")
#: The same in units of the currency.
LIMIT_COLUMNS = tuple(f"{name}_in_currency" for name in LIMIT_AMOUNTS)

_ACTOR_IDS = ("user_id", "scoped_api_key_id")


def rename_id(rows: Iterable[Row], _day: Day, *, column: str) -> Iterator[Row]:
    """Give the id of each row the name that it has in other streams."""
    for row in rows:
        row[column] = row.pop(ID, None)
        yield row


def spend_limits(rows: Iterable[Row], _day: Day) -> Iterator[Row]:
    """Add the id of whom a limit binds, and turn money into exact numbers.

    Raises:
        RowError: If an amount is not a decimal number.
    """
    for row in rows:
        row["actor_id"] = _actor_id(row)
        _make_exact(row)
        yield row


def spend_limit_requests(rows: Iterable[Row], _day: Day) -> Iterator[Row]:
    """Add the id of who asks, and turn money into exact numbers.

    Raises:
        RowError: If an amount is not a decimal number.
    """
    for row in rows:
        row["actor_id"] = _actor_id(row)
        summary = row.get("spend_summary")
        if summary is not None:
            _make_exact(summary)
        yield row


def _actor_id(row: Row) -> str | None:
    """Return what identifies the actor of a row: names and addresses may be null."""
    actor = row.get("actor") or {}
    ids = (actor[name] for name in _ACTOR_IDS if actor.get(name) is not None)
    return next(ids, None)


def _make_exact(limit: Row) -> None:
    for name, column in zip(LIMIT_AMOUNTS, LIMIT_COLUMNS, strict=True):
        limit[name] = exact_amount(name, limit.get(name))
        limit[column] = in_currency(limit[name], limit.get("currency"))
