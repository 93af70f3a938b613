"""What usage and cost are asked for: which days, and what makes a row."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_claude_analytics import windows
from tap_claude_analytics.client import REFUSALS
from tap_claude_analytics.errors import BadRequestError
from tap_claude_analytics.streams.base import DayStream
from tap_claude_analytics.streams.day_reading import STARTING_AT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pendulum
    import requests
    from singer_sdk.helpers.types import Record

    from tap_claude_analytics.settings import Settings
    from tap_claude_analytics.streams.day_reading import Asked

#: The most days that one request may span.
MAX_DAYS = 31
#: Whole days that can be asked for: 365 days back are counted from the instant.
SERVED_DAYS = 364


class ReportQuestions(DayStream, abc.ABC):
    """The questions of a stream of usage or cost."""

    replication_key = STARTING_AT
    mended = (*DayStream.mended, BadRequestError)

    #: The dimensions that the endpoint takes.
    dimensions: ClassVar[tuple[str, ...]]
    #: What the endpoint calls the width of its buckets.
    width_parameter: ClassVar[str] = "bucket_width"
    #: The most days that one request is sent for.
    days_per_request: ClassVar[int] = MAX_DAYS

    @override
    def bookmark_text(self, day: pendulum.Date) -> str:
        return f"{day.isoformat()}T00:00:00Z"

    @property
    @override
    def window(self) -> windows.Window | None:
        """The days to read: up to the one that is still filling."""
        return self.window_with(self.tap.settings.report_lookback_days)

    def window_with(self, lookback_days: int) -> windows.Window | None:
        """Return the days to read with a lookback of so many days."""
        return windows.reading_window(
            start=max(self.tap.settings.start_date, self.earliest_day),
            end=self.tap.settings.end_date,
            bookmark=self.bookmark,
            lookback_days=lookback_days,
            today=self.tap.today,
            delay_days=0,
        )

    def is_final(self, day: pendulum.Date) -> bool:
        """Tell whether the API revises a day no more."""
        return (self.tap.today - day).days > self.tap.settings.report_lookback_days

    @property
    def earliest_day(self) -> pendulum.Date:
        """The earliest day that the API still serves."""
        return self.tap.today.subtract(days=SERVED_DAYS)

    @property
    def lost_days(self) -> windows.Window | None:
        """Days that are still to be read, but that the API does not serve any more."""
        first = max(windows.FLOOR, self.tap.settings.start_date)
        if self.bookmark is not None:
            first = max(first, self.bookmark.add(days=1))
        last = self.earliest_day.subtract(days=1)
        if self.tap.settings.end_date is not None:
            last = min(last, self.tap.settings.end_date)
        return None if first > last else (first, last)

    @property
    def wanted_dimensions(self) -> tuple[str, ...]:
        """The dimensions that the user wants."""
        return self.tap.settings.report_group_by

    @property
    def group_by(self) -> list[str]:
        """The dimensions that are asked for: those wanted that the endpoint takes."""
        return [name for name in self.wanted_dimensions if name in self.dimensions]

    @property
    def row_dimensions(self) -> list[str]:
        """The dimensions that a row has: those asked for."""
        return self.group_by

    @override
    def row_question(self) -> dict[str, Any]:
        question = {
            self.width_parameter: self.tap.settings.report_bucket_width,
            "group_by[]": self.group_by,
        }
        if self.tap.settings.rbac_group_ids:
            question["rbac_group_ids[]"] = list(self.tap.settings.rbac_group_ids)
        return question

    @property
    @override
    def narrowed_by(self) -> str | None:
        return "rbac_group_ids" if self.tap.settings.rbac_group_ids else None

    @property
    def paging(self) -> dict[str, Any]:
        """The parameters that say how much a page holds, and in which order."""
        return {"limit": self.tap.settings.page_size}

    @override
    def prepare_state(self) -> bool:
        """Name days that are lost."""
        is_early = super().prepare_state()
        if self.lost_days is not None:
            self._warn_of_lost(*self.lost_days)
        return is_early

    def _warn_of_lost(self, first: pendulum.Date, last: pendulum.Date) -> None:
        self.logger.warning(
            "The API serves usage and cost of the last 365 days only: those of %s to %s can"
            " no longer be had.",
            first,
            last,
        )

    @override
    def question(self, part: windows.Window) -> dict[str, Any]:
        first, last = part
        return {
            "starting_at": self.bookmark_text(first),
            "ending_at": self.bookmark_text(last.add(days=1)),  # exclusive
            **self.row_question(),
            **self.paging,
        }

    @override
    def parts(self, window: windows.Window) -> Iterator[windows.Window]:
        is_narrow = self.tap.settings.report_bucket_width == "1m"
        return windows.chunks(window, 1 if is_narrow else self.days_per_request)

    @override
    def read_part(self, asked: Asked) -> Iterator[Record]:
        first, last = asked.part
        try:
            yield from super().read_part(asked)
        except BadRequestError:
            # By the API's own clock the day may lie too far back by now.
            if first != self.earliest_day or self.window == (first, first):
                raise
            self._warn_of_lost(first, first)
            if first < last:
                (rest,) = self.ask([(first.add(days=1), last)])
                yield from super().read_part(rest)

    @override
    def response_error_message(self, response: requests.Response) -> str:
        message = super().response_error_message(response)
        if response.status_code not in REFUSALS:
            return message
        return (
            f"{message} Usage and cost also need a plan that has them; to run without,"
            f' deselect the stream ("!{self.name}.*" in select, or in the catalog).'
        )


def without_deleted_users(settings: Settings) -> dict[str, Any]:
    """Return the parameter that leaves out deleted users, if they are to be left out."""
    return {"exclude_deleted_users": "true"} if settings.exclude_deleted_users else {}
