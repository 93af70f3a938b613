"""Keys for rows of usage and cost, which have none of their own."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tap_claude_analytics.records.day import Row

#: What tells actors of any type apart; their names and e-mail addresses change.
IDS = ("user_id", "service_account_id", "api_key_id", "subject")
IDENTITY = ("type", "provider", *IDS)


class RowKeys:
    """The keys of the rows of one reading.

    All identities that the API cannot name are null, so rows of one bucket can be equal in
    all dimensions and still be different rows: these are numbered, in the order of the API.
    Rows whose dimensions all have a value are the same row if all values are equal.
    """

    def __init__(
        self, bucket_width: str, dimensions: Iterable[str], asked: Collection[str]
    ) -> None:
        """Start a reading, from what makes a row.

        Args:
            bucket_width: The length of its bucket.
            dimensions: The dimensions that a row may have, besides its actor.
            asked: The dimensions that were asked for, maybe ``actor`` among them.
        """
        self._bucket_width = bucket_width
        self._dimensions = tuple(sorted(dimensions))
        self._asked = tuple(asked)
        self._seen: Counter[tuple[str | None, str]] = Counter()

    def key_of(self, record: Row) -> str:
        """Return the key of a record, unique among those with its ``starting_at``.

        Dimensions without a value are left out, so that a dimension that the API adds does
        not change the keys of rows that have been loaded.
        """
        values: dict[str, Any] = {
            name: record[name] for name in self._dimensions if record.get(name) is not None
        }
        actor = record.get("actor")
        if isinstance(actor, dict):
            values["actor"] = {
                name: actor[name] for name in IDENTITY if actor.get(name) is not None
            }
        what = json.dumps([self._bucket_width, values], sort_keys=True)
        bucket = (record.get("starting_at"), what)
        if not self._seen[bucket] or not self._is_named(values):
            self._seen[bucket] += 1
        digest = hashlib.sha256(f"{what}{self._seen[bucket]}".encode())
        return digest.hexdigest()[:32]

    def _is_named(self, values: dict[str, Any]) -> bool:
        """Return whether every dimension that was asked for has a value."""
        actor = values.get("actor", {})
        return values.keys() >= set(self._asked) and (
            "actor" not in self._asked or any(name in actor for name in IDS)
        )
