"""Everything private of the SDK that the tap overrides or calls, with the reasons.

The SDK offers no public way for any of it. A new version of the SDK is checked here first.
"""

from __future__ import annotations

import abc
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from singer_sdk import Stream, Tap
from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.helpers._flattening import FlatteningOptions, flatten_key
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib import Catalog, MetadataMapping, RecordMessage
from singer_sdk.singerlib.json import serialize_json
from typing_extensions import override

from tap_claude_analytics.common.errors import (
    RunEndsError,
    RunFailedError,
    StoppedBySignalError,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator, Mapping
    from types import FrameType

    from singer_sdk.helpers.types import Context, Record

#: What the SDK makes of `--config`; a callback of the tap's own returns one.
ConfigInput = _ConfigInput


class SdkTap(Tap, abc.ABC):
    """The SDK's tap with its own checks of settings and its own end after a signal."""

    @abc.abstractmethod
    def check_settings(self, *, raise_errors: bool) -> list[str]:
        """Return a sentence for every wrong setting, or raise them."""

    @override
    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        super().append_builtin_config(config_jsonschema)
        properties = config_jsonschema["properties"]
        properties["stream_maps"] = _repaired(properties["stream_maps"])

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # The sentences of the SDK quote values, that of the key among them.
        self.append_builtin_config(self.config_jsonschema)
        mistakes = self.check_settings(raise_errors=raise_errors)
        return mistakes or super()._validate_config(raise_errors=raise_errors)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # The handler of the SDK writes a STATE, which can deadlock on a slow target, and
        # then exits with 0. The STATE of the last complete day has been written already.
        raise StoppedBySignalError(128 + signum)

    @override  # type: ignore[misc]  # the SDK declares it final
    def sync_all(self) -> None:
        """Sync the selected streams, without a line for each of the others."""
        self.logger.addFilter(_is_no_skipped_stream)
        super().sync_all()

    @override
    def setup_mapper(self) -> None:
        """Set up the stream maps, also those of streams that are not selected.

        The SDK gives a stream that is not selected no fields, and then refuses its map
        because the keys are missing.
        """
        super(Tap, self).setup_mapper()
        _ = self.streams  # a stream may add itself to the catalog
        catalog = Catalog()
        for name, entry in self.catalog.items():
            root = replace(entry.metadata.root, selected=True)
            metadata = MetadataMapping({**entry.metadata, (): root})
            catalog[name] = replace(entry, metadata=metadata)
        self.mapper.register_raw_streams_from_catalog(catalog)


def _repaired(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a schema without the alternatives that are none.

    Where ``__else__`` may be null the SDK has the text "null", which no validator can read.
    """
    if not isinstance(schema, dict):
        return schema
    return {
        name: (
            [_repaired(choice) for choice in part if isinstance(choice, dict)]
            if name == "anyOf"
            else _repaired(part)
        )
        for name, part in schema.items()
    }


def _is_no_skipped_stream(line: logging.LogRecord) -> bool:
    return not str(line.msg).startswith("Skipping deselected stream")


class SdkStream(Stream):
    """The SDK's stream without the work that the records of this tap do not need.

    Attributes:
        record: What a record is, in words.
    """

    record: str

    # Rows are JSON and have no field that the schema does not know.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    _has_schema_been_written = False

    @override
    def _increment_stream_state(self, *_: Any, **__: Any) -> None:
        """Leave the bookmark alone: the ledger moves it at the end of a day.

        The SDK would move it with each record, to a day that is not completely emitted.
        """

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Write nothing: the SDK would name a day that may never be emitted."""

    @override
    def _write_schema_message(self) -> None:
        """Write the schema once, however often it is asked for."""
        if not self._has_schema_been_written:
            super()._write_schema_message()
            self._has_schema_been_written = True

    @abc.abstractmethod
    def fail(self, error: Exception) -> None:
        """Note that an exception that nobody foresaw has ended the stream."""

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[Record, Any, Any]:
        # The loop of the SDK applies the stream maps, so this is the only place that sees
        # the exceptions of their expressions too.
        try:
            yield from super()._sync_records(context, write_messages=write_messages)
        except RunFailedError as error:
            raise RunEndsError(error) from None
        except Exception as error:  # noqa: BLE001 - one stream's trouble, whatever it is
            self.fail(error)

    def select_in(self, catalog: Catalog) -> None:
        """Select the stream with all its fields in a catalog, even if it is not in it."""
        entry = catalog.get_stream(self.name)
        if entry is None:
            entry = self._singer_catalog_entry
            catalog.add_stream(entry)
        for metadata in entry.metadata.values():
            metadata.selected = True

    def write_state(self) -> None:
        """Write a STATE message with the state of all streams."""
        self._tap.state_writer.write_state(self.tap_state)

    def write_record(self, record: Record) -> None:
        """Write a record outside the sync of this stream, after its schema.

        The SDK writes records only of the stream that is being synced.
        """
        self._write_schema_message()
        self._write_record_message(record)

    @override
    def _generate_record_messages(
        self, record: Record
    ) -> Generator[RecordMessage, None, None]:
        # The SDK checks for every field of every record whether it is deselected, which
        # takes longer than everything else together.
        if not self._has_all_fields:
            pop_deselected_record_properties(record, self.schema, self.mask)
        for stream_map in self.stream_maps:
            columns = self._columns.get(stream_map.stream_alias)
            if columns is not None and isinstance(stream_map, SameRecordTransform):
                mapped: Record | None = flattened(record, columns)
            else:
                mapped = stream_map.transform(record)
                if mapped is not None and stream_map.flattening_enabled:
                    # Flattening leaves an object that is null under its own name, which
                    # the flattened schema does not have.
                    known = stream_map.transformed_schema["properties"]
                    mapped = {name: mapped[name] for name in mapped if name in known}
            if mapped is not None:
                yield RecordMessage(
                    stream=stream_map.stream_alias,
                    record=mapped,
                    version=self._stream_version,
                    time_extracted=datetime.now(timezone.utc),
                )

    @cached_property
    def _columns(self) -> dict[str, Columns]:
        """The columns of each flattened output stream that no stream map changes."""
        return {
            stream_map.stream_alias: columns_of(
                self.effective_schema, stream_map.flattening_options
            )
            for stream_map in self.stream_maps
            if stream_map.flattening_enabled and stream_map.flattening_options
        }

    @cached_property
    def _has_all_fields(self) -> bool:
        """Whether no field of the stream is deselected."""
        return all(self.mask.values())

    @override
    def generate_child_contexts(self, *_: Any, **__: Any) -> tuple[()]:
        """Return none: no stream depends on another."""
        return ()


#: The column of each name of an object: a nested mapping for an object that is flattened.
Columns: TypeAlias = "dict[str, Columns | str]"


def columns_of(
    schema: Mapping[str, Any], options: FlatteningOptions, parents: tuple[str, ...] = ()
) -> Columns:
    """Return the columns of the fields of an object.

    The SDK works their names out again for every field of every record, which takes six
    times as long as everything else.

    Args:
        schema: The schema of the object.
        options: How to flatten.
        parents: The names that lead to the object.
    """
    columns: Columns = {}
    for name, rule in schema["properties"].items():
        if "properties" in rule and len(parents) < options.max_level:
            columns[name] = columns_of(rule, options, (*parents, name))
        else:
            columns[name] = flatten_key(
                name,
                [*parents],
                options.separator,
                max_key_length=options.max_key_length,
            )
    return columns


def flattened(record: Record, columns: Columns) -> Record:
    """Return a record with its nested fields as columns; arrays and objects become JSON."""
    flat: Record = {}
    for name, value in record.items():
        column = columns.get(name)
        if isinstance(column, dict):
            if value is not None:
                flat.update(flattened(value, column))
        elif column is not None:
            is_nested = isinstance(value, (dict, list))
            flat[column] = serialize_json(value) if is_nested else value
    return flat
