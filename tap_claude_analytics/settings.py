"""The settings of the tap: what they are, and their values once checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_claude_analytics.windows import FLOOR, parse_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pendulum

CONFIG_JSONSCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "api_key",
        th.StringType(min_length=1),
        required=True,
        secret=True,
        title="API key",
        description=(
            "Analytics API key with the scope read:analytics, made by the organisation's"
            " Primary Owner at claude.ai/analytics/api-keys."
        ),
    ),
    th.Property(
        "start_date",
        th.DateType,
        default=FLOOR.isoformat(),
        title="Start date",
        description=(
            "First UTC day to read: a date or an RFC 3339 timestamp. The API has nothing"
            f" before {FLOOR}; an earlier date is lifted to it, with a warning."
        ),
    ),
    th.Property(
        "end_date",
        th.DateType,
        title="End date",
        description=(
            "Last UTC day to read, inclusive: a date or an RFC 3339 timestamp. For"
            " bounded loads; without it the tap reads up to the youngest day."
        ),
    ),
    th.Property(
        "data_delay_days",
        th.IntegerType(minimum=0, maximum=30),
        default=3,
        title="Data delay in days",
        description=(
            "How many days behind today (UTC) the youngest day to read lies. 0 to 30."
        ),
    ),
    th.Property(
        "lookback_days",
        th.IntegerType(minimum=0, maximum=90),
        default=3,
        title="Lookback in days",
        description=(
            "How many days, up to and including the bookmark, every run reads again,"
            " because the API revises days. 0 to 90."
        ),
    ),
    th.Property(
        "report_bucket_width",
        th.StringType(allowed_values=["1d", "1h", "1m"]),
        default="1d",
        title="Report bucket width",
        description=(
            "Length of the time buckets of usage and cost: 1d, 1h or 1m. Narrow buckets"
            " cost more requests."
        ),
    ),
    th.Property(
        "report_lookback_days",
        th.IntegerType(minimum=0, maximum=90),
        default=30,
        title="Report lookback in days",
        description=(
            "How many days of usage and cost, up to and including the bookmark, every run"
            " reads again, because the API revises them for 30 days. 0 to 90."
        ),
    ),
    th.Property(
        "report_revision_check",
        th.StringType(allowed_values=["totals", "full"]),
        default="totals",
        title="Report revision check",
        description=(
            "How usage and cost of the days of the lookback are read again: totals asks"
            " for their totals and reads the days whose totals have changed, full reads"
            " all of them every time."
        ),
    ),
    th.Property(
        "report_group_by",
        th.ArrayType(th.StringType),
        default=["actor", "product", "model"],
        title="Report grouping",
        description=(
            "Dimensions of usage and cost, at most 5. The legacy streams take those that"
            " exist there."
        ),
    ),
    th.Property(
        "cost_group_by",
        th.ArrayType(th.StringType),
        title="Cost grouping",
        description=(
            "Dimensions of cost, if they are to differ from report_group_by: at most 5,"
            " and besides them cost_type and token_type."
        ),
    ),
    th.Property(
        "exclude_deleted_users",
        th.BooleanType,
        default=False,
        title="Exclude deleted users",
        description=(
            "Whether usage and cost leave out users whose account is deleted. Needs actor"
            " in the grouping."
        ),
    ),
    th.Property(
        "filters",
        th.ArrayType(th.StringType),
        default=[],
        title="Filters",
        description=(
            "What narrows the streams of engagement and adoption: texts dimension:value,"
            " such as rbac_group_id:rbac_group_…. Values of one dimension are alternatives,"
            " all dimensions have to fit. Every selected stream must take them."
        ),
    ),
    th.Property(
        "rbac_group_ids",
        th.ArrayType(th.StringType),
        default=[],
        title="Teams",
        description=(
            "Ids of the teams (RBAC groups) that org_summaries_by_team has, by default all"
            " that were active; usage and cost are narrowed to them too."
        ),
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=1000),
        default=1000,
        title="Page size",
        description=(
            "Rows per page, 1 to 1000. Smaller pages cost more of the organisation's"
            " requests per minute."
        ),
    ),
    th.Property(
        "requests_per_minute",
        th.IntegerType(minimum=1, maximum=10_000),
        default=60,
        title="Requests per minute",
        description=(
            "The most requests that the tap sends in any minute. The API grants 60 to the"
            " whole organisation unless Anthropic has raised the limit. 1 to 10000."
        ),
    ),
    th.Property(
        "max_parallel_requests",
        th.IntegerType(minimum=1, maximum=32),
        default=4,
        title="Parallel requests",
        description=(
            "How many requests may be under way at the same time, to keep the pace when"
            " answers are slow. 1 to 32."
        ),
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3600),
        default=120,
        title="Request timeout in seconds",
        description="Seconds that one whole request may take, its body included.",
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0, maximum=20),
        default=8,
        title="Most retries",
        description=(
            "How often a request is sent again after passing faults (rate limit, overload,"
            " network), before its stream fails. 0 to 20."
        ),
    ),
    th.Property(
        "max_retry_wait",
        th.IntegerType(minimum=1, maximum=3600),
        default=300,
        title="Longest wait in seconds",
        description=(
            "The longest wait that the API may ask for (Retry-After). When it asks for a"
            " longer one, the stream fails. 1 to 3600."
        ),
    ),
    th.Property(
        "api_url",
        th.StringType(min_length=1),
        default="https://api.anthropic.com",
        title="API URL",
        description=(
            "Base URL of the API. Plain http is accepted for loopback hosts only, so that"
            " the key never crosses a network in the clear."
        ),
    ),
    th.Property(
        "user_agent",
        th.StringType(min_length=1),
        title="User agent",
        description=(
            "How the tap names itself to the API. Default:"
            " tap-claude-analytics/VERSION (+project URL)."
        ),
    ),
    additional_properties=False,
).to_dict()
# Null means the default, here as for every other setting.
for _name in ("report_bucket_width", "report_revision_check"):
    CONFIG_JSONSCHEMA["properties"][_name]["enum"].append(None)


def default_of(name: str) -> Any:  # noqa: ANN401 - as many types as there are settings
    """Return a setting's default."""
    return CONFIG_JSONSCHEMA["properties"][name]["default"]


