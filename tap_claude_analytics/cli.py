"""The command line: a mistake of the user or the API is a sentence, never a traceback."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_claude_analytics.errors import TAP_NAME, RunFailedError, StoppedBySignalError

if TYPE_CHECKING:
    from collections.abc import Iterator


#: How long a target may take to read the last line after a signal.
FLUSH_SECONDS = 2.0
STDOUT_BYTES = 2**16


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Turn errors into sentences that click shows."""
    try:
        yield
    except ConfigValidationError as error:
        raise RunFailedError(*(error.errors or [str(error)])) from None
    except MappingError as error:
        msg = f"stream_maps is not right: {error}."
        raise RunFailedError(msg) from None
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise
    except Exception as error:
        if StoppedBySignalError.latest is not None:
            raise StoppedBySignalError.latest from None
        # The text of an exception may quote a record: at no level more is told of it than
        # its type and where it was raised.
        nameless = RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
        logging.getLogger(TAP_NAME).debug("Unexpected error", exc_info=nameless)
        where = traceback.extract_tb(error.__traceback__)[-1]
        msg = (
            f"Unexpected {type(error).__name__} in {Path(where.filename).name}, line"
            f" {where.lineno}. If stream_maps is set, check its expressions first; the"
            " log at level DEBUG shows the way to it."
        )
        raise RunFailedError(msg) from None


class SentenceCommand(SingerCommand):
    """The SDK's command, with its callback and its options kept from showing tracebacks."""

    @classmethod
    def of(cls, command: click.Command, **kwargs: Any) -> SentenceCommand:
        """Return a command like the one given."""
        return cls(
            name=command.name,
            callback=sentences()(command.callback) if command.callback else None,
            context_settings=command.context_settings,
            params=command.params,
            help=command.help,
            **kwargs,
        )

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        finally:
            if StoppedBySignalError.latest is not None:
                _leave(int(str(StoppedBySignalError.latest.code)))

    @override
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        # --discover and --test do their work while the options are parsed.
        with sentences():
            return super().make_context(*args, **kwargs)


def _leave(code: int) -> NoReturn:
    """End the process soon, whatever the target does.

    Python flushes standard output at its end: the target gets a whole last line, unless it
    does not read any more, and then that would take for ever.
    """
    flushing = threading.Thread(target=sys.stdout.flush, daemon=True)
    flushing.start()
    flushing.join(FLUSH_SECONDS)
    os._exit(code)


def widen_stdout() -> None:
    """Give standard output a buffer for many records, which has four kilobytes else.

    Each time that it is written out, all threads wait for each other. Where something else
    than the process's own output is in its place, that stays.
    """
    stdout = sys.__stdout__
    if stdout is None or sys.stdout is not stdout:
        return
    stdout.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(stdout.fileno(), "w", closefd=False), STDOUT_BYTES),
        encoding="utf-8",
    )


def take_wrong_log_level(prefix: str) -> RunFailedError | None:
    """Take a level that there is not out of the environment, and return what to say.

    The SDK sets the level before there is a command that could show an error.
    """
    for variable in (f"{prefix}LOGLEVEL", "LOGLEVEL"):
        level = os.environ.get(variable)
        if level and not isinstance(logging.getLevelName(level.upper()), int):
            del os.environ[variable]
            return RunFailedError(
                f"{variable} is {level!r}: DEBUG, INFO, WARNING, ERROR or CRITICAL is"
                " valid."
            )
    return None


def check_catalog(catalog: dict[str, Any]) -> None:
    """Refuse a catalog that the SDK could not read.

    Raises:
        RunFailedError: If an entry lacks its name or a schema with properties.
    """
    streams = catalog.get("streams")
    if not isinstance(streams, list) or not all(map(_is_catalog_entry, streams)):
        msg = (
            "--catalog does not hold a Singer catalog: the output of --discover is valid,"
            ' {"streams": [{"tap_stream_id": …, "schema": {"properties": …}, …}]}.'
        )
        raise RunFailedError(msg)


def _is_catalog_entry(value: object) -> bool:
    schema = value.get("schema") if isinstance(value, dict) else None
    return (
        isinstance(value, dict)
        and isinstance(value.get("tap_stream_id"), str)
        and isinstance(schema, dict)
        and isinstance(schema.get("properties"), dict)
    )


def read_json_object(option: str, text: str) -> dict[str, Any]:
    """Return the JSON object that an option's file holds.

    Raises:
        RunFailedError: If it holds something else.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        msg = f"{option} does not hold valid JSON: {error}."
        raise RunFailedError(msg) from None
    if not isinstance(value, dict):
        msg = f"{option} holds a JSON {type(value).__name__}: an object is valid."
        raise RunFailedError(msg)
    return value
