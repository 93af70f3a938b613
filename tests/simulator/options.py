"""What kind of organisation is simulated, and how the API in front of it behaves."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

_Value = TypeVar("_Value")

# The first day the API knows.
FLOOR = date(2026, 1, 1)
ONE_DAY = timedelta(days=1)

OLDER = "2023-06-01"
NEWER = "2026-10-21"
# The values of the header `anthropic-version` that are understood.
GENERATIONS = (OLDER, NEWER)
_KEY = "sk-ant-api01-simulator-0000"
_SCOPES = "read:analytics read:members read:rbac_groups read:spend_limits"
_ORGANIZATION = "7b0d3c52-9f3e-4a57-8a0e-2f1f6c1d0a00"


def _option(text: str, *, default: _Value) -> _Value:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, kw_only=True)
class Options:
    """Size and habits of the organisation and of its API."""

    seed: int = _option("the same seed gives the same rows", default=7)
    users: int = _option("accounts that ever exist", default=50)
    projects: int = _option("chat projects", default=20)
    skills: int = _option("skills, besides the bucket 'unknown'", default=12)
    connectors: int = _option("connectors", default=8)
    plugins: int = _option("plugins, besides the bucket 'third-party'", default=6)
    delay_days: int = _option("the youngest day is so many days before today", default=1)
    generation: str = _option(
        "the version of all answers; none: that which is asked for", default=""
    )
    today: date | None = field(
        default=None,
        metadata={"help": "pretend that today is this day, YYYY-MM-DD; else the UTC date"},
    )
    api_key: str = _option("the key that is accepted", default=_KEY)
    scopes: str = _option("the scopes of the key, with spaces between", default=_SCOPES)
    organization_id: str = _option("what every answer names", default=_ORGANIZATION)
    currency: str = _option("the currency of the spend limits", default="USD")
    empty_page_every: int = _option(
        "one in so many answers has an empty page; 0: none", default=0
    )
    refreshed_hours: int = _option("how many hours of today reports know", default=6)
    tell_refreshed: bool = _option("whether reports tell how far they reach", default=True)
    revisions: bool = _option("whether reports vary for 30 days", default=False)
    echo_last_cursor: bool = _option(
        "whether a report's last page has a cursor", default=False
    )
    port: int = _option("port on 127.0.0.1; 0: any free one", default=0)
