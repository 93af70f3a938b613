"""From the spec of a stream to its parts: the shape of its rows, its steps, its source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from tap_claude_analytics.common.names import (
    ADDITIONAL_FIELDS,
    DATE,
    SNAPSHOT_AT,
    STARTING_AT,
)
from tap_claude_analytics.records.activity import name_no_group, only_teams
from tap_claude_analytics.records.reports import ENDING_AT
from tap_claude_analytics.records.shapes import RowDecoder, Shape, row_type, shape_of
from tap_claude_analytics.streams.sources.activity_settings import (
    ActivitySettings,
    teams_of_filters,
)
from tap_claude_analytics.streams.sources.daily import DailySource
from tap_claude_analytics.streams.sources.report_settings import ReportSettings
from tap_claude_analytics.streams.sources.reports import ReportSource
from tap_claude_analytics.streams.sources.source import Endpoint
from tap_claude_analytics.streams.sources.summaries import SummarySource
from tap_claude_analytics.streams.sources.team_series import TeamSeriesSource
from tap_claude_analytics.streams.specs import ACTIVE_TEAMS_PATH, Family

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from tap_claude_analytics.records.day import Step
    from tap_claude_analytics.streams.run import Run
    from tap_claude_analytics.streams.sources.source import Source
    from tap_claude_analytics.streams.specs import StreamSpec


def row_shape(spec: StreamSpec, schema: Mapping[str, Any], run: Run) -> Shape:
    """Return the shape of the rows of a stream.

    Args:
        spec: What the stream is.
        schema: The schema of its records, maybe cut by a catalog.
        run: The settings are what matters here.
    """
    if spec.report is not None:
        layout = ReportSettings(spec.report, run.settings, run.today).layout(
            schema["properties"]
        )
        return layout.shape(shape_of(schema, amounts=spec.amounts))
    return shape_of(
        schema if spec.rows_fit is None else spec.rows_fit.load(),
        without={DATE, SNAPSHOT_AT, ADDITIONAL_FIELDS, *spec.columns},
        amounts=spec.amounts,
    )


def steps(spec: StreamSpec, schema: Mapping[str, Any], run: Run) -> tuple[Step, ...]:
    """Return the steps from the rows of a day to the records of a stream."""
    if spec.report is not None:
        settings = ReportSettings(spec.report, run.settings, run.today)
        return (settings.layout(schema["properties"]).records,)
    grouped: tuple[Step, ...] = ()
    if spec.group_by is not None:
        grouped = (partial(name_no_group, dimension=spec.group_by),)
    teams = teams_of_filters(spec, run.settings)
    if teams:
        grouped = (partial(only_teams, teams=teams), *grouped)
    return (*grouped, *spec.steps)


def source(
    spec: StreamSpec,
    shape: Shape,
    run: Run,
    logger: logging.Logger,
    on_answer: Callable[[int, float], None],
) -> Source[Any]:
    """Return the source of a stream.

    Args:
        spec: What the stream is.
        shape: The shape of its rows.
        run: What it shares with other streams.
        logger: The logger of the stream.
        on_answer: Called with status and seconds after every answered request.
    """
    endpoint = Endpoint(run.client, spec.path, run.today, on_answer)
    decoder = row_decoder(spec, shape)
    if spec.report is not None:
        settings = ReportSettings(spec.report, run.settings, run.today)
        return ReportSource(endpoint, settings, decoder, logger)
    activity = ActivitySettings.of(spec, run.settings, run.today)
    parts = (endpoint, activity, decoder)
    if spec.family is Family.SUMMARIES:
        return SummarySource(run.summaries, *parts)
    if spec.family is Family.TEAM_SERIES:
        users = Endpoint(run.client, ACTIVE_TEAMS_PATH, run.today, on_answer)
        return TeamSeriesSource(users, *parts)
    return DailySource(*parts)


def row_decoder(spec: StreamSpec, shape: Shape) -> RowDecoder:
    """Return what decodes the rows of a stream: those of the shape, or buckets of them."""
    row = row_type(shape, null_fields=spec.null_fields)
    has_buckets = spec.report is not None and spec.report.has_buckets
    return RowDecoder(_bucket_type(shape, row) if has_buckets else row)


def _bucket_type(shape: Shape, result: type) -> type:
    """Return the type of buckets with a list of results."""
    times: Shape = {name: shape[name] for name in (STARTING_AT, ENDING_AT)}
    return msgspec.defstruct(
        "Bucket",
        [("results", list[result], [])],  # type: ignore[valid-type]
        bases=(row_type(times),),
        forbid_unknown_fields=True,
    )
