"""A mistake of the user or an error of the API is a sentence, never a traceback."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_claude_analytics.cli.output import (
    OUTPUT_ERRORS,
    end_output,
    leave,
    output_failed,
)
from tap_claude_analytics.common.errors import (
    RunFailedError,
    StoppedBySignalError,
    unexpected,
)
from tap_claude_analytics.common.text import without_keys

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
    except click.UsageError as error:
        # It quotes the command line, where somebody may have put the key.
        message = without_keys(error.format_message())
        raise click.UsageError(message, error.ctx) from None
    except (click.ClickException, click.exceptions.Exit):
        raise
    except Exception as error:  # noqa: BLE001 - raised again, without data of records
        if StoppedBySignalError.latest is not None:
            raise StoppedBySignalError.latest from None
        if isinstance(error, OSError) and error.errno in OUTPUT_ERRORS:
            raise output_failed(error) from None
        raise RunFailedError(unexpected(error)) from None


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
        except SystemExit as end:
            failed = None if StoppedBySignalError.latest else end_output()
            if failed is not None and not end.code:
                failed.show()
                sys.exit(failed.exit_code)
            raise
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
