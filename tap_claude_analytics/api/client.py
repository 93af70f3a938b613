"""The client: asks an endpoint and yields the pages of its answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import backoff
import urllib3

from tap_claude_analytics.api.answers import Answer, asked, error_of
from tap_claude_analytics.api.errors import (
    CursorExpiredError,
    NoAnswerError,
    PassingError,
    UnexpectedAnswerError,
    UnreachableError,
)
from tap_claude_analytics.api.faults import cause_of
from tap_claude_analytics.api.pages import BY_PAGE, read_page
from tap_claude_analytics.api.session import ApiSession
from tap_claude_analytics.common.errors import TAP_NAME
from tap_claude_analytics.common.urls import project_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from backoff.types import Details

    from tap_claude_analytics.api.pacer import Pacers
    from tap_claude_analytics.api.pages import Page, Paging
    from tap_claude_analytics.common.progress import Progress

BASE_PATH = "/v1/organizations/analytics/"
API_VERSION = "2026-10-21"
#: Endpoints in beta, and the header that each of them needs.
BETA = {
    path: {"anthropic-beta": "analytics-usage-cost-2026-08-24"}
    for path in ("usage", "cost")
}

#: More rows than any answer has: an answer with more pages than these need never ends.
_MAX_ROWS = 10_000_000
#: The page size of an endpoint that takes no limit, at most.
_MAX_PAGE_SIZE = 1000
#: Seconds up to which waits grow if the API does not say how long to wait.
_LONGEST_GROWN_WAIT = 60
#: How often the cursor of one answer may expire before the stream fails.
MAX_RESTARTS = 3


@dataclass(frozen=True)
class ApiOptions:
    """How to talk to the API.

    Attributes:
        api_url: Base URL, without a slash at its end.
        api_key: The key.
        user_agent: How the tap identifies itself; None for its name and version.
        request_timeout: Seconds that the server may be silent, and a whole body may take.
        max_retries: How often a request is sent again after a passing fault.
        max_retry_wait: The longest wait that the API may ask for, in seconds.
        max_parallel_requests: How many requests are sent at the same time, at most.
    """

    api_url: str
    api_key: str
    user_agent: str | None
    request_timeout: float
    max_retries: int
    max_retry_wait: int
    max_parallel_requests: int


@cache
def default_user_agent() -> str:
    """Return how the tap identifies itself: name, version and project URL."""
    return f"{TAP_NAME}/{version(TAP_NAME)} (+{project_url('Homepage')})"


def url_path(path: str) -> str:
    """Return the path of an endpoint in URLs.

    Args:
        path: The path below that of the analytics endpoints, such as ``skills``; with a
            slash at its beginning, the whole path.
    """
    return urljoin(BASE_PATH, path)


def _ignore(_status: int, _seconds: float) -> None:
    """Do nothing with the measurements of a request."""


class Client:
    """Asks the endpoints of the API, from any thread.

    Attributes:
        opened: The endpoints that have answered with a page.
    """

    def __init__(self, options: ApiOptions, pacers: Pacers, progress: Progress) -> None:
        """Create a client.

        Args:
            options: How to talk to the API.
            pacers: Let each request through in its time.
            progress: Makes the waits between retries.
        """
        self.options = options
        self.opened: set[str] = set()
        self._pacers = pacers
        self._progress = progress
        self._session = ApiSession(
            base_url=options.api_url,
            api_key=options.api_key,
            request_timeout=options.request_timeout,
            connections=options.max_parallel_requests,
        )
        self._ask_with_retries = backoff.on_exception(
            # The handler makes the wait, because it can say what is waited for.
            backoff.constant,
            (PassingError, NoAnswerError),
            giveup=_is_final,
            interval=0,
            jitter=None,
            max_tries=1 + options.max_retries,
            on_backoff=self._wait,
            logger=None,
        )(self._ask)

    def like(self, options: ApiOptions) -> Client:
        """Return a client with other options that shares the pace of this one."""
        return Client(options, self._pacers, self._progress)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def pages(
        self,
        path: str,
        parameters: Mapping[str, Any],
        on_answer: Callable[[int, float], None] = _ignore,
        paging: Paging = BY_PAGE,
    ) -> Iterator[Page]:
        """Ask an endpoint and yield its pages, in order.

        Every page is asked for with the same parameters and a cursor, until the cursor is
        null or ``has_more`` is false. A page may be empty and still have a cursor.

        Args:
            path: The endpoint, such as ``apps/chat/projects``.
            parameters: The query parameters without the cursor; None leaves one out.
            on_answer: Called with status and seconds after every answered request.
            paging: How the next page is asked for.

        Raises:
            ApiError: If there is no page, and retries have not helped.
            UnreachableError: If no request at all has been answered so far.
            CancelledError: If the work of this thread is no longer needed.
        """
        cursor: str | None = None
        seen: set[str] = set()
        most_pages = _MAX_ROWS // int(parameters.get("limit", _MAX_PAGE_SIZE))
        while True:
            asked_for = {**parameters, paging.parameter: cursor}
            page = self._page(path, asked_for, on_answer, paging)
            yield page
            cursor = page.next_page
            if cursor is None:
                return
            if cursor in seen or len(seen) >= most_pages:
                found = "a cursor that it has sent before" if cursor in seen else "no end"
                message = (
                    f"GET {url_path(path)} was answered with {found} after"
                    f" {len(seen) + 1} pages; expected its pages to end"
                    f" (request id {page.request_id})."
                )
                raise UnexpectedAnswerError(message, path)
            seen.add(cursor)

    def all_pages(
        self,
        path: str,
        parameters: Mapping[str, Any],
        on_answer: Callable[[int, float], None] = _ignore,
        paging: Paging = BY_PAGE,
    ) -> list[Page]:
        """Return all pages of an answer, from the first again if its cursor expires.

        Raises:
            ApiError: As `pages`; if the cursor has expired `MAX_RESTARTS` times.
        """
        for _ in range(MAX_RESTARTS - 1):
            try:
                return list(self.pages(path, parameters, on_answer, paging))
            except CursorExpiredError:
                continue
        return list(self.pages(path, parameters, on_answer, paging))

    def _page(
        self,
        path: str,
        parameters: dict[str, Any],
        on_answer: Callable[[int, float], None],
        paging: Paging,
    ) -> Page:
        """Return one page, after as many retries as it takes."""
        try:
            return self._ask_with_retries(path, parameters, on_answer, paging)
        except NoAnswerError as error:
            if self._session.has_been_answered:
                raise
            url, cause = self.options.api_url, error.cause
            message = (
                f"The API at {urlsplit(url).hostname} cannot be reached: {cause.words}."
                f" Check that api_url ({url}) is right and that this machine can reach it."
                f" {cause.advice or 'Behind a proxy, set HTTPS_PROXY.'}"
            )
            raise UnreachableError(message) from None

    def _ask(
        self,
        path: str,
        parameters: dict[str, Any],
        on_answer: Callable[[int, float], None],
        paging: Paging,
    ) -> Page:
        """Send one request and return its page."""
        answer = self.ask_once(path, parameters, on_answer, paging)
        if answer.status != HTTPStatus.OK:
            raise error_of(
                answer,
                api_key=self.options.api_key,
                longest_wait=self.options.max_retry_wait,
            )
        try:
            page = read_page(answer, paging)
        except ValueError as not_json:
            message = (
                f"{answer.asked} was answered with a body that is not JSON"
                f" (request id {answer.request_id})."
            )
            raise PassingError(message, path, is_from_api=False) from not_json
        self.opened.add(path)
        return page

    def ask_once(
        self,
        path: str,
        parameters: Mapping[str, Any],
        on_answer: Callable[[int, float], None] = _ignore,
        paging: Paging = BY_PAGE,
    ) -> Answer:
        """Send one request, and return its answer whatever its status is.

        Raises:
            NoAnswerError: If there is none.
        """
        url = f"{self.options.api_url}{url_path(path)}"
        headers = {
            "Accept": "application/json",
            "User-Agent": self.options.user_agent or default_user_agent(),
            "anthropic-version": API_VERSION,
            **BETA.get(path, {}),
        }
        with self._pacers.of(path).request():
            began = time.monotonic()
            try:
                response, body = self._session.fetch(url, {**parameters}, headers)
            except (OSError, urllib3.exceptions.HTTPError) as fault:
                raise self._no_answer(path, fault) from fault
        on_answer(response.status_code, time.monotonic() - began)
        return Answer(
            path=path,
            asked=asked(urlsplit(url).path, parameters),
            is_first_page=parameters.get(paging.parameter) is None,
            status=response.status_code,
            reason=response.reason or "",
            headers=response.headers,
            body=body,
        )

    def _no_answer(self, path: str, fault: Exception) -> NoAnswerError:
        cause = cause_of(fault, self.options.request_timeout)
        message = f"GET {url_path(path)} got no complete answer: {cause.words}."
        message = f"{message} {cause.advice}".rstrip()
        return NoAnswerError(message, path, cause=cause)

    def _wait(self, details: Details) -> None:
        """Wait as long as the API asks, else twice as long each time.

        A fraction of a second is random, so that clients do not fall into step.
        """
        error, retry = details.get("exception"), details["tries"]
        seconds = error.wait if isinstance(error, PassingError) else None
        if seconds is None:
            seconds = min(2.0 ** (retry - 1), _LONGEST_GROWN_WAIT)
        seconds = backoff.random_jitter(seconds)
        if isinstance(error, PassingError) and error.is_rate_limit:
            self._pacers.of(error.path).pause(seconds)
        self._progress.wait(
            seconds, f"Retry {retry} of {self.options.max_retries} follows: {error}"
        )


def _is_final(error: Exception) -> bool:
    """Return whether asking again cannot help, although no answer came."""
    return isinstance(error, NoAnswerError) and error.cause.is_final
