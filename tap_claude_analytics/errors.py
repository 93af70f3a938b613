"""What can go wrong, each kind with one sentence for the person who reads the log."""

from __future__ import annotations

import logging
from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import FatalAPIError
from typing_extensions import override

if TYPE_CHECKING:
    import pendulum

TAP_NAME = "tap-claude-analytics"

KEY_ADVICE = (
    "Check that api_key is an Analytics API key (made by the Primary Owner at"
    " claude.ai/analytics/api-keys; Admin and Compliance keys do not work here), that it"
    " has the scope read:analytics and has not expired, and that the organisation is on"
    " Claude Enterprise."
)


class RunFailedError(click.ClickException):
    """The run ends with exit code 1 and a sentence per cause, never a traceback."""

    def __init__(self, *sentences: str) -> None:
        """Take the sentences, in the order they are to be shown."""
        super().__init__("\n".join(sentences))
        self.sentences = sentences

    @override
    def show(self, file: IO[Any] | None = None) -> None:
        """Log the sentences, so that structured logging carries them too."""
        logger = logging.getLogger(TAP_NAME)
        for sentence in self.sentences:
            logger.error("%s", sentence)


class StoppedBySignalError(SystemExit):
    """A signal ends the run; the exit code is 128 and the signal's number.

    Where a signal comes in the middle of taking or leaving a lock, another error may take
    this one's place on the way up, so the latest one is kept here.
    """

    latest: StoppedBySignalError | None = None

    def __init__(self, code: int) -> None:
        """Take the exit code."""
        super().__init__(code)
        StoppedBySignalError.latest = self


class ApiError(FatalAPIError):
    """The API's answer makes it impossible to read on; this stream fails."""


class RefusedError(ApiError):
    """The key, its scope or the plan does not open this endpoint: 401, 403 or 404."""


class BadRequestError(ApiError):
    """The API calls the question wrong: 400."""


class CursorExpiredError(ApiError):
    """The cursor is too old: 410. The pages must be asked for from the first one."""


class UnexpectedAnswerError(ApiError):
    """An answer that is not what the API promises."""


class UnexpectedRowError(ApiError):
    """A row that is not what the API promises.

    Its text goes on after the endpoint's name; the stream, which knows that and the
    request, makes a whole sentence of it.
    """


class NotAvailableYetError(ApiError):
    """The API does not have the day that was asked for yet.

    Attributes:
        latest: The latest day that the API has, by its own words.
    """

    def __init__(self, message: str, latest: pendulum.Date) -> None:
        """Take the sentence and the latest available day."""
        super().__init__(message)
        self.latest = latest
