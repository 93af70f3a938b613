"""Where the API stands in time: what it knows already and how far back it goes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from tests.simulator.options import FLOOR

WIDTHS = {
    "1d": timedelta(days=1),
    "1h": timedelta(hours=1),
    "1m": timedelta(minutes=1),
}
_MAX_AGE = timedelta(days=365)
_FORM = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def midnight(day: date) -> datetime:
    """Give the first instant of a UTC day."""
    return datetime.combine(day, time(), timezone.utc)


def noon(day: date) -> datetime:
    """Give the instant of a UTC day at which the API is asked."""
    return datetime.combine(day, time(12), timezone.utc)


@dataclass(frozen=True)
class Clock:
    """The moment of a request, which is the noon of a day."""

    today: date
    refreshed_hours: int

    @property
    def refreshed_at(self) -> datetime:
        """The moment up to which there are data."""
        return midnight(self.today) + timedelta(hours=self.refreshed_hours)

    @property
    def earliest(self) -> datetime:
        """The earliest moment that can be asked for."""
        return max(noon(self.today) - _MAX_AGE, midnight(FLOOR))


def parse(text: str) -> datetime | None:
    """Read a timestamp of RFC 3339; newer Pythons would take other ISO forms too."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    stem, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(stem + zone.replace("Z", "+00:00"))
        moment = moment.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return moment + timedelta(microseconds=int(((fraction or "") + "000000")[:6]))


def write(moment: datetime) -> str:
    """Write a UTC timestamp as the API does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def floor(moment: datetime, width: str | None) -> datetime:
    """Round down to the bound of a bucket, or to the hour when there are none."""
    if width == "1d":
        return midnight(moment.date())
    minute = moment.minute if width == "1m" else 0
    return moment.replace(minute=minute, second=0, microsecond=0)