@dataclass(frozen=True)
class Settings:
    """The settings with the types the streams work with.

    ``start_date`` is as the user gave it, maybe before the floor.
    """

    api_key: str
    start_date: pendulum.Date
    end_date: pendulum.Date | None
    data_delay_days: int
    lookback_days: int
    report_bucket_width: str
    report_lookback_days: int
    report_revision_check: str
    report_group_by: tuple[str, ...]
    cost_group_by: tuple[str, ...]
    exclude_deleted_users: bool
    filters: tuple[str, ...]
    rbac_group_ids: tuple[str, ...]
    page_size: int
    requests_per_minute: int
    max_parallel_requests: int
    request_timeout: int
    max_retries: int
    max_retry_wait: int
    api_url: str
    user_agent: str | None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration that has passed the checks; null means the default."""

        def value(name: str) -> Any:  # noqa: ANN401
            given = config.get(name)
            return default_of(name) if given is None else given

        end_date = config.get("end_date")
        return cls(
            api_key=config["api_key"],
            start_date=parse_day(value("start_date")),
            end_date=None if end_date is None else parse_day(end_date),
            data_delay_days=int(value("data_delay_days")),
            lookback_days=int(value("lookback_days")),
            report_bucket_width=value("report_bucket_width"),
            report_lookback_days=int(value("report_lookback_days")),
            report_revision_check=value("report_revision_check"),
            report_group_by=tuple(value("report_group_by")),
            cost_group_by=tuple(
                value("report_group_by")
                if config.get("cost_group_by") is None
                else config["cost_group_by"]
            ),
            exclude_deleted_users=bool(value("exclude_deleted_users")),
            filters=tuple(sorted(set(value("filters")))),
            rbac_group_ids=tuple(sorted(set(value("rbac_group_ids")))),
            page_size=int(value("page_size")),
            requests_per_minute=int(value("requests_per_minute")),
            max_parallel_requests=int(value("max_parallel_requests")),
            request_timeout=int(value("request_timeout")),
            max_retries=int(value("max_retries")),
            max_retry_wait=int(value("max_retry_wait")),
            api_url=value("api_url").rstrip("/"),
            user_agent=config.get("user_agent"),
        )
