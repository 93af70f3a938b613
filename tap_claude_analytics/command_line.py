"""The tap as a command: its options, and the files that they name."""

from __future__ import annotations

import abc
import gc
import io
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk import Tap
from singer_sdk.cli import plugin_cli
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from tap_claude_analytics import about, bookmarks
from tap_claude_analytics.cli import (
    SentenceCommand,
    check_catalog,
    read_json_object,
    take_wrong_log_level,
    widen_stdout,
)
from tap_claude_analytics.errors import TAP_NAME, RunFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

#: New containers between two searches for cycles; a page of users has about 20,000.
CONTAINERS_PER_COLLECTION = 200_000

ENV_PREFIX = f"{TAP_NAME.upper().replace('-', '_')}_"


class CommandLineTap(Tap, abc.ABC):
    """A tap whose command says in a sentence what is wrong with an option."""

    @override
    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        """Print what the tap is; in Markdown with its streams, which the SDK leaves out."""
        super().print_about(output_format)
        if output_format == "markdown":
            tap = cls(validate_config=False, setup_mapper=False)
            click.echo(about.streams_markdown(tap.streams.values()))

    @override
    @classmethod
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        """Read the configuration files.

        Raises:
            RunFailedError: If one is missing or is not a JSON object.
        """
        for path in value:
            if path != "ENV":
                read_json_object(f"--config {path}", _read_text(path))
        return super().cb_config(ctx, param, value)

    @override
    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Test the connection, for the streams that a catalog selects if one is given."""
        catalog = ctx.params.get("catalog")
        if value != CliTestOptionValue.All.value or catalog is None:
            super().cb_test(ctx, param, value)
            return
        selection = read_json_object("--catalog", catalog.read())
        check_catalog(selection)
        config: _ConfigInput = ctx.params.get("config", _ConfigInput())
        tap = cls(
            config=config.config, parse_env_config=config.parse_env, catalog=selection
        )
        tap.run_connection_test()
        ctx.exit()

    @override
    @classmethod
    def invoke(
        cls,
        *,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Run the tap from the command line.

        Raises:
            RunFailedError: If a file given is not right, or if a stream failed.
        """
        # Rows hold no cycles: to look for some after every few would take longer than to
        # decode them.
        widen_stdout()
        gc.freeze()
        gc.set_threshold(CONTAINERS_PER_COLLECTION)
        super().invoke(
            state=_checked("--state", state),
            catalog=_checked("--catalog", catalog, check_catalog),
            **kwargs,
        )

    @plugin_cli
    def cli(cls) -> click.Command:  # noqa: N805 - as the decorator wants it
        """The command line program."""
        error = take_wrong_log_level(ENV_PREFIX)
        command = super().cli
        if error is not None:
            error.show()
            sys.exit(error.exit_code)
        return command

    @override
    @classmethod
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        for option in command.params:
            if option.name == "catalog":
                option.is_eager = True  # so that --test knows it
            elif option.name == "test" and isinstance(option, click.Option):
                option.help = (
                    "Ask every endpoint for one row and say which streams the key can read;"
                    " --test=schema writes the schemas without a request."
                )
        command.help = "Read the Claude Enterprise Analytics API as Singer messages."
        return SentenceCommand.of(command, logger=cls.logger)


def _read_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        msg = f"--config {path} cannot be read: {error.strerror}."
        raise RunFailedError(msg) from None
    except UnicodeDecodeError:
        msg = f"--config {path} is not a text file in UTF-8."
        raise RunFailedError(msg) from None


def _checked(
    option: str,
    file: IO[str] | None,
    check: Callable[[dict[str, Any]], None] = bookmarks.check_shape,
) -> IO[str] | None:
    """Return a file with the same text, once it is sure to be what it should be."""
    if file is None:
        return None
    try:
        text = file.read()
    except UnicodeDecodeError:
        msg = f"{option} is not a text file in UTF-8."
        raise RunFailedError(msg) from None
    check(read_json_object(option, text))
    return io.StringIO(text)
