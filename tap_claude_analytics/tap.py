"""The tap: puts the rooms together, and runs the streams."""

from __future__ import annotations

import os
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from typing_extensions import override

from tap_claude_analytics.api.client import API_VERSION, ApiOptions, Client
from tap_claude_analytics.api.pacer import Pacers
from tap_claude_analytics.cli.connection_test import ConnectionTest, quick
from tap_claude_analytics.cli.contract_questions import ask_all
from tap_claude_analytics.cli.contract_report import reports_of
from tap_claude_analytics.cli.options import ENV_PREFIX, CommandLineTap
from tap_claude_analytics.common import clock
from tap_claude_analytics.common.errors import TAP_NAME, RunEndsError, RunFailedError
from tap_claude_analytics.common.progress import Progress
from tap_claude_analytics.config import checks
from tap_claude_analytics.config.schema import CONFIG_JSONSCHEMA, default_of
from tap_claude_analytics.config.settings import Settings
from tap_claude_analytics.config.stream_maps import stream_map_mistakes
from tap_claude_analytics.days import ledger
from tap_claude_analytics.days.organization import Organization
from tap_claude_analytics.streams.day_stream import DayStream
from tap_claude_analytics.streams.failures import Failures
from tap_claude_analytics.streams.preparation import (
    plans_in_words,
    selection_mistakes,
    start,
)
from tap_claude_analytics.streams.readings import Readings
from tap_claude_analytics.streams.run import Run
from tap_claude_analytics.streams.selection import (
    warnings_of_clock,
    warnings_of_selection,
)
from tap_claude_analytics.streams.sources.activity_settings import (
    ActivitySettings,
)
from tap_claude_analytics.streams.sources.snapshots import SharedTeams
from tap_claude_analytics.streams.sources.summaries import SharedSummaries
from tap_claude_analytics.streams.spec import Family
from tap_claude_analytics.streams.specs import SPECS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from tap_claude_analytics.days.windows import Window


