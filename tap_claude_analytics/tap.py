"""The tap: its settings, its streams, and what they share during a run."""

from __future__ import annotations

import copy
import gc
import io
import os
import sys
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.cli import plugin_cli
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.tap_base import CliTestOptionValue
from typing_extensions import override

from tap_claude_analytics import about, bookmarks, checks, clock
from tap_claude_analytics.cli import (
    SentenceCommand,
    check_catalog,
    read_json_object,
    take_wrong_log_level,
    widen_stdout,
)
from tap_claude_analytics.connection import ConnectionTest
from tap_claude_analytics.errors import TAP_NAME, RunFailedError, StoppedBySignalError
from tap_claude_analytics.pacer import Pacer
from tap_claude_analytics.progress import Progress
from tap_claude_analytics.settings import CONFIG_JSONSCHEMA, Settings
from tap_claude_analytics.streams import DAY_STREAM_TYPES, Readings
from tap_claude_analytics.streams.base import DayStream
from tap_claude_analytics.streams.engagement import EngagementStream
from tap_claude_analytics.trouble import Trouble
from tap_claude_analytics.windows import FLOOR
from tap_claude_analytics.writer import MessageWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    import pendulum
    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from tap_claude_analytics.streams.summaries import SummaryAnswer
    from tap_claude_analytics.windows import Window

#: New containers between two searches for cycles; a page of users has about 20,000.
CONTAINERS_PER_COLLECTION = 200_000

ENV_PREFIX = f"{TAP_NAME.upper().replace('-', '_')}_"


class TapClaudeAnalytics(Tap):
    """Singer tap for the Claude Enterprise Analytics API: adoption, usage and cost."""

    name = TAP_NAME
    config_jsonschema: ClassVar[dict[str, Any]] = CONFIG_JSONSCHEMA

    message_writer_class = MessageWriter

    # Batch files hold raw records: no stream map and no deselection would reach them.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        capability
        for capability in Tap.capabilities
        if capability is not PluginCapabilities.BATCH
    ]

    def __init__(self, *, parse_env_config: bool = False, **kwargs: Any) -> None:
        """Create the tap; see the SDK for the arguments.

        Raises:
            ConfigValidationError: With a sentence for every wrong setting.
        """
        self.trouble = Trouble()
        #: Whether any answer may hold what databases refuse; then records are checked.
        self.is_suspect = False
        self.summary_window: Window | None = None
        self.summary_answers: dict[Window, SummaryAnswer] = {}
        try:
            super().__init__(parse_env_config=parse_env_config, **kwargs)
        except ValueError:
            if parse_env_config:
                _check_environment()
            raise
        if parse_env_config:
            _check_environment()

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # The SDK's sentences quote values, the key's among them, and it has no public
        # hook between merging a configuration and validating it.
        self.append_builtin_config(self.config_jsonschema)
        mistakes = checks.configuration_mistakes(self.config, self.config_jsonschema)
        if not mistakes:
            return super()._validate_config(raise_errors=raise_errors)
        if raise_errors:
            raise _wrong_settings(mistakes)
        return mistakes

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        # The SDK's handler writes a STATE, which can deadlock on a slow target, and then
        # exits with 0. The STATE of the last whole day stands already.
        raise StoppedBySignalError(128 + signum)

    @override
    def setup_mapper(self) -> None:
        """Set up the stream maps, those of streams that are not selected among them.

        The SDK takes such a stream for one without fields, and then refuses its map for
        want of the keys.
        """
        super(Tap, self).setup_mapper()
        catalog = copy.deepcopy(self.catalog)
        for entry in catalog.streams:
            entry.metadata.root.selected = True
        self.mapper.register_raw_streams_from_catalog(catalog)

    @cached_property
    def settings(self) -> Settings:
        """The settings, with the types the streams work with."""
        return Settings.from_config(self.config)

    @cached_property
    def today(self) -> pendulum.Date:
        """The UTC day on which the run began; it holds for the whole run."""
        return clock.today()

    @cached_property
    def progress(self) -> Progress:
        """How far the run has come."""
        return Progress(self.logger)

    @cached_property
    def pacer(self) -> Pacer:
        """Lets the requests of all streams through."""
        return Pacer(self.settings.requests_per_minute, self.progress)

    @property
    def readings(self) -> Readings:
        """The stream that says which reading of a day counts."""
        stream = self.streams[Readings.name]
        if not isinstance(stream, Readings):
            raise TypeError(stream.name)
        return stream

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [
            *(stream_type(self) for stream_type in DAY_STREAM_TYPES),
            Readings(self),
        ]

    @property
    def _day_streams(self) -> list[DayStream]:
        return [s for s in self.streams.values() if isinstance(s, DayStream)]

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a state.

        Raises:
            RunFailedError: If it is not a Singer state.
        """
        bookmarks.check_shape(state)
        super().load_state(state)

    @override  # type: ignore[misc]  # the SDK's final method has no end for failures
    def sync_all(self) -> None:
        """Sync all streams, each for itself.

        Raises:
            RunFailedError: After the last stream, if any of them failed.
        """
        self._check_filters()
        self._prepare_bookmarks()
        self.progress.plan(sum(stream.selected for stream in self._day_streams))
        super().sync_all()
        self.progress.done()
        self.trouble.raise_if_any()

    @override  # type: ignore[misc]  # as above
    def run_connection_test(self) -> bool:
        """Say which streams can be read, at the cost of a request per endpoint.

        Raises:
            RunFailedError: If any of the streams selected cannot be read.
        """
        self._check_filters()
        for line in ConnectionTest(self).run():
            click.echo(line)
        return True

    def _check_filters(self) -> None:
        """Refuse filters that the endpoint of a selected stream does not take.

        Raises:
            RunFailedError: With a sentence for each.
        """
        mistakes = [
            mistake
            for stream in self._day_streams
            if isinstance(stream, EngagementStream) and stream.selected
            for mistake in stream.filter_mistakes()
        ]
        if mistakes:
            msg = f"{' '.join(mistakes)} Deselect these streams, or change filters."
            raise RunFailedError(msg)

    def _prepare_bookmarks(self) -> None:
        """Write down where each stream starts, and say what lies before the floor."""
        early = ["start_date"] if self.settings.start_date < FLOOR else []
        early += [
            f"the bookmark of {stream.name}"
            for stream in self._day_streams
            if stream.selected and stream.prepare_state()
        ]
        if early:
            self.logger.warning(
                "Before %s, the first day that the API has, lies: %s. Reading starts on"
                " that day.",
                FLOOR,
                ", ".join(early),
            )

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
        return SentenceCommand.of(command, logger=cls.logger)


def _check_environment() -> None:
    """Name the environment values that the SDK takes in silence or cannot convert."""
    mistakes = checks.environment_mistakes(os.environ, ENV_PREFIX, CONFIG_JSONSCHEMA)
    if mistakes:
        raise _wrong_settings(mistakes) from None


def _wrong_settings(mistakes: list[str]) -> ConfigValidationError:
    return ConfigValidationError(
        " ".join(mistakes), errors=mistakes, schema=CONFIG_JSONSCHEMA
    )


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
