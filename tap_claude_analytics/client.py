"""One conversation with the API: URL, headers, pages, retries and error texts."""

from __future__ import annotations

import abc
import email.utils
import math
from functools import cache, cached_property
from http import HTTPStatus
from importlib.metadata import metadata
from typing import TYPE_CHECKING, Any, cast

import backoff
from singer_sdk.authenticators import APIKeyAuthenticator
from singer_sdk.exceptions import RetriableAPIError
from singer_sdk.pagination import BaseAPIPaginator
from singer_sdk.streams import RESTStream
from typing_extensions import override

from tap_claude_analytics import answers, clock
from tap_claude_analytics.errors import (
    KEY_ADVICE,
    TAP_NAME,
    ApiError,
    BadRequestError,
    CursorExpiredError,
    RefusedError,
    UnexpectedAnswerError,
)
from tap_claude_analytics.session import PASSING_FAULTS, ApiSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import requests
    from backoff.types import Details
    from singer_sdk.helpers.types import Context
    from singer_sdk.streams.rest import HTTPRequest, PageContext

    from tap_claude_analytics.pages import Page, PageReader
    from tap_claude_analytics.tap import TapClaudeAnalytics

BASE_PATH = "/v1/organizations/analytics/"
#: More rows than any question has; pages that hold so many follow each other for ever.
MAX_ROWS = 10_000_000
#: Seconds that waits grow to where the API does not say how long to wait.
LONGEST_GROWN_WAIT = 60
API_VERSION = "2026-10-21"

REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
#: What fails one stream: an answer that says no, or a passing fault that did not pass.
STREAM_FAULTS = (ApiError, RetriableAPIError, *PASSING_FAULTS)


@cache
def default_user_agent() -> str:
    """Return how this tap names itself: name, version and project URL."""
    about = metadata(TAP_NAME)
    links = dict(link.split(", ", 1) for link in about.get_all("Project-URL") or [])
    return f"{TAP_NAME}/{about['Version']} (+{links['Homepage']})"


class CursorPaginator(BaseAPIPaginator[str | None]):
    """Follow ``next_page`` until it is null, over empty pages too."""

    def __init__(self, pages: PageReader, most_pages: int) -> None:
        """Start at the first page, and take so many pages for endless ones."""
        super().__init__(None)
        self._pages = pages
        self._most_pages = most_pages
        self._seen: set[str] = set()

    @override
    def get_next(self, response: requests.Response) -> str | None:
        return self._pages.read(response).next_page

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        return True

    @override
    def advance(self, response: requests.Response) -> None:
        cursor = self.get_next(response)
        if cursor in self._seen:
            raise _endless(response, "a cursor that was sent before")
        if cursor:
            self._seen.add(cursor)
        if len(self._seen) > self._most_pages:
            raise _endless(response, f"the cursor of page {len(self._seen) + 1}")
        super().advance(response)


def _endless(response: requests.Response, found: str) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(
        f"{answers.asked(response)} was answered with {found}, where its pages were"
        f" expected to end (request id {answers.request_id(response)})."
    )


def requested_wait(response: requests.Response) -> float | None:
    """Return the seconds that an answer asks to wait, None if it does not say.

    ``retry-after-ms`` holds milliseconds; ``retry-after`` seconds, maybe fractional, or
    an HTTP date, which counts from the answer's own date: the clock of this machine may be
    wrong.
    """
    headers = response.headers
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    seconds = _number(headers.get("retry-after"))
    if seconds is not None:
        return seconds
    moment = _instant(headers.get("retry-after"))
    if moment is None:
        return None
    return max(0.0, moment - (_instant(headers.get("date")) or clock.now().timestamp()))


def _instant(text: str | None) -> float | None:
    """Return the instant that an HTTP date names, None if it names none."""
    try:
        return email.utils.parsedate_to_datetime(text or "").timestamp()
    except (OverflowError, ValueError):
        return None


