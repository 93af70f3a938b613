"""The stream that says which reading of a day counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from singer_sdk import Stream, StreamSchema
from typing_extensions import override

from tap_claude_analytics.streams.fields import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers.types import Context, Record


class Readings(Stream):
    """One record for every completed reading of one stream and day.

    It makes no request and has no days of its own: the other streams write its records
    at the end of each day, ahead of the STATE message that tells of the day.
    """

    name = "readings"
    primary_keys: ClassVar[tuple[str, ...]] = ("stream", "date")
    replication_key = "date"
    schema: ClassVar[StreamSchema[str]] = StreamSchema(SCHEMAS)

    _announced = False

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        return ()

    @override
    def _write_schema_message(self) -> None:
        """Announce the stream once: at its first record, or else in its turn."""
        if not self._announced:
            super()._write_schema_message()
            self._announced = True

    def write(
        self, stream: str, day: str, *, snapshot_at: str, row_count: int, complete: bool
    ) -> None:
        """Write the record of a reading, and first the schema if it is the first one."""
        if not self.selected:
            return
        # The SDK writes records of the stream that it is syncing only, so the writers of
        # its own loop are called here.
        self._write_schema_message()
        self._write_record_message(
            {
                "stream": stream,
                "date": day,
                "snapshot_at": snapshot_at,
                "row_count": row_count,
                "is_complete": complete,
            }
        )
