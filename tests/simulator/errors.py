"""Refusals, in the shape in which the API gives them."""

from __future__ import annotations

from typing import Any

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
    """A request that is refused, with its status and the sentence of the answer."""

    def __init__(self, status: int, message: str) -> None:
        """Keep both for the answer."""
        super().__init__(message)
        self.status = status
        self.message = message


def bad_request(message: str) -> ApiError:
    """Make the error for a wrong parameter."""
    return ApiError(400, message)


def error_body(status: int, message: str, request_id: str) -> dict[str, Any]:
    """Give the body of a refusal."""
    return {
        "type": "error",
        "error": {"type": _TYPES.get(status, "api_error"), "message": message},
        "request_id": request_id,
    }
