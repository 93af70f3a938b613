"""What an answer of the API means when it has no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_claude_analytics.common.errors import RunFailedError, StreamFailedError

if TYPE_CHECKING:
    from tap_claude_analytics.api.faults import Cause


class ApiError(StreamFailedError):
    """Asking again cannot help.

    Attributes:
        path: The endpoint, such as ``apps/chat/projects``.
    """

    def __init__(self, message: str, path: str) -> None:
        """Create the error from a sentence and the endpoint."""
        super().__init__(message)
        self.path = path


class RefusedError(ApiError):
    """The key, its scope or the plan does not open this endpoint: 401, 403 or 404."""


class ForeignAnswerError(ApiError):
    """Something between here and the API has refused the request, in a form of its own."""


class IneligibleError(ApiError):
    """Organisations of this kind do not have the endpoint: 400 with an error code."""


class BadRequestError(ApiError):
    """The API rejects the parameters: 400.

    Attributes:
        api_message: The message of the API, empty if it has none.
        is_first_page: Whether the request was for the first page.
    """

    def __init__(
        self, message: str, path: str, *, api_message: str, is_first_page: bool
    ) -> None:
        """Create the error from a sentence, the endpoint and the message of the API."""
        super().__init__(message, path)
        self.api_message = api_message
        self.is_first_page = is_first_page


class CursorExpiredError(ApiError):
    """The cursor is too old: 410. The pages must be asked for from the first one again."""


class UnexpectedAnswerError(ApiError):
    """The answer is not what the API promises."""


class NoAnswerError(ApiError):
    """No answer came: a fault of the network, of a proxy or of TLS.

    Attributes:
        cause: Why, and whether asking again may help.
    """

    def __init__(self, message: str, path: str, *, cause: Cause) -> None:
        """Create the error from a sentence, the endpoint and the cause."""
        super().__init__(message, path)
        self.cause = cause


class UnreachableError(RunFailedError):
    """No request of the run has been answered, so none will be: the run ends.

    With other streams it would only take as long again to fail for the same reason.
    """


class PassingError(ApiError):
    """Asking again may help: a rate limit, an overload, half a body.

    Attributes:
        wait: Seconds that the API asks to wait, None if it does not say.
        is_rate_limit: Whether the rate limit is the cause.
        is_from_api: Whether it is an error of the API, not of something on the way to it.
    """

    def __init__(
        self,
        message: str,
        path: str,
        *,
        wait: float | None = None,
        is_rate_limit: bool = False,
        is_from_api: bool = True,
    ) -> None:
        """Create the error from a sentence, the endpoint and what the answer asks for."""
        super().__init__(message, path)
        self.wait = wait
        self.is_rate_limit = is_rate_limit
        self.is_from_api = is_from_api
