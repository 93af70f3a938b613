"""Keys for rows of usage and cost, which have none of their own, and how many differ."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.common.errors import RowError
from tap_claude_analytics.common.names import STARTING_AT

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable

    from tap_claude_analytics.records.day import Row

#: What tells actors of any type apart; their names and e-mail addresses change.
IDS = ("user_id", "service_account_id", "api_key_id", "subject")
IDENTITY = ("type", "provider", *IDS)


class RowKeys:
    """The keys of the rows of one reading.

    All identities that the API cannot name are null, so rows of one bucket can be equal in
    all dimensions and still be different rows: these are numbered, in the order of the API.
    Rows whose dimensions all have a value are the same row if all values are equal.

    Attributes:
        repeated: How many of the numbered rows are equal to an earlier one in everything.
    """

    def __init__(
        self,
        bucket_width: str,
        dimensions: Iterable[str],
        asked: Collection[str],
        *,
        is_by_time: bool,
    ) -> None:
        """Start a reading, from what makes a row.

        Args:
            bucket_width: The length of its bucket.
            dimensions: The dimensions that a row may have, besides its actor.
            asked: The dimensions that were asked for, maybe ``actor`` among them.
            is_by_time: Whether the rows of a bucket come together.
        """
        self.repeated = 0
        self._bucket_width = bucket_width
        self._dimensions = tuple(sorted(dimensions))
        self._asked = tuple(asked)
        self._is_by_time = is_by_time
        self._bucket: Any = None
        self._closed: set[Any] = set()
        # Of rows only digests are kept: a day may have hundreds of thousands.
        self._numbered: Counter[bytes] = Counter()
        self._rows: set[int] = set()

    def key_of(self, record: Row) -> str:
        """Return the key of a record, unique among those with its ``starting_at``.

        Dimensions without a value are left out, so that a dimension that the API adds does
        not change the keys of rows that have been loaded.

        Raises:
            RowError: If the rows of its bucket should come together and do not.
        """
        bucket = record.get(STARTING_AT)
        if self._is_by_time and bucket != self._bucket:
            self._begin(bucket)
        values: dict[str, Any] = {
            name: record[name] for name in self._dimensions if record.get(name) is not None
        }
        actor = record.get("actor")
        if isinstance(actor, dict):
            values["actor"] = {
                name: actor[name] for name in IDENTITY if actor.get(name) is not None
            }
        what = json.dumps([self._bucket_width, values], sort_keys=True)
        number = 1 if self._is_named(values) else self._number(record, what)
        return hashlib.sha256(f"{what}{number}".encode()).hexdigest()[:32]

    def _begin(self, bucket: object) -> None:
        """Forget the rows of the bucket before."""
        if bucket in self._closed:
            msg = (
                f"a row whose {STARTING_AT} is out of order; expected the rows of a bucket"
                " together"
            )
            raise RowError(msg)
        self._closed.add(self._bucket)
        self._bucket = bucket
        self._numbered.clear()
        self._rows.clear()

    def _number(self, record: Row, what: str) -> int:
        """Return the number of a row among those that are equal in all dimensions."""
        row = hash(str(record))
        self.repeated += row in self._rows
        self._rows.add(row)
        same = hashlib.sha256(f"{record.get(STARTING_AT)}{what}".encode()).digest()
        self._numbered[same] += 1
        return self._numbered[same]

    def _is_named(self, values: dict[str, Any]) -> bool:
        """Return whether every dimension that was asked for has a value."""
        actor = values.get("actor", {})
        return values.keys() >= set(self._asked) and (
            "actor" not in self._asked or any(name in actor for name in IDS)
        )


class DistinctKeys:
    """Counts the different keys of one reading, at a few bytes a key."""

    def __init__(self, *, is_by_time: bool) -> None:
        """Start without keys.

        Args:
            is_by_time: Whether keys begin with a time and come by it, so that those of an
                earlier time need not be kept.
        """
        self._is_by_time = is_by_time
        self._time: Hashable = None
        self._earlier = 0
        self._hashes: set[int] = set()

    def add(self, key: tuple[Hashable, ...]) -> None:
        """Add a key."""
        if self._is_by_time and key[0] != self._time:
            self._earlier += len(self._hashes)
            self._hashes.clear()
            self._time = key[0]
        self._hashes.add(hash(key))

    def __len__(self) -> int:
        """Return how many different keys there were."""
        return self._earlier + len(self._hashes)
