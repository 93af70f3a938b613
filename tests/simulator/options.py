"""What kind of organisation is simulated, and how the API in front of it behaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

FLOOR = date(2026, 1, 1)
"""The first day the API knows."""

ONE_DAY = timedelta(days=1)

OLDER = "2023-06-01"
NEWER = "2026-10-21"
GENERATIONS = (OLDER, NEWER)
"""The values of the header `anthropic-version` that are understood."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Size and habits of the organisation and of its API."""

    seed: int = field(default=7, metadata={"help": "the same seed gives the same rows"})
    users: int = field(default=50, metadata={"help": "accounts that ever exist"})
    projects: int = field(default=20, metadata={"help": "chat projects"})
    skills: int = field(
        default=12, metadata={"help": "skills, besides the bucket 'unknown'"}
    )
    connectors: int = field(default=8, metadata={"help": "connectors"})
    plugins: int = field(
        default=6, metadata={"help": "plugins, besides the bucket 'third-party'"}
    )
    delay_days: int = field(
        default=1,
        metadata={"help": "the youngest day that exists is this many days before today"},
    )
    generation: str = field(
        default=NEWER,
        metadata={"help": "answers to requests without the header anthropic-version"},
    )
    force_generation: bool = field(
        default=False,
        metadata={"help": "answer in that generation whatever the header says"},
    )
    today: date | None = field(
        default=None,
        metadata={"help": "pretend that today is this day, YYYY-MM-DD; else the UTC date"},
    )
    api_key: str = field(
        default="sk-ant-api01-simulator-0000",
        metadata={"help": "the key that is accepted"},
    )
    scopes: str = field(
        default="read:analytics read:members read:rbac_groups read:spend_limits",
        metadata={"help": "the scopes of the key, with spaces between them"},
    )
    linked: bool = field(
        default=True,
        metadata={"help": "whether the key is one for all linked organisations"},
    )
    organization_id: str = field(
        default="7b0d3c52-9f3e-4a57-8a0e-2f1f6c1d0a00",
        metadata={"help": "the organisation that every answer names"},
    )
    console: bool = field(
        default=False,
        metadata={"help": "whether it is a Console organisation, not an Enterprise one"},
    )
    hipaa_ready: bool = field(
        default=False,
        metadata={"help": "whether HIPAA readiness shuts the reports usage and cost"},
    )
    currency: str = field(
        default="USD", metadata={"help": "the currency of the spend limits"}
    )
    rate_limits: bool = field(
        default=False,
        metadata={"help": "whether more requests a minute than allowed get a 429"},
    )
    empty_page_every: int = field(
        default=0,
        metadata={"help": "put an empty page into about one in so many answers; 0: never"},
    )
    reports: bool = field(
        default=True,
        metadata={"help": "whether the plan has the reports on token usage and cost"},
    )
    refreshed_hours: int = field(
        default=6,
        metadata={
            "help": "reports know so many hours of today; negative: not all of before"
        },
    )
    tell_refreshed: bool = field(
        default=True,
        metadata={"help": "whether reports tell until when they know everything"},
    )
    revisions: bool = field(
        default=False,
        metadata={"help": "whether the figures of reports vary until they are 30 days old"},
    )
    echo_last_cursor: bool = field(
        default=False,
        metadata={"help": "whether the last page of a report still shows a cursor"},
    )
    port: int = field(default=0, metadata={"help": "port on 127.0.0.1; 0: any free one"})

    def __post_init__(self) -> None:
        """Refuse a generation that the API never had."""
        if self.generation not in GENERATIONS:
            message = f"generation must be one of {GENERATIONS}, not {self.generation!r}"
            raise ValueError(message)
