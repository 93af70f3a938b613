"""Moments as the API writes and rounds them."""

from datetime import date, datetime, time, timedelta, timezone

WIDTHS = {
    "1d": timedelta(days=1),
    "1h": timedelta(hours=1),
    "1m": timedelta(minutes=1),
}


def midnight(day: date) -> datetime:
    """Give the first instant of a UTC day."""
    return datetime.combine(day, time(), timezone.utc)


def noon(day: date) -> datetime:
    """Give the instant of a UTC day at which the API is asked."""
    return datetime.combine(day, time(12), timezone.utc)


def write(moment: datetime) -> str:
    """Write a UTC timestamp as the API does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def floor(moment: datetime, width: str) -> datetime:
    """Round down to the bound of a bucket."""
    if width == "1d":
        return midnight(moment.date())
    minute = moment.minute if width == "1m" else 0
    return moment.replace(minute=minute, second=0, microsecond=0)
