"""The settings as a JSON schema, with titles and descriptions for people."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from tap_claude_analytics.common.dates import FLOOR

CONFIG_JSONSCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "api_key",
        th.StringType(min_length=1),
        required=True,
        secret=True,
        title="API key",
        description=(
            "Analytics API key with the scope read:analytics, created by the Primary Owner"
            " of the organisation at claude.ai/analytics/api-keys."
        ),
    ),
    th.Property(
        "start_date",
        th.DateType,
        default=FLOOR.isoformat(),
        title="Start date",
        description=(
            "First UTC day to read: a date or an RFC 3339 timestamp. The API has nothing"
            f" before {FLOOR}: an earlier date is replaced by it, with a warning."
        ),
    ),
    th.Property(
        "end_date",
        th.DateType,
        title="End date",
        description=(
            "Last UTC day to read, inclusive: a date or an RFC 3339 timestamp. Without it"
            " the tap reads up to the most recent day."
        ),
    ),
    th.Property(
        "data_delay_days",
        th.IntegerType(minimum=0, maximum=30),
        default=3,
        title="Data delay in days",
        description=(
            "How many days behind today (UTC) the most recent day to read is. 0 to 30."
        ),
    ),
    th.Property(
        "lookback_days",
        th.IntegerType(minimum=0, maximum=90),
        default=3,
        title="Lookback in days",
        description=(
            "How many days up to and including the bookmark every run reads again, because"
            " the API revises days. 0 to 90."
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
            "How many days of usage and cost up to and including the bookmark every run"
            " reads again, because the API revises them for 30 days. 0 to 90."
        ),
    ),
    th.Property(
        "report_revision_check",
        th.StringType(allowed_values=["totals", "full"]),
        default="totals",
        title="Report revision check",
        description=(
            "How the days of report_lookback_days are read again: totals asks for their"
            " totals and reads the days whose totals have changed; full reads all of them"
            " in every run."
        ),
    ),
    th.Property(
        "report_group_by",
        th.ArrayType(th.StringType),
        default=["actor", "product", "model"],
        title="Report grouping",
        description=(
            "Dimensions of usage and cost, at most 5. The legacy streams use those that"
            " they support."
        ),
    ),
    th.Property(
        "cost_group_by",
        th.ArrayType(th.StringType),
        title="Cost grouping",
        description=(
            "Dimensions of cost, if they differ from report_group_by: at most 5, not"
            " counting cost_type and token_type."
        ),
    ),
    th.Property(
        "exclude_deleted_users",
        th.BooleanType,
        default=False,
        title="Exclude deleted users",
        description=(
            "Whether usage and cost leave out users whose account has been deleted."
            " Requires actor in the grouping."
        ),
    ),
    th.Property(
        "filters",
        th.ArrayType(th.StringType),
        default=[],
        title="Filters",
        description=(
            "Filters for the streams of activity and adoption, as dimension:value, such as"
            " rbac_group_id:rbac_group_…. Several values of one dimension are alternatives;"
            " all dimensions must match. Every selected stream must support them."
        ),
    ),
    th.Property(
        "rbac_group_ids",
        th.ArrayType(th.StringType),
        default=[],
        title="Teams",
        description=(
            "Ids of the teams (RBAC groups) to read in org_summaries_by_team, by default"
            " all active ones. Usage and cost are limited to them too."
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
            "Maximum number of requests that the tap sends in any minute. The API allows 60"
            " for the whole organisation unless Anthropic has raised the limit. 1 to 10000."
        ),
    ),
    th.Property(
        "max_parallel_requests",
        th.IntegerType(minimum=1, maximum=32),
        default=4,
        title="Parallel requests",
        description=(
            "Maximum number of requests at the same time, to keep the pace when answers are"
            " slow. 1 to 32."
        ),
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=3600),
        default=120,
        title="Request timeout in seconds",
        description="Seconds that one request may take, including its body. 1 to 3600.",
    ),
    th.Property(
        "max_retries",
        th.IntegerType(minimum=0, maximum=20),
        default=8,
        title="Maximum retries",
        description=(
            "How often a request is retried after temporary faults (rate limit, overload,"
            " network) before its stream fails. 0 to 20."
        ),
    ),
    th.Property(
        "max_retry_wait",
        th.IntegerType(minimum=1, maximum=3600),
        default=300,
        title="Maximum retry wait in seconds",
        description=(
            "Longest wait that the API may ask for (Retry-After). If it asks for a longer"
            " one, the stream fails. 1 to 3600."
        ),
    ),
    th.Property(
        "api_url",
        th.StringType(min_length=1),
        default="https://api.anthropic.com",
        title="API URL",
        description=(
            "Base URL of the API. Plain http is accepted only for loopback hosts, so that"
            " the key is never sent unencrypted over a network."
        ),
    ),
    th.Property(
        "user_agent",
        th.StringType(min_length=1),
        title="User agent",
        description=(
            "How the tap identifies itself to the API. Default:"
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
