"""Who may read: one Analytics key, and what other keys are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCOPE = "read:analytics"
_ADMIN = "sk-ant-admin01-"
_BEARER = "bearer "


def check_key(headers: Mapping[str, str], api_key: str, *, refusal: int = 404) -> None:
    """Check the key, taken from `x-api-key` or else from a bearer token.

    Raises:
        ApiError: It is not the Analytics key; to all but Admin keys the engagement
            endpoints then say that they do not exist, other ones what `refusal` is.
    """
    authorization = headers.get("authorization", "")
    bearer = (
        authorization[len(_BEARER) :] if authorization.lower().startswith(_BEARER) else ""
    )
    key = headers.get("x-api-key", bearer)
    if key.startswith(_ADMIN):
        message = f"this key holds the scopes of an Admin key; needed is {_SCOPE}"
        raise ApiError(403, message)
    if key != api_key:
        raise ApiError(refusal, "Not found" if refusal == 404 else "invalid x-api-key")
