"""What a stream is, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from tap_claude_analytics.api.pages import BY_PAGE, Paging
from tap_claude_analytics.common.names import DATE

if TYPE_CHECKING:
    from tap_claude_analytics.records.day import Step
    from tap_claude_analytics.streams.schemas import Schema


class Family(Enum):
    """How the days of a stream are read; each has its sources in `sources`."""

    DAILY = auto()
    SUMMARIES = auto()
    TEAM_SERIES = auto()
    REPORT = auto()
    SNAPSHOT = auto()


@dataclass(frozen=True, kw_only=True)
class ReportSpec:
    """What a stream of usage or cost has besides.

    Attributes:
        dimensions: What the endpoint can group by, and the columns of rows.
        measures: The columns that are measured.
        dimensions_under: The object of a row that has the dimensions; None for the row.
        measures_under: The object of a row that has the measures; None for the row.
        is_cost: Whether the setting `cost_group_by` applies.
        is_beta: Whether it is one of the endpoints that supersede the legacy reports: rows
            come by time, and totals tell which days have been revised.
        has_users: Legacy: whether every row is of one user. Such rows come by amount, so a
            request for one day is a reading of one day.
        has_buckets: Legacy: whether rows are buckets with a list of at most 100 results.
    """

    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    dimensions_under: str | None = None
    measures_under: str | None = None
    is_cost: bool = False
    is_beta: bool = False
    has_users: bool = False
    has_buckets: bool = False


@dataclass(frozen=True, kw_only=True)
class StreamSpec:
    """What a stream is.

    Attributes:
        name: The name of the stream.
        path: The endpoint; see `url_path`.
        record: What a record is, in words.
        keys: The primary key.
        family: How its days are read.
        schema: Where its schema comes from.
        is_default: Whether it is selected unless a catalog says otherwise.
        replication_key: The field whose value the bookmark is.
        steps: From the rows of a day to its records.
        columns: Columns that the tap adds; of nested ones the path. A field of the API that
            gets one of these names is kept in ``additional_fields``.
        id_column: The column that the ``id`` of a row becomes; None if rows have none.
        amounts: Fields that are decimal strings in cents; of nested ones the path.
        null_fields: Fields that have a value in grouped answers only.
        group_by: The dimension that the endpoint groups the rows by.
        rows_fit: The schema of the rows, if it is not that of the records.
        report: Usage and cost only.
        paging: How the next page is asked for.
    """

    name: str
    path: str
    record: str
    keys: tuple[str, ...]
    family: Family
    schema: Schema
    is_default: bool = True
    replication_key: str = DATE
    steps: tuple[Step, ...] = ()
    columns: frozenset[str] = frozenset()
    id_column: str | None = None
    amounts: tuple[str, ...] = ()
    null_fields: frozenset[str] = frozenset()
    group_by: str | None = None
    rows_fit: Schema | None = None
    report: ReportSpec | None = None
    paging: Paging = BY_PAGE
