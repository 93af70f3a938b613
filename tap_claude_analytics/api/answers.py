"""One answer of the API, and what its status, headers and error message say."""

from __future__ import annotations

import email.utils
import json
import math
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tap_claude_analytics.api.errors import (
    ApiError,
    BadRequestError,
    CursorExpiredError,
    PassingError,
    RefusedError,
)
from tap_claude_analytics.common import clock
from tap_claude_analytics.common.errors import KEY_ADVICE
from tap_claude_analytics.common.text import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Parameters that a log line shows; a cursor means nothing to a reader.
_SHOWN = ("date", "starting_date", "ending_date")
_SHOWN_FILTERS = "rbac_group_id:"

_REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
}


@dataclass(frozen=True)
class Answer:
    """One answer, read to its end.

    Attributes:
        path: The endpoint.
        asked: The request in words, such as ``GET /v1/…/users?date=2026-03-01``.
        is_first_page: Whether the request had no cursor.
        status: The HTTP status.
        reason: The reason phrase of the status line.
        headers: The headers, whose names are case-insensitive.
        body: The body, decompressed.
    """

    path: str
    asked: str
    is_first_page: bool
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str:
        """The id under which the operators of the API find this request."""
        return scrub(self.headers.get("request-id") or "unknown")

    @property
    def organization_id(self) -> str | None:
        """The organisation that the key belongs to, None if the answer does not say."""
        return scrub(self.headers.get("anthropic-organization-id") or "") or None


def asked(url_path: str, parameters: Mapping[str, object]) -> str:
    """Return a request in words, without its cursor and without filters for people."""
    shown = [(name, parameters[name]) for name in _SHOWN if name in parameters]
    filters = parameters.get("filter[]", ())
    shown += [
        ("filter[]", value)
        for value in ([filters] if isinstance(filters, str) else list(_texts(filters)))
        if value.startswith(_SHOWN_FILTERS)
    ]
    return f"GET {url_path}{'?' if shown else ''}{urlencode(shown)}"


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, (list, tuple)) else []


def decode_json(body: bytes) -> object:
    """Decode a body; numbers with a fraction become Decimal.

    Raises:
        ValueError: If it is not JSON.
    """
    try:
        return json.loads(body, parse_float=_exact, parse_constant=_reject_constant)
    except RecursionError as error:
        msg = "the body is nested too deeply"
        raise ValueError(msg) from error


def _exact(number: str) -> Decimal:
    try:
        return Decimal(number)
    except InvalidOperation as error:
        msg = f"{number[:20]} is out of range"
        raise ValueError(msg) from error


def _reject_constant(constant: str) -> None:
    msg = f"{constant} is not JSON"
    raise ValueError(msg)


def error_of(answer: Answer, *, api_key: str, longest_wait: float) -> ApiError:
    """Return what an answer means whose status is not 200.

    Args:
        answer: The answer.
        api_key: The key, which the API may quote and no text may show.
        longest_wait: The longest wait that the API may ask for, in seconds.
    """
    status = answer.status
    api_message = _error_message(answer, api_key)
    quoted = f': "{api_message}"' if api_message else f" {scrub(answer.reason)}".rstrip()
    message = (
        f"{answer.asked} was answered with status {status}{quoted}"
        f" (request id {answer.request_id})."
    )
    if status in _REFUSALS:
        return RefusedError(f"{message} {KEY_ADVICE}", answer.path)
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = requested_wait(answer.headers)
        if wait is not None and wait > longest_wait:
            message += (
                f" It asks to wait {wait:.0f} seconds, which is longer than max_retry_wait"
                f" ({longest_wait:.0f}). Run the tap again later."
            )
            return ApiError(message, answer.path)
        is_rate_limit = status == HTTPStatus.TOO_MANY_REQUESTS
        return PassingError(message, answer.path, wait=wait, is_rate_limit=is_rate_limit)
    if status == HTTPStatus.GONE:
        return CursorExpiredError(message, answer.path)
    if status == HTTPStatus.BAD_REQUEST:
        return BadRequestError(
            message,
            answer.path,
            api_message=api_message,
            is_first_page=answer.is_first_page,
        )
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        message += (
            " Redirects are not followed, because they would carry the key to another"
            " address: check api_url."
        )
    return ApiError(message, answer.path)


def _error_message(answer: Answer, api_key: str) -> str:
    """Return the message of an error body, fit for a log, empty if there is none."""
    try:
        body = decode_json(answer.body)
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    # The key is replaced before the text is shortened, so that no part of it stays.
    return scrub(message.replace(api_key, "[key]")) if isinstance(message, str) else ""


def requested_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, None if it does not say.

    ``retry-after-ms`` has milliseconds; ``retry-after`` has seconds, maybe fractional, or
    an HTTP date. The date counts from the answer's own date, since the clock of this
    machine may be wrong.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    seconds = _number(headers.get("retry-after"))
    if seconds is not None:
        return seconds
    moment = _timestamp(headers.get("retry-after"))
    if moment is None:
        return None
    return max(0.0, moment - (_timestamp(headers.get("date")) or clock.now().timestamp()))


def _timestamp(text: str | None) -> float | None:
    """Return the POSIX timestamp of an HTTP date, None if the text is not one."""
    try:
        return email.utils.parsedate_to_datetime(text or "").timestamp()
    except (OverflowError, ValueError):
        return None


def _number(text: str | None) -> float | None:
    """Return the number of a header, None if it is not one that can be waited for."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None
