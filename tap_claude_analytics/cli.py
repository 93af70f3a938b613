"""The command line: a mistake of the user or the API is a sentence, never a traceback."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_claude_analytics.errors import RunFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Turn the SDK's errors for wrong settings into one that click shows."""
    try:
        yield
    except ConfigValidationError as error:
        raise RunFailedError(*(error.errors or [str(error)])) from None
    except MappingError as error:
        msg = f"stream_maps is not right: {error}."
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
    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        # --discover and --test do their work while the options are parsed.
        with sentences():
            return super().make_context(*args, **kwargs)


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
