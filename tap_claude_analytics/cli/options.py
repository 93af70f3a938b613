"""The tap as a command: its options, and the files that they name."""

from __future__ import annotations

import abc
import gc
import json
import sys
from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk.cli import plugin_cli
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from tap_claude_analytics.cli import about
from tap_claude_analytics.cli.files import (
    check_catalog,
    checked,
    read_json_object,
    read_text,
    write_text,
)
from tap_claude_analytics.cli.messages import Command, take_invalid_log_level
from tap_claude_analytics.cli.output import MessageWriter, widen_stdout
from tap_claude_analytics.common.errors import TAP_NAME
from tap_claude_analytics.days import ledger
from tap_claude_analytics.sdk import ConfigInput, SdkStream, SdkTap

if TYPE_CHECKING:
    from typing_extensions import Self

#: New containers between two searches for cycles; a page of users has about 20,000.
_CONTAINERS_PER_COLLECTION = 200_000

ENV_PREFIX = f"{TAP_NAME.upper().replace('-', '_')}_"


class CommandLineTap(SdkTap, abc.ABC):
    """A tap whose command says in a sentence what is wrong with an option."""

    message_writer_class = MessageWriter

    @override
    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        super().append_builtin_config(config_jsonschema)
        about.describe_builtin_settings(config_jsonschema["properties"])

    @override
    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        """Print what the tap is; in Markdown with its streams, which the SDK leaves out."""
        super().print_about(output_format)
        if output_format == "markdown":
            tap = cls(validate_config=False, setup_mapper=False)
            streams = [s for s in tap.streams.values() if isinstance(s, SdkStream)]
            click.echo(about.streams_markdown(streams))

    @override
    @classmethod
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> ConfigInput:
        """Read the configuration files.

        Raises:
            RunFailedError: If one is missing or is not a JSON object.
        """
        for path in value:
            if path != "ENV":
                read_json_object(f"--config {path}", read_text("--config", path))
        return super().cb_config(ctx, param, value)

    @override
    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Test the connection, for the streams that a catalog selects if one is given."""
        if value != CliTestOptionValue.All.value or ctx.params.get("catalog") is None:
            super().cb_test(ctx, param, value)
            return
        cls._like_options(ctx).run_connection_test()
        ctx.exit()

    @classmethod
    def cb_contract_report(
        cls, ctx: click.Context, _param: click.Option, value: str | None
    ) -> None:
        """Write the contract report into a file."""
        if value is None:
            return
        option = "--contract-report"
        write_text(option, value, "")  # before a minute of requests
        report = cls._like_options(ctx).contract_report()
        write_text(option, value, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
        click.echo(
            f"{value} says how the API answers this key, without anything from its rows."
            " Read it before you publish it."
        )
        ctx.exit()

    @classmethod
    def _like_options(cls, ctx: click.Context) -> Self:
        """Return a tap with the configuration and the catalog of the options."""
        catalog = ctx.params.get("catalog")
        selection = None
        if catalog is not None:
            selection = read_json_object("--catalog", catalog.read())
            check_catalog(selection)
        config: ConfigInput = ctx.params.get("config", ConfigInput())
        return cls(
            config=config.config, parse_env_config=config.parse_env, catalog=selection
        )

    @abc.abstractmethod
    def contract_report(self) -> dict[str, Any]:
        """Ask the API, and return how it answers."""

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
            RunFailedError: If a file is wrong, or if a stream failed.
        """
        # Rows have no cycles, and searching for some takes longer than decoding the rows.
        widen_stdout()
        gc.freeze()
        gc.set_threshold(_CONTAINERS_PER_COLLECTION)
        super().invoke(
            state=checked("--state", state, ledger.check_form),
            catalog=checked("--catalog", catalog, check_catalog),
            **kwargs,
        )

    @plugin_cli
    def cli(cls) -> click.Command:  # noqa: N805 - the decorator makes it a class method
        """The command line program."""
        error = take_invalid_log_level(ENV_PREFIX)
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
        command.params.append(
            click.Option(
                ["--contract-report"],
                metavar="FILE",
                callback=cls.cb_contract_report,
                expose_value=False,
                help=(
                    "Ask for a day of every selected stream, and write into a file how the"
                    " API answers: statuses, times, fields and types, but no values of"
                    " rows. For bug reports."
                ),
            )
        )
        command.help = "Read the Claude Enterprise Analytics API as Singer messages."
        return Command.like(command, logger=cls.logger)
