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
    ForeignAnswerError,
    IneligibleError,
    PassingError,
    RefusedError,
)
from tap_claude_analytics.common import clock
from tap_claude_analytics.common.errors import KEY_ADVICE, SCOPE_ADVICE
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
#: How codes begin of the 400 of an organisation that does not have the endpoint, such as
#: ``organization_not_eligible``. Nobody here has seen the body.
_INELIGIBLE = "organization_"

_REDIRECT_ADVICE = (
    "Redirects are not followed, because they would carry the key to another address: check"
    " api_url."
)
_FOREIGN_ADVICE = (
    "The API does not answer like that: something between this machine and the API, such as"
    " a proxy, a firewall or a gateway, has refused the request. Check api_url and"
    " HTTPS_PROXY, and ask whoever runs it to let the tap through."
)


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
    error = error_in(answer.body)
    api_message = _message_of(error, api_key)
    quoted = f': "{api_message}"' if api_message else f" {scrub(answer.reason)}".rstrip()
    form = "" if error is not None else f" and {form_of(answer)}"
    message = (
        f"{answer.asked} was answered with status {status}{quoted}{form}"
        f" (request id {answer.request_id})."
    )
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _passing_error(answer, message, longest_wait)
    if status < HTTPStatus.BAD_REQUEST:
        return ApiError(f"{message} {_REDIRECT_ADVICE}", answer.path)
    if error is None and status != HTTPStatus.GONE:
        return ForeignAnswerError(f"{message} {_FOREIGN_ADVICE}", answer.path)
    if status in _REFUSALS:
        is_analytics = not answer.path.startswith("/")
        advice = KEY_ADVICE if is_analytics else SCOPE_ADVICE
        return RefusedError(f"{message} {advice}", answer.path)
    if status == HTTPStatus.BAD_REQUEST:
        return _bad_request_error(answer, message, error or {}, api_message)
    kind = CursorExpiredError if status == HTTPStatus.GONE else ApiError
    return kind(message, answer.path)


def _bad_request_error(
    answer: Answer, message: str, error: dict[str, object], api_message: str
) -> ApiError:
    """Return the error of a 400."""
    if _is_ineligible(error):
        message += " Organisations of this kind do not have this endpoint."
        return IneligibleError(message, answer.path)
    return BadRequestError(
        message,
        answer.path,
        api_message=api_message,
        is_first_page=answer.is_first_page,
    )


def _passing_error(answer: Answer, message: str, longest_wait: float) -> ApiError:
    """Return the error of a fault that may pass, unless it asks to wait for too long."""
    wait = requested_wait(answer.headers)
    if wait is not None and wait > longest_wait:
        message += (
            f" It asks to wait {wait:.0f} seconds, which is longer than max_retry_wait"
            f" ({longest_wait:.0f}). Run the tap again later."
        )
        return ApiError(message, answer.path)
    is_rate_limit = answer.status == HTTPStatus.TOO_MANY_REQUESTS
    return PassingError(message, answer.path, wait=wait, is_rate_limit=is_rate_limit)


def error_in(body: bytes) -> dict[str, object] | None:
    """Return the error in a body of the API's form, None if the form is another one."""
    try:
        decoded = decode_json(body)
    except ValueError:
        return None
    error = decoded.get("error") if isinstance(decoded, dict) else None
    return error if isinstance(error, dict) else None


def _message_of(error: dict[str, object] | None, api_key: str) -> str:
    """Return the message of an error, fit for a log, empty if there is none."""
    message = (error or {}).get("message")
    # The key is replaced before the text is shortened, so that no part of it stays.
    return scrub(message.replace(api_key, "[key]")) if isinstance(message, str) else ""


def _is_ineligible(error: dict[str, object]) -> bool:
    """Return whether an error has the code of an organisation without the endpoint."""
    details = error.get("details")
    places = [error, details] if isinstance(details, dict) else [error]
    codes = (place.get(name) for place in places for name in ("error_code", "code", "type"))
    return any(isinstance(code, str) and code.startswith(_INELIGIBLE) for code in codes)


def form_of(answer: Answer) -> str:
    """Return what a body is that is not of the API's form, without quoting it."""
    if not answer.body.strip():
        return "an empty body"
    if "html" in answer.headers.get("content-type", "") or b"<html" in answer.body[:500]:
        return "a page in HTML"
    try:
        decode_json(answer.body)
    except ValueError:
        return "a body that is not JSON"
    return "JSON of another form than the API's errors"


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
