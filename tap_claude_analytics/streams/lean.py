"""The SDK's way of a record, without what these records do not need."""

from __future__ import annotations

import abc
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from tap_claude_analytics.client import AnalyticsStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, KeysView

    from singer_sdk.helpers.types import Record


class LeanStream(AnalyticsStream, abc.ABC):
    """A stream on whose records the SDK does nothing in vain.

    This is the one place where private methods of the SDK are overridden for the sake of
    records.
    """

    # Rows are JSON and hold no field that the schema does not know, so there is nothing
    # to conform.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    @override
    def _increment_stream_state(self, *_: Any, **__: Any) -> None:
        """Leave the bookmark alone.

        The SDK would move it with each record, to a day that is not emitted yet, and it
        has no public way to be told otherwise. ``advance`` moves the bookmark.
        """

    @override
    def _generate_record_messages(
        self, record: Record
    ) -> Generator[RecordMessage, None, None]:
        for message in self._messages(record):
            # Flattening leaves an object that is null under its own name.
            names = self._flat_names.get(message.stream)
            if names is not None:
                for unknown in message.record.keys() - names:
                    del message.record[unknown]
            yield message

    def _messages(self, record: Record) -> Iterator[RecordMessage]:
        # To look at every field of every record for whether it is deselected takes longer
        # than all else together, and the SDK has no public way to leave it out.
        if not self._is_whole:
            yield from super()._generate_record_messages(record)
            return
        for stream_map in self.stream_maps:
            mapped = stream_map.transform(record)
            if mapped is not None:
                yield RecordMessage(
                    stream=stream_map.stream_alias,
                    record=mapped,
                    version=self._stream_version,
                    time_extracted=datetime.now(timezone.utc),
                )

    @cached_property
    def _flat_names(self) -> dict[str, KeysView[str]]:
        """The names of flattened schemas, under those of their streams."""
        return {
            stream_map.stream_alias: stream_map.transformed_schema["properties"].keys()
            for stream_map in self.stream_maps
            if stream_map.flattening_enabled
        }

    @cached_property
    def _is_whole(self) -> bool:
        """Whether no field of the stream is deselected."""
        return all(self.mask.values())

    @override
    def generate_child_contexts(self, *_: Any, **__: Any) -> tuple[()]:
        """Return none, as no stream hangs on another."""
        return ()
