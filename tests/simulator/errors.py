"""Refusals, in the shape in which the API gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    410: "invalid_request_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class ApiError(Exception):
    """A request that is refused, with its status and the sentence of the answer.

    Some refusals have a code beside the sentence, or headers such as `retry-after`.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep everything for the answer."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}


def bad_request(message: str) -> ApiError:
    """Make the error for a wrong parameter."""
    return ApiError(400, message)


def error_body(
    status: int, message: str, request_id: str, code: str | None = None
) -> dict[str, Any]:
    """Give the body of a refusal; a code is where the official package looks for it."""
    details = {"details": {"error_code": code}} if code else {}
    return {
        "type": "error",
        "error": {
            "type": _TYPES.get(status, "api_error"),
            "message": message,
            **details,
        },
        "request_id": request_id,
    }
