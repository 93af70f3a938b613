"""The step for rows of usage and cost: dimensions and measures become columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pendulum

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.common.names import ADDITIONAL_FIELDS, STARTING_AT
from tap_claude_analytics.records.money import exact_amount, hundredth
from tap_claude_analytics.records.row_keys import IDS, RowKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap_claude_analytics.records.day import Day, Record, Row
    from tap_claude_analytics.records.shapes import Shape

ENDING_AT = "ending_at"
#: Amounts of money: decimal strings in cents.
AMOUNTS = ("amount", "list_amount")


@dataclass(frozen=True)
class ReportLayout:
    """Where the fields of a report's rows are.

    Attributes:
        parts: The known names under each object of a row; None for the row itself.
        bucket_width: The length of the buckets: ``1d``, ``1h`` or ``1m``.
        dimensions: The dimensions that a row may have, besides its actor.
        asked: The dimensions that were asked for, maybe ``actor`` among them.
        is_by_time: Whether rows come by time, and records say if they are final.
    """

    parts: tuple[tuple[str | None, tuple[str, ...]], ...]
    bucket_width: str
    dimensions: frozenset[str]
    asked: tuple[str, ...]
    is_by_time: bool

    def shape(self, known: Shape) -> Shape:
        """Return the shape of a row, from the shape of a record."""
        times: Shape = {name: known[name] for name in (STARTING_AT, ENDING_AT)}
        return times | self.nested(known)

    def nested(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known of the fields of a record, in the nesting of a row."""
        row: dict[str, Any] = {}
        for under, names in self.parts:
            part = {name: fields[name] for name in names if name in fields}
            if under is None:
                row.update(part)
            else:
                row[under] = part
        return row

    def records(
        self, rows: Iterable[Row], day: Day, *, note_repeated: Callable[[int], None]
    ) -> Iterator[Record]:
        """Turn the rows of a day into records.

        Args:
            rows: The rows.
            day: The reading of the day.
            note_repeated: Called at the end with the number of rows that have no value in
                a dimension and are equal to an earlier row in everything.

        Raises:
            RowError: If a row has no dimensions or measures, or money that is no number.
        """
        keys = RowKeys(
            self.bucket_width, self.dimensions, self.asked, is_by_time=self.is_by_time
        )
        for row in rows:
            record: Record = {
                STARTING_AT: row.get(STARTING_AT),
                ENDING_AT: row.get(ENDING_AT),
                "bucket_width": self.bucket_width,
            }
            for under, names in self.parts:
                part = row if under is None else row.get(under)
                if not isinstance(part, dict):
                    msg = f"a row without {under}"
                    raise RowError(msg)
                record.update({name: part.get(name) for name in names})
            if "actor" in record:
                record.update(actor_columns(record["actor"], record.get("actor_type")))
            if "currency" in record:
                record.update(money_columns(record))
            record["row_key"] = keys.key_of(record)
            record["data_refreshed_at"] = day.refreshed_at
            record["is_complete"] = is_over(record[ENDING_AT], day.complete_until)
            record[ADDITIONAL_FIELDS] = row[ADDITIONAL_FIELDS]
            if self.is_by_time:
                record["is_final"] = day.is_final
            yield record
        note_repeated(keys.repeated)


def rename_email(row: Row) -> None:
    """Give the ``email`` of an actor the name that it has since version 2026-10-21."""
    actor = row.get("actor")
    if isinstance(actor, dict) and "email" in actor and "email_address" not in actor:
        actor["email_address"] = actor.pop("email")


def actor_columns(actor: object, actor_type: object) -> dict[str, Any]:
    """Return type, id and e-mail address of an actor of whatever type."""
    if not isinstance(actor, dict):
        return {"actor_type": actor_type, "actor_id": None, "actor_email_address": None}
    ids = (actor[name] for name in IDS if actor.get(name) is not None)
    return {
        "actor_type": actor.get("type") if actor_type is None else actor_type,
        "actor_id": next(ids, None),
        "actor_email_address": actor.get("email_address"),
    }


def money_columns(record: Record) -> dict[str, Any]:
    """Return the amounts as numbers: in cents, and in dollars if they are US cents.

    Raises:
        RowError: If an amount is not a decimal number.
    """
    columns: dict[str, Any] = {}
    for name in AMOUNTS:
        cents = exact_amount(name, record.get(name))
        is_usd = cents is not None and record["currency"] == "USD"
        columns[name] = cents
        columns[f"{name}_usd"] = hundredth(cents) if cents is not None and is_usd else None
    return columns


def is_over(ending_at: str | None, complete_until: str | None) -> bool:
    """Return whether a bucket was over when the API collected the data."""
    if ending_at is None or complete_until is None:
        return False
    return instant(ending_at) <= instant(complete_until)


def instant(text: object) -> pendulum.DateTime:
    """Return the instant that a timestamp of the API names, in UTC.

    Raises:
        RowError: If it is not a timestamp.
    """
    parsed = _parse(text) if isinstance(text, str) else None
    if parsed is None:
        msg = "a row with a time that is not an RFC 3339 timestamp"
        raise RowError(msg)
    return parsed


@lru_cache(maxsize=4096)
def _parse(text: str) -> pendulum.DateTime | None:
    try:
        parsed = pendulum.parse(text)
    except (OverflowError, ValueError):
        return None
    return parsed.in_timezone("UTC") if isinstance(parsed, pendulum.DateTime) else None
