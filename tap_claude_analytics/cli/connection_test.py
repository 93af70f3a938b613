"""The connection test: one request per endpoint, and what came of it in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_claude_analytics.api.errors import (
    PassingError,
    RefusedError,
    UnexpectedAnswerError,
)
from tap_claude_analytics.common.dates import FLOOR
from tap_claude_analytics.common.errors import (
    KEY_ADVICE,
    SCOPE_ADVICE,
    RunFailedError,
    StreamFailedError,
)
from tap_claude_analytics.common.names import STARTING_AT
from tap_claude_analytics.config.schema import default_of
from tap_claude_analytics.days.availability import NotAvailableYetError
from tap_claude_analytics.records.shapes import RowDecoder, day_in
from tap_claude_analytics.streams.sources.source import Endpoint
from tap_claude_analytics.streams.spec import Family

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pendulum

    from tap_claude_analytics.api.client import ApiOptions, Client
    from tap_claude_analytics.streams.day_stream import DayStream
    from tap_claude_analytics.streams.run import Run

#: Somebody waits for the result, so temporary faults are not retried for minutes.
_MAXIMA = {"max_retries": 1, "max_retry_wait": 10, "request_timeout": 30}

#: What the setting `personal_data` does, for who has to be sure of it before a first run.
_MASKED = {
    "hash": "E-mail addresses and other identities are hashed, and names are left out.",
    "drop": "E-mail addresses, other identities and names are left out.",
}

_ANY_ROWS = RowDecoder(dict)


class ConnectionTest:
    """Asks every endpoint for one row, and says which streams the key can read."""

    def __init__(self, run: Run, client: Client, streams: Sequence[DayStream]) -> None:
        """Prepare the test.

        Args:
            run: What the streams share.
            client: Sends the requests.
            streams: All streams; summaries first, since they tell the latest day.
        """
        self._run = run
        self._client = client
        self._streams = streams
        self._latest: pendulum.Date | None = None
        #: What is wrong with each endpoint that has been asked; None if nothing is.
        self._errors: dict[str, StreamFailedError | None] = {}

    def lines(self) -> Iterator[str]:
        """Ask, and yield one line per finding.

        Raises:
            RunFailedError: If an endpoint cannot be read that a selected stream needs.
        """
        for stream in self._streams:
            path, *_ = stream.source(_ignore).endpoints
            if path not in self._errors:
                self._errors[path] = self._ask(stream, path)
        if None not in self._errors.values():
            raise RunFailedError(self._refused_everywhere())
        yield f"{self._client.options.api_url} accepts the key."
        if self._latest is not None:
            yield f"The latest day that the API has is {self._latest}."
        if self._run.settings.personal_data != "keep":
            yield _MASKED[self._run.settings.personal_data]
        for stream in self._streams:
            finding = self._finding(stream)
            answer = "no " if finding else "yes"
            yield f"{answer}  {stream.name}: {finding or 'can be read'}"
        failed = dict.fromkeys(self._finding(s) for s in self._streams if s.selected)
        failed.pop("", None)
        if failed:
            raise RunFailedError(*failed)

    def _finding(self, stream: DayStream) -> str:
        """Return why a stream cannot be read, in a sentence; empty if it can."""
        errors = (self._errors[path] for path in stream.source(_ignore).endpoints)
        error = next(filter(None, errors), None)
        if error is None:
            return ""
        # The key is right where it opens another endpoint.
        sentence = (
            str(error).removesuffix(f" {KEY_ADVICE}").removesuffix(f" {SCOPE_ADVICE}")
        )
        return " ".join(filter(None, (sentence, stream.advice(error))))

    def _ask(self, stream: DayStream, path: str) -> StreamFailedError | None:
        """Return what is wrong with an endpoint, asked as for a stream.

        Raises:
            RunFailedError: If nothing can be read so far and this is not a refusal: then
                other endpoints would not answer either.
        """
        run = self._run
        endpoint = Endpoint(
            self._client, path, run.today, run.organization, _ignore, stream.spec.paging
        )
        delayed = run.today.subtract(days=run.settings.data_delay_days)
        day = max(FLOOR, self._latest or delayed)
        is_daily = stream.spec.family is Family.DAILY
        try:
            parameters = stream.source(_ignore).sample(day)
            page = next(endpoint.pages(parameters, day if is_daily else None))
            if stream.spec.family is Family.SUMMARIES:
                rows = endpoint.batch(page, _ANY_ROWS).rows
                days = filter(None, (day_in(row, STARTING_AT) for row in rows))
                self._latest = max(days, default=None)
        except NotAvailableYetError as error:
            # That of the summaries counts: they were not asked for a certain day.
            self._latest = self._latest or error.latest
        except RefusedError as error:
            return error
        except StreamFailedError as error:
            if None not in self._errors.values():
                sentences = f"{error}{self._url_advice(error)}"
                raise RunFailedError(sentences) from None
            return error
        return None

    def _url_advice(self, error: StreamFailedError) -> str:
        """Return advice for an answer that did not come from the API."""
        is_foreign = isinstance(error, UnexpectedAnswerError) or (
            isinstance(error, PassingError) and not error.is_from_api
        )
        if not is_foreign:
            return ""
        return (
            f" Check that api_url ({self._client.options.api_url}) is right, and whether a"
            " proxy or a firewall is in between."
        )

    def _refused_everywhere(self) -> str:
        """Return one sentence for a key that opens no endpoint."""
        api_url = self._client.options.api_url
        (first, *_) = self._errors.values()
        advice = f" Also check api_url ({api_url})."
        return (
            f"The API refuses this key for every endpoint asked. {first}"
            f"{'' if api_url == default_of('api_url') else advice}"
        )


def quick(options: ApiOptions) -> ApiOptions:
    """Return options with which no fault is waited for long."""
    maxima = {name: min(most, getattr(options, name)) for name, most in _MAXIMA.items()}
    return replace(options, **maxima)


def _ignore(_status: int, _seconds: float) -> None:
    """Measure nothing."""
