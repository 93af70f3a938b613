"""From the spec of a stream to its parts: the shape of its rows, its steps, its source."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from tap_claude_analytics.common.names import (
    ADDITIONAL_FIELDS,
    DATE,
    SNAPSHOT_AT,
    STARTING_AT,
    TEAM,
)
from tap_claude_analytics.records.activity import name_no_group, only_teams
from tap_claude_analytics.records.organization import ID, rename_id
from tap_claude_analytics.records.personal import (
    digest,
    empty_additional_fields,
    mask,
)
from tap_claude_analytics.records.reports import ENDING_AT
from tap_claude_analytics.records.shapes import RowDecoder, Shape, row_type, shape_of
from tap_claude_analytics.streams.sources.activity_settings import (
    ActivitySettings,
    teams_of_filters,
)
from tap_claude_analytics.streams.sources.daily import DailySource
from tap_claude_analytics.streams.sources.report_settings import ReportSettings
from tap_claude_analytics.streams.sources.reports import ReportSource
from tap_claude_analytics.streams.sources.snapshots import (
    SnapshotSource,
    TeamMembers,
    read_whole,
)
from tap_claude_analytics.streams.sources.source import Endpoint
from tap_claude_analytics.streams.sources.summaries import SummarySource
from tap_claude_analytics.streams.sources.team_series import TeamSeriesSource
from tap_claude_analytics.streams.spec import Family
from tap_claude_analytics.streams.specs import ACTIVE_TEAMS_PATH, TEAMS_PATH

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from tap_claude_analytics.config.settings import Settings
    from tap_claude_analytics.records.day import Step
    from tap_claude_analytics.records.differences import Differences
    from tap_claude_analytics.records.reports import ReportLayout
    from tap_claude_analytics.streams.run import Run
    from tap_claude_analytics.streams.sources.source import Source
    from tap_claude_analytics.streams.spec import ReportSpec, StreamSpec


def row_shape(spec: StreamSpec, schema: Mapping[str, Any], run: Run) -> Shape:
    """Return the shape of the rows of a stream.

    Args:
        spec: What the stream is.
        schema: The schema of its records, maybe cut by a catalog.
        run: The settings are what matters here.
    """
    if spec.report is not None:
        layout = _layout(spec.report, schema, run)
        return layout.shape(shape_of(schema, amounts=spec.amounts))
    shape = shape_of(
        schema if spec.rows_fit is None else spec.rows_fit.load(),
        without={DATE, SNAPSHOT_AT, ADDITIONAL_FIELDS, *spec.columns},
        amounts=spec.amounts,
    )
    if spec.id_column is not None:
        shape[ID] = shape.pop(spec.id_column)
    return shape


def steps(
    spec: StreamSpec, schema: Mapping[str, Any], run: Run, differences: Differences
) -> tuple[Step, ...]:
    """Return the steps from the rows of a day to the records of a stream."""
    own = _own_steps(spec, schema, run, differences)
    fields = spec.schema.personal_fields
    if run.settings.personal_data == "keep" or not fields:
        return own
    if spec.report is not None:
        fields = _layout(spec.report, schema, run).nested(fields)
    else:
        made = {ADDITIONAL_FIELDS, *spec.columns}
        fields = {name: field for name, field in fields.items() if name not in made}
    masked: Step = partial(mask, fields=fields, salt=_salt(run.settings))
    return (masked, *own, empty_additional_fields)


def masking_of(spec: StreamSpec, settings: Settings) -> str:
    """Return what is masked in the records of a stream, as a part of its shape.

    Empty if nothing is. Of the salt there is only a digest, which tells that it changes.
    """
    fields = spec.schema.personal_fields
    if settings.personal_data == "keep" or not fields:
        return ""
    if fields.keys() == {ADDITIONAL_FIELDS}:
        return f" without {ADDITIONAL_FIELDS}"
    salt = _salt(settings)
    keyed = "" if salt is None else f" {digest('', salt)[:8]}"
    return f" personal_data {settings.personal_data}{keyed}"


def _salt(settings: Settings) -> bytes | None:
    """Return the key of the digests of addresses; None if addresses are dropped."""
    if settings.personal_data != "hash" or settings.personal_data_salt is None:
        return None
    return settings.personal_data_salt.encode("utf-8", "surrogatepass")


def _layout(report: ReportSpec, schema: Mapping[str, Any], run: Run) -> ReportLayout:
    settings = ReportSettings(report, run.settings, run.today)
    return settings.layout(schema["properties"])


def _own_steps(
    spec: StreamSpec, schema: Mapping[str, Any], run: Run, differences: Differences
) -> tuple[Step, ...]:
    if spec.report is not None:
        layout = _layout(spec.report, schema, run)
        return (partial(layout.records, note_repeated=differences.repeated),)
    grouped: tuple[Step, ...] = ()
    if spec.group_by is not None:
        grouped = (partial(name_no_group, dimension=spec.group_by),)
    teams = teams_of_filters(spec, run.settings)
    if teams:
        grouped = (partial(only_teams, teams=teams), *grouped)
    if spec.id_column is not None:
        grouped = (partial(rename_id, column=spec.id_column),)
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
    endpoint = Endpoint(
        run.client, spec.path, run.today, run.organization, on_answer, spec.paging
    )
    decoder = row_decoder(spec, shape)
    if spec.report is not None:
        settings = ReportSettings(spec.report, run.settings, run.today)
        return ReportSource(endpoint, settings, decoder, logger)
    if spec.family is Family.SNAPSHOT:
        return _snapshot_source(endpoint, decoder, run)
    activity = ActivitySettings.of(spec, run.settings, run.today)
    parts = (endpoint, activity, decoder)
    if spec.family is Family.SUMMARIES:
        return SummarySource(run.summaries, *parts)
    if spec.family is Family.TEAM_SERIES:
        users = replace(endpoint, path=ACTIVE_TEAMS_PATH)
        return TeamSeriesSource(users, *parts)
    return DailySource(*parts)


def _snapshot_source(endpoint: Endpoint, decoder: RowDecoder, run: Run) -> SnapshotSource:
    """Return the source of an endpoint that tells what is true now."""
    read, path = read_whole, endpoint.path
    if path == TEAMS_PATH:
        read = run.teams.read
    elif f"{{{TEAM}}}" in path:
        read = TeamMembers(run.teams, replace(endpoint, path=TEAMS_PATH)).read
        path = TEAMS_PATH
    return SnapshotSource(endpoint, run.settings, decoder, read=read, endpoints=(path,))


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
