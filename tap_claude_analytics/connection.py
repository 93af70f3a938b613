"""The connection test: a request per endpoint, and what came of it in words."""

from __future__ import annotations

import logging
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from singer_sdk.metrics import METRICS_LOGGER_NAME

from tap_claude_analytics.client import STREAM_FAULTS
from tap_claude_analytics.errors import (
    KEY_ADVICE,
    NotAvailableYetError,
    RefusedError,
    RunFailedError,
    UnexpectedAnswerError,
)
from tap_claude_analytics.session import PASSING_FAULTS
from tap_claude_analytics.settings import default_of
from tap_claude_analytics.streams import DAY_STREAM_TYPES
from tap_claude_analytics.streams.base import DayStream
from tap_claude_analytics.streams.day_reading import STARTING_AT
from tap_claude_analytics.streams.fields import day_in
from tap_claude_analytics.streams.summaries import SummarySeries
from tap_claude_analytics.windows import FLOOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pendulum

    from tap_claude_analytics.tap import TapClaudeAnalytics

#: Somebody waits for the result, so passing faults are not sat out for minutes.
MOST = {"max_retries": 1, "max_retry_wait": 10, "request_timeout": 30}
#: How many days back summaries are asked for, to see which one is the latest.
DAYS_BACK = 31


class ConnectionTest:
    """Asks every endpoint for one row, and says what the key can read."""

    def __init__(self, tap: TapClaudeAnalytics) -> None:
        """Test the connection of a tap."""
        tap.settings = replace(
            tap.settings,
            **{name: min(most, getattr(tap.settings, name)) for name, most in MOST.items()},
        )
        self._tap = tap
        self._latest: pendulum.Date | None = None
        #: What is wrong with each endpoint that was asked; empty if nothing is.
        self._findings: dict[str, str] = {}

    def run(self) -> Iterator[str]:
        """Ask, and yield a line per finding.

        Raises:
            RunFailedError: If an endpoint cannot be read that the streams selected need.
        """
        logging.getLogger(METRICS_LOGGER_NAME).setLevel(logging.WARNING)
        # In the registry's order: summaries come first, which say how far the days go.
        streams = [
            stream
            for stream_type in DAY_STREAM_TYPES
            if isinstance(stream := self._tap.streams[stream_type.name], DayStream)
        ]
        for stream in streams:
            if stream.path not in self._findings:
                self._findings[stream.path] = self._ask(stream)
            if self._tap.trouble.key_refused:
                self._tap.trouble.raise_if_any()
        yield f"{self._tap.settings.api_url} accepts the key."
        if self._latest is not None:
            yield f"The latest day that the API has is {self._latest}."
        yield from map(self._row, streams)
        failed = dict.fromkeys(self._finding(s) for s in streams if s.selected)
        failed.pop("", None)
        if failed:
            raise RunFailedError(*failed)

    def _finding(self, stream: DayStream) -> str:
        return next(filter(None, map(self._findings.get, stream.endpoints)), "")

    def _row(self, stream: DayStream) -> str:
        finding = self._finding(stream)
        return f"{'no ' if finding else 'yes'}  {stream.name}: {finding or 'can be read'}"

    def _ask(self, stream: DayStream) -> str:
        """Return what is wrong with an endpoint, and empty text if nothing is."""
        try:
            page = next(iter(stream.request_pages(self._question(stream))), None)
        except NotAvailableYetError as error:
            # That of the summaries counts, as it was not asked for a certain day.
            self._latest = self._latest or error.latest
        except STREAM_FAULTS as error:
            return self._fault(stream, error)
        else:
            if page is not None and isinstance(stream, SummarySeries):
                days = [day for row in page.rows() if (day := day_in(row, STARTING_AT))]
                self._latest = max(days, default=None)
        finally:
            stream.requests_session.close()
        return ""

    def _fault(self, stream: DayStream, error: Exception) -> str:
        """Return what went wrong; until something can be read, more may be to say.

        Raises:
            RunFailedError: If no endpoint has been answered with a page, nor this one
                with a refusal: then it is not worth while to ask others.
        """
        reason, api_url = stream.fault_text(error), self._tap.settings.api_url
        can_read = "" in self._findings.values()
        if isinstance(error, RefusedError):
            if can_read:  # so the key is right
                reason = reason.replace(f" {KEY_ADVICE}", "")
            elif api_url != default_of("api_url"):
                reason += f" Or api_url ({api_url}) is not the API's."
            self._tap.trouble.failed(stream.name, stream.path, error, reason)
        elif not can_read:
            if _is_of_something_else(error):
                reason += (
                    f" Check that api_url ({api_url}) is right, and whether a proxy or a"
                    " firewall lies between."
                )
            raise RunFailedError(reason) from None
        return reason

    def _question(self, stream: DayStream) -> dict[str, Any]:
        """Return a question for one row of a day that should be there."""
        today, settings = self._tap.today, self._tap.settings
        if isinstance(stream, SummarySeries):
            first = max(FLOOR, today.subtract(days=DAYS_BACK))
            return {"starting_date": first.isoformat()}
        delayed = today.subtract(days=settings.data_delay_days)
        day = max(FLOOR, self._latest or delayed)
        return stream.question((day, day)) | {"limit": 1}


def _is_of_something_else(error: Exception) -> bool:
    """Tell whether it was something else than the API that answered, or nothing."""
    response = getattr(error, "response", None)
    is_page = response is not None and response.status_code == HTTPStatus.OK
    return is_page or isinstance(error, (UnexpectedAnswerError, *PASSING_FAULTS))
