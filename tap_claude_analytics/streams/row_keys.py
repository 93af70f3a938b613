"""Keys for rows of usage and cost, which have none of their own."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_claude_analytics.answers import Row

#: What tells actors apart, of whatever kind; not their names and e-mail addresses, which
#: change.
IDENTITY = ("type", "user_id", "service_account_id", "api_key_id", "provider", "subject")


class RowKeys:
    """The keys of the rows of one reading.

    Several identities that cannot be named all come back as null, so rows of one bucket
    can be equal in all dimensions and still be different rows: these are numbered, in
    the API's order.
    """

    def __init__(self, bucket_width: str, dimensions: Iterable[str]) -> None:
        """Take what, besides its bucket, makes a row."""
        self._bucket_width = bucket_width
        self._dimensions = tuple(sorted(dimensions))
        self._seen: Counter[tuple[str | None, str]] = Counter()

    def key_of(self, record: Row) -> str:
        """Return the key of a record, unique among those with its ``starting_at``.

        Dimensions without a value do not count, so that a dimension that the API adds
        does not change the keys of rows that have been loaded.
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
        self._seen[bucket] += 1
        digest = hashlib.sha256(f"{what}{self._seen[bucket]}".encode())
        return digest.hexdigest()[:32]
