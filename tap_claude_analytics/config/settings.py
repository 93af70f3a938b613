"""The settings as typed values, once they have been checked."""

from __future__ import annotations

from dataclasses import dataclass, fields
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
    organization_ids: tuple[str, ...]
    page_size: int
    requests_per_minute: int
    max_parallel_requests: int
    request_timeout: int
    max_retries: int
    max_retry_wait: int
    api_url: str
    user_agent: str | None
    personal_data: str
    personal_data_salt: str | None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Return the settings of a valid configuration; null means the default."""
        names = [field.name for field in fields(cls)]
        given = {name: config[name] for name in names if config.get(name) is not None}
        values: dict[str, Any] = {name: default_of(name) for name in names} | given
        for name, value in values.items():
            if isinstance(value, float):  # JSON Schema calls 5.0 an integer
                values[name] = int(value)
            elif isinstance(value, list):
                values[name] = tuple(value)
        values["start_date"] = parse_day(values["start_date"])
        if values["end_date"] is not None:
            values["end_date"] = parse_day(values["end_date"])
        if values["cost_group_by"] is None:
            values["cost_group_by"] = values["report_group_by"]
        for name in ("filters", "rbac_group_ids", "organization_ids"):
            values[name] = tuple(sorted(set(values[name])))
        values["api_url"] = values["api_url"].rstrip("/")
        return cls(**values)
