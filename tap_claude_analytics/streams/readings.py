"""The stream that says which reading of a day counts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_claude_analytics.common.names import DATE
from tap_claude_analytics.records.retyping import Retyping
from tap_claude_analytics.sdk import SdkStream
from tap_claude_analytics.streams.schemas import Schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib import Catalog


class Readings(SdkStream):
    """One record for every completed reading of one stream and day.

    It makes no request and has no days of its own: the other streams write its records at
    the end of each day, before the STATE message that includes the day. A day without a
    reading would count as never read, so they are written whatever a catalog selects.
    """

    name = "readings"
    record = "one completed reading of one stream and day"

    def __init__(self, tap: Tap) -> None:
        """Create the stream."""
        super().__init__(tap, schema=Schema(self.name).load())
        self.primary_keys = ("stream", DATE)
        self.replication_key = DATE

    @cached_property
    def retyping(self) -> Retyping:
        """From the types of the stream to those of a catalog."""
        return Retyping(self.schema, self.effective_schema)

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        self.select_in(catalog)
        super().apply_catalog(catalog)

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        return ()

    @override
    def fail(self, error: Exception) -> None:
        """Raise: the stream makes no records of its own, so this does not happen."""
        raise error

    def write(
        self, stream: str, day: str, *, snapshot_at: str, row_count: int, complete: bool
    ) -> None:
        """Write the record of a reading.

        Args:
            stream: The name of the stream.
            day: The day, as YYYY-MM-DD.
            snapshot_at: The timestamp that all records of the reading have.
            row_count: How many records it has.
            complete: Whether the day was over when the API collected the rows.
        """
        record: Record = {
            "stream": stream,
            DATE: day,
            "snapshot_at": snapshot_at,
            "row_count": row_count,
            "is_complete": complete,
        }
        self.retyping.apply(record)
        self.write_record(record)
