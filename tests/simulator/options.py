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
        metadata={"help": "the one key that is accepted"},
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
