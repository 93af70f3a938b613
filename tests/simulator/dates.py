"""The rules of the date parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from .errors import bad_request
from .options import FLOOR, ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DAYS = 366
_FORM = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """What the API has at this moment."""

    latest: date
    """The youngest day that is available."""


@dataclass(frozen=True)
class Days:
    """The date parameters of one request."""

    scalars: Mapping[str, str]
    calendar: Calendar

    def single_or_range(self) -> tuple[date, ...]:
        """Read `date`, or else the range of a rollup."""
        if "date" in self.scalars:
            if self.scalars.keys() & {"starting_date", "ending_date"}:
                message = "date: use either date or starting_date, not both"
                raise bad_request(message)
            day = self._day("date")
            self._check_available("date", day)
            return (day,)
        if "starting_date" in self.scalars:
            return self.series()
        if "ending_date" in self.scalars:
            message = "ending_date: only valid with starting_date"
            raise bad_request(message)
        message = "date: required"
        raise bad_request(message)

    def series(self) -> tuple[date, ...]:
        """Read `starting_date` and the exclusive `ending_date`, if any."""
        if "starting_date" not in self.scalars:
            message = "starting_date: required"
            raise bad_request(message)
        start = self._day("starting_date")
        self._check_available("starting_date", start)
        last_end = self.calendar.latest + ONE_DAY
        end = self._day("ending_date") if "ending_date" in self.scalars else last_end
        if end <= start:
            message = f"ending_date: {end} must be later than starting_date {start}"
            raise bad_request(message)
        if (end - start).days > MAX_DAYS:
            message = f"ending_date: at most {MAX_DAYS} days, got {(end - start).days}"
            raise bad_request(message)
        if end > last_end:
            message = (
                f"ending_date: data up to {end} (exclusive) is not available yet; "
                f"the latest available day is {self.calendar.latest}"
            )
            raise bad_request(message)
        return tuple(start + timedelta(days=n) for n in range((end - start).days))

    def _day(self, name: str) -> date:
        text = self.scalars[name]
        day = _parse(text)
        if day is None:
            message = f"{name}: must be a date in the form YYYY-MM-DD, got {text!r}"
            raise bad_request(message)
        if day < FLOOR:
            message = f"{name}: {day} is before {FLOOR}, the first day there is"
            raise bad_request(message)
        return day

    def _check_available(self, name: str, day: date) -> None:
        if day > self.calendar.latest:
            message = (
                f"{name}: data for {day} is not available yet; "
                f"the latest available day is {self.calendar.latest}"
            )
            raise bad_request(message)


def _parse(text: str) -> date | None:
    """Read a date; newer Pythons would take other ISO forms than the API does."""
    try:
        return date.fromisoformat(text) if _FORM.fullmatch(text) else None
    except ValueError:
        return None
