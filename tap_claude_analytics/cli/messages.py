"""A mistake of the user or an error of the API is a sentence, never a traceback."""

from __future__ import annotations

import contextlib
import logging
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_claude_analytics.cli.output import leave
from tap_claude_analytics.common.errors import (
    TAP_NAME,
    RunFailedError,
    StoppedBySignalError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Turn errors into the sentences that the command logs."""
    try:
        yield
    except ConfigValidationError as error:
        raise RunFailedError(*(error.errors or [str(error)])) from None
    except MappingError as error:
        msg = f"stream_maps is invalid: {error}."
        raise RunFailedError(msg) from None
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise
    except Exception as error:
        if StoppedBySignalError.latest is not None:
            raise StoppedBySignalError.latest from None
        # The text of an exception may quote a record, so no level of the log shows it.
        nameless = RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
        logging.getLogger(TAP_NAME).debug("Unexpected error", exc_info=nameless)
        where = traceback.extract_tb(error.__traceback__)[-1]
        msg = (
            f"Unexpected {type(error).__name__} in {Path(where.filename).name}, line"
            f" {where.lineno}. If stream_maps is set, check its expressions first; the log"
            " at level DEBUG shows the traceback."
        )
        raise RunFailedError(msg) from None


class Command(SingerCommand):
    """The command of the SDK, whose callback and options show no traceback."""

    @classmethod
    def like(cls, command: click.Command, **kwargs: Any) -> Command:
        """Return a command that does what another one does."""
        return cls(
            name=command.name,
            callback=(
                errors_as_sentences()(command.callback) if command.callback else None
            ),
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
                leave(int(str(StoppedBySignalError.latest.code)))

    @override
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        # --discover and --test do their work while the options are parsed.
        with errors_as_sentences():
            return super().make_context(*args, **kwargs)


def take_invalid_log_level(prefix: str) -> RunFailedError | None:
    """Remove an invalid log level from the environment, and return what to say about it.

    The SDK sets the level before there is a command that could show an error.
    """
    for variable in (f"{prefix}LOGLEVEL", "LOGLEVEL"):
        level = os.environ.get(variable)
        if level and not isinstance(logging.getLevelName(level.upper()), int):
            del os.environ[variable]
            return RunFailedError(
                f"{variable} is {level!r}; expected one of DEBUG, INFO, WARNING, ERROR,"
                " CRITICAL."
            )
    return None
