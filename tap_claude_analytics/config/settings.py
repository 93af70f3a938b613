"""The settings as typed values, once they have been checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_claude_analytics.common.dates import parse_day
from tap_claude_analytics.config.schema import default_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pendulum


@dataclass(frozen=True)
class Settings:
    """The settings with the types that the other rooms use.

    ``start_date`` is what the user has set, maybe before the first day of the API.
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
        """Return the settings of a valid configuration; null means the default."""

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