def _number(text: str | None) -> float | None:
    """Return a number that can be waited for, None if the header holds none."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


class AnalyticsStream(RESTStream[str | None], abc.ABC):
    """A stream that talks to one endpoint of the Analytics API."""

    name: str
    path: str
    allow_redirects = False  # requests would carry x-api-key to the other host

    def __init__(self, tap: TapClaudeAnalytics) -> None:
        """Belong to a tap, whose settings hold for the conversation."""
        super().__init__(tap)
        self.tap = tap

    @property
    @override
    def url_base(self) -> str:
        return f"{self.tap.settings.api_url}{BASE_PATH}"

    @override
    def get_url(self, context: Context | None) -> str:
        # The SDK would put settings, the key among them, in place of braces in the URL.
        return f"{self.url_base}{self.path}"

    @cached_property
    @override
    def requests_session(self) -> requests.Session:
        return ApiSession(
            base_url=self.tap.settings.api_url,
            request_timeout=self.timeout,
            pacer=self.tap.pacer,
            connections=self.tap.settings.max_parallel_requests,
        )

    @property
    @override
    def timeout(self) -> int:
        return self.tap.settings.request_timeout

    @property
    @override
    def authenticator(self) -> APIKeyAuthenticator:
        return APIKeyAuthenticator(key="x-api-key", value=self.tap.settings.api_key)

    @property
    @override
    def http_headers(self) -> dict[str, str]:
        return {
            "Accept": "application/json",
            "User-Agent": self.tap.settings.user_agent or default_user_agent(),
            "anthropic-version": API_VERSION,
        }

    @override
    def get_http_request(self, *, page: PageContext[str | None]) -> HTTPRequest:
        request = super().get_http_request(page=page)
        request.params = {
            **(page.stream_context or {}),
            **self.unlogged_question,
            "page": page.next_page_token,
        }
        return request

    @property
    def unlogged_question(self) -> dict[str, Any]:
        """Parameters of every question that the SDK's metrics must not show."""
        return {}

    @override
    def prepare_request_payload(self, *_: object) -> None:
        """Send no body."""

    @override
    def get_new_paginator(self) -> CursorPaginator:
        return CursorPaginator(self.page_reader, MAX_ROWS // self.tap.settings.page_size)

    @property
    @abc.abstractmethod
    def page_reader(self) -> PageReader:
        """What reads the pages of this stream's endpoint."""

    @override
    def parse_response(self, response: requests.Response) -> Iterable[Any]:
        """Return the page: its rows are decoded when they are to be emitted."""
        return (self.page_reader.read(response),)

    def request_pages(self, question: dict[str, Any]) -> Iterable[Page]:
        """Ask a question and yield its pages, in order.

        Args:
            question: The parameters, without the cursor.
        """
        return cast("Iterable[Page]", self.request_records(question))

    @override
    def validate_response(self, response: requests.Response) -> None:
        """Raise what an answer means that does not hold rows.

        Raises:
            RefusedError: If the key, its scope or the plan does not open the endpoint.
            CursorExpiredError: If the pages have to be asked for from the first one.
            RetriableAPIError: If asking again may help.
            BadRequestError: If the question is called wrong.
            ApiError: If asking again cannot help.
        """
        status = response.status_code
        if status == HTTPStatus.OK:
            self._require_json(response)
            self.tap.trouble.answered(self.path)
            return
        message = self.response_error_message(response)
        if status in REFUSALS:
            raise RefusedError(message)
        if status in {
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.CONFLICT,
            HTTPStatus.TOO_MANY_REQUESTS,
        } or (status >= HTTPStatus.INTERNAL_SERVER_ERROR):
            wait = requested_wait(response)
            longest = self.tap.settings.max_retry_wait
            if wait is None or wait <= longest:
                raise RetriableAPIError(message, response)
            message += (
                f" It asks to wait {wait:.0f} seconds, and max_retry_wait is {longest}. Run"
                " the tap again later."
            )
        if status == HTTPStatus.GONE:
            raise CursorExpiredError(message)
        if status == HTTPStatus.BAD_REQUEST:
            raise BadRequestError(message)
        raise ApiError(message)

    def _require_json(self, response: requests.Response) -> None:
        """Have a body that is cut short or not JSON asked for again."""
        try:
            self.page_reader.read(response)
        except ValueError as error:
            message = (
                f"{answers.asked(response)} was answered with a body that is not JSON"
                f" (request id {answers.request_id(response)})."
            )
            raise RetriableAPIError(message, response) from error

    @override
    def response_error_message(self, response: requests.Response) -> str:
        message = f"{answers.asked(response)} was answered with {answers.reason(response)}."
        status = response.status_code
        if status in REFUSALS:
            return f"{message} {KEY_ADVICE}"
        if status in range(HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.BAD_REQUEST):
            return (
                f"{message} Redirects are not followed, since they would carry the key"
                " to another address: check api_url."
            )
        return message

    @override
    def request_decorator(self, func: Callable[..., Any]) -> Callable[..., Any]:
        # The waiting is done in the handler, where a long wait can say what it is for.
        retrying: Callable[..., Any] = backoff.on_exception(
            backoff.constant,
            (RetriableAPIError, *PASSING_FAULTS),
            interval=0,
            max_tries=1 + self.tap.settings.max_retries,
            on_backoff=self.backoff_handler,
            jitter=None,
            logger=None,
        )(func)
        return retrying

    @override
    def backoff_handler(self, details: Details) -> None:
        """Wait as long as the API asks, else exponentially longer each time.

        A part of a second is left to chance, so that clients do not come in step.
        """
        error, retry = details.get("exception"), details["tries"]
        response = getattr(error, "response", None)
        seconds = None if response is None else requested_wait(response)
        if seconds is None:
            seconds = min(2.0 ** (retry - 1), LONGEST_GROWN_WAIT)
        seconds = backoff.random_jitter(seconds)
        if response is not None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            self.tap.pacer.pause(seconds)
        self.tap.progress.wait(
            seconds,
            f"Retry {retry} of {self.tap.settings.max_retries} follows, since"
            f" {self.fault_text(error)}",
        )

    def fault_text(self, error: object) -> str:
        """Return what went wrong, without the key and what else requests would quote."""
        if isinstance(error, (ApiError, RetriableAPIError)):
            return str(error).replace(self.tap.settings.api_key, "[key]")
        return (
            f"GET {BASE_PATH}{self.path} got no complete answer ({type(error).__name__})."
        )
