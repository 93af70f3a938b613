"""The tap: its settings, its streams, and what they share during a run."""

from __future__ import annotations

import copy
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from typing_extensions import override

from tap_claude_analytics import about, bookmarks, checks, clock
from tap_claude_analytics.command_line import ENV_PREFIX, CommandLineTap
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
    from collections.abc import Sequence
    from types import FrameType

    import pendulum
    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from tap_claude_analytics.streams.summaries import SummaryAnswer
    from tap_claude_analytics.windows import Window


class TapClaudeAnalytics(CommandLineTap):
    """Singer tap for the Claude Enterprise Analytics API: adoption, usage and cost."""

    name = TAP_NAME
    config_jsonschema: ClassVar[dict[str, Any]] = CONFIG_JSONSCHEMA

    message_writer_class = MessageWriter

    # Batch files hold raw records: no stream map and no deselection would reach them. And a
    # stream that is read whole says by its readings, not by versions, which rows count.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        capability
        for capability in Tap.capabilities
        if capability.value not in {"activate-version", "batch"}
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
        youngest = self.today.subtract(days=self.settings.data_delay_days)
        if self.settings.start_date > youngest:
            self.logger.warning(
                "start_date is %s, after the youngest day, %s: nothing is read yet.",
                self.settings.start_date,
                youngest,
            )
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


def _check_environment() -> None:
    """Name the environment values that the SDK takes in silence or cannot convert."""
    mistakes = checks.environment_mistakes(os.environ, ENV_PREFIX, CONFIG_JSONSCHEMA)
    if mistakes:
        raise _wrong_settings(mistakes) from None


def _wrong_settings(mistakes: list[str]) -> ConfigValidationError:
    return ConfigValidationError(
        " ".join(mistakes), errors=mistakes, schema=CONFIG_JSONSCHEMA
    )
