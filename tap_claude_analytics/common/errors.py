"""Errors that are not about one answer of the API."""

from __future__ import annotations

import logging
from typing import IO, Any

import click
from typing_extensions import override

TAP_NAME = "tap-claude-analytics"

KEY_ADVICE = (
    "Check that api_key is an Analytics API key (made by the Primary Owner at"
    " claude.ai/analytics/api-keys; Admin and Compliance keys do not work here), that it"
    " has the scope read:analytics and has not expired, and that the organisation is on"
    " Claude Enterprise."
)

#: For the endpoints of people, teams and spend limits. Several scopes open some of them, so
#: it is left to the API to name them.
SCOPE_ADVICE = (
    "Check that api_key has not expired and has a scope for this endpoint; for teams it"
    " must be a key for all linked organisations. Both are fixed when a key is made, so what"
    " is missing needs a new key."
)


class RunFailedError(click.ClickException):
    """The run ends with exit code 1 and one sentence per cause, never a traceback.

    Attributes:
        sentences: The causes, in the order in which they are logged.
    """

    def __init__(self, *sentences: str) -> None:
        """Create the error from its sentences."""
        super().__init__("\n".join(sentences))
        self.sentences = sentences

    @override
    def show(self, file: IO[Any] | None = None) -> None:
        """Log the sentences, so that structured logging carries them too."""
        logger = logging.getLogger(TAP_NAME)
        for sentence in self.sentences:
            logger.error("%s", sentence)


class StoppedBySignalError(SystemExit):
    """A signal ends the run; the exit code is 128 plus the number of the signal.

    If the signal arrives while a lock is taken or released, another error may replace this
    one on its way up, so the latest one is kept here.
    """

    latest: StoppedBySignalError | None = None

    def __init__(self, code: int) -> None:
        """Create the error from the exit code."""
        super().__init__(code)
        StoppedBySignalError.latest = self


class StreamFailedError(Exception):
    """One stream cannot be read any further; the other streams can.

    The text is a whole sentence for the person who reads the log.
    """


class RowError(Exception):
    """A row is not what the API promises.

    The text completes a sentence such as "GET /v1/… returned a row without starting_at":
    only the stream knows the request.
    """