class TapClaudeAnalytics(CommandLineTap):
    """Singer tap for the Claude Enterprise Analytics API: adoption, usage and cost."""

    name = TAP_NAME
    config_jsonschema: ClassVar[dict[str, Any]] = CONFIG_JSONSCHEMA

    # Batch files have raw records, which no stream map and no deselection would reach. And
    # readings, not versions, say which rows of a stream count.
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
        try:
            super().__init__(parse_env_config=parse_env_config, **kwargs)
        except ValueError:
            if parse_env_config:
                _check_environment()
            raise
        if parse_env_config:
            _check_environment()

    @override
    def check_settings(self, *, raise_errors: bool) -> list[str]:
        variable = f"{ENV_PREFIX}API_KEY"
        mistakes = checks.configuration_mistakes(
            self.config,
            self.config_jsonschema,
            unread_key=variable if variable in os.environ else None,
        )
        if mistakes and raise_errors:
            raise _wrong_settings(mistakes)
        return mistakes

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [
            *(DayStream(self, spec, lambda: self.run) for spec in SPECS),
            Readings(self),
        ]

    @property
    def _day_streams(self) -> list[DayStream]:
        """The streams with days, in the order in which they are read."""
        return [s for s in self.streams.values() if isinstance(s, DayStream)]

    @cached_property
    def _selected(self) -> list[DayStream]:
        """Those of them that are selected."""
        return [stream for stream in self._day_streams if stream.selected]

    @cached_property
    def run(self) -> Run:
        """What the streams share."""
        settings = Settings.from_config(self.config)
        progress = Progress(self.logger)
        readings = self.streams[Readings.name]
        if not isinstance(readings, Readings):
            raise TypeError(readings.name)
        return Run(
            settings=settings,
            today=clock.today(),
            client=Client(
                api_options(settings),
                Pacers(settings.requests_per_minute, progress),
                progress,
            ),
            organization=Organization(self._organizations_in_state),
            progress=progress,
            failures=Failures(),
            readings=readings,
            summaries=SharedSummaries(self._windows_of_summaries),
            teams=SharedTeams(),
        )

    def _organizations_in_state(self) -> dict[str, str]:
        """Return the organisation of each selected stream that the state names."""
        found = {stream.name: stream.ledger.organization_id for stream in self._selected}
        return {name: known for name, known in found.items() if known is not None}

    def _windows_of_summaries(self) -> Iterator[Window]:
        """Yield the windows of the selected streams of summaries."""
        for stream in self._selected:
            if stream.spec.family is Family.SUMMARIES:
                settings = ActivitySettings.of(
                    stream.spec, self.run.settings, self.run.today
                )
                window = settings.window(stream.ledger.bookmark)
                if window is not None:
                    yield window

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Load a state.

        Raises:
            RunFailedError: If it is not a state of this tap.
        """
        state = ledger.bookmarks_in(state)
        foreign = state.get(ledger.BOOKMARKS, {}).keys() - self.streams.keys()
        if foreign and foreign == state[ledger.BOOKMARKS].keys():
            names = ", ".join(sorted(foreign))
            msg = (
                f"The state has bookmarks only of streams that this tap does not have"
                f" ({names}): it may be the state of another tap."
            )
            raise RunFailedError(msg)
        super().load_state(state)

    @override  # type: ignore[misc]  # the final method of the SDK has no end for failures
    def sync_all(self) -> None:
        """Sync all streams; a stream that fails does not keep the others from running.

        Raises:
            RunFailedError: After the last stream, if any has failed; at once, if nothing
                can be read or written any more.
        """
        self._check_streams()
        self._warn()
        run = self.run
        for warning in start(self._selected, run):
            self.logger.warning(warning)
        if self._selected:
            self.logger.info("Reading %s.", plans_in_words(self._selected))
        run.progress.plan(len(self._selected))
        try:
            super().sync_all()
        except RunEndsError as end:
            raise end.error from None
        finally:
            run.client.close()
        run.progress.done()
        run.failures.raise_if_any(run.client.opened)

    @override  # type: ignore[misc]  # as above
    def run_connection_test(self) -> bool:
        """Say which streams can be read, at the cost of one request per endpoint.

        Raises:
            RunFailedError: If any selected stream cannot be read.
        """
        self._check_streams()
        run = self.run
        client = run.client.like(quick(run.client.options))
        streams = _in_order(self._day_streams)
        try:
            for line in ConnectionTest(run, client, streams).lines():
                click.echo(line)
        finally:
            client.close()
        return True

    @override
    def contract_report(self) -> dict[str, Any]:
        self._check_streams()
        run = self.run
        client = run.client.like(quick(run.client.options))
        try:
            answers = reports_of([*ask_all(run, client, _in_order(self._selected))])
        finally:
            client.close()
        return {
            "version": version(TAP_NAME),
            "anthropic_version": API_VERSION,
            "today": run.today.isoformat(),
            "is_default_api_url": run.settings.api_url == default_of("api_url"),
            "answers": answers,
        }

    def _check_streams(self) -> None:
        """Refuse settings and a catalog that do not fit the streams.

        Raises:
            RunFailedError: With a sentence for each mistake.
        """
        mistakes = selection_mistakes(self._selected, self.run.settings)
        streams: list[DayStream | Readings] = [self.run.readings, *self._selected]
        mistakes += [
            f"The catalog changes the type of a field of stream {stream.name}: {mistake}."
            " Correct the type, or discover the catalog again."
            for stream in streams
            for mistake in stream.retyping.mistakes
        ]
        fields = {
            name: {*stream.schema["properties"], *stream.effective_schema["properties"]}
            for name, stream in self.streams.items()
        }
        mistakes += stream_map_mistakes(self.config.get("stream_maps") or {}, fields)
        if mistakes:
            raise RunFailedError(*mistakes)

    def _warn(self) -> None:
        """Say why the run may read less than somebody expects."""
        catalog = self.input_catalog
        for warning in (
            *checks.unknown_variables(os.environ, ENV_PREFIX, self.config_jsonschema),
            *warnings_of_selection(
                [stream.name for stream in self._selected],
                self.streams,
                None
                if catalog is None
                else [name for name in catalog if name != Readings.name],
            ),
            *warnings_of_clock(self.run.today),
        ):
            self.logger.warning(warning)


def _in_order(streams: list[DayStream]) -> list[DayStream]:
    """Return streams in the order of the specs: summaries tell the latest day."""
    order = [spec.name for spec in SPECS]
    return sorted(streams, key=lambda stream: order.index(stream.name))


def api_options(settings: Settings) -> ApiOptions:
    """Return how to talk to the API."""
    return ApiOptions(
        api_url=settings.api_url,
        api_key=settings.api_key,
        user_agent=settings.user_agent,
        request_timeout=settings.request_timeout,
        max_retries=settings.max_retries,
        max_retry_wait=settings.max_retry_wait,
        max_parallel_requests=settings.max_parallel_requests,
    )


def _check_environment() -> None:
    """Refuse environment variables that the SDK would misread or cannot convert."""
    mistakes = checks.environment_mistakes(os.environ, ENV_PREFIX, CONFIG_JSONSCHEMA)
    if mistakes:
        raise _wrong_settings(mistakes) from None


def _wrong_settings(mistakes: list[str]) -> ConfigValidationError:
    return ConfigValidationError(
        " ".join(mistakes), errors=mistakes, schema=CONFIG_JSONSCHEMA
    )
