"""Errors that are not about one answer of the API."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import IO, Any

import click
from typing_extensions import override

from tap_claude_analytics.common.urls import project_url

TAP_NAME = "tap-claude-analytics"

KEY_ADVICE = (
    "Check that api_key is an Analytics API key (made by the Primary Owner at"
    " claude.ai/admin-settings/api-access, where public API access must be switched on;"
    " Compliance keys do not work here, and Admin keys open usage and cost only), that it"
    " has the scope read:analytics and has not expired, and that the organisation is on"
    " Claude Enterprise."
)

#: For the endpoints of people, teams and spend limits. Several scopes open some of them, so
#: it is left to the API to name them.
SCOPE_ADVICE = (
    "Check that api_key has not expired and has a scope for this endpoint; for teams it"
    " must be a key for all linked organisations. Both are fixed when a key is made, so"
    " what is missing needs a new key."
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


class RunEndsError(BaseException):
    """Carries the error that ends the run past the SDK.

    The SDK logs any `Exception` that leaves a stream as "unhandled", with its traceback.
    """

    def __init__(self, error: RunFailedError) -> None:
        """Create it from the error to carry."""
        super().__init__()
        self.error = error


def unexpected(error: Exception) -> str:
    """Return a sentence about an exception that nobody foresaw.

    The text of an exception may quote a record, so neither the sentence nor any level of
    the log shows it.
    """
    nameless = RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
    logging.getLogger(TAP_NAME).debug("Unexpected error", exc_info=nameless)
    frames = traceback.extract_tb(error.__traceback__)
    where = frames[-1]
    is_of_map = any(Path(frame.filename).match("singer_sdk/mapper.py") for frame in frames)
    advice = (
        "An expression in stream_maps fails on a record: check them, for null for instance."
        if is_of_map
        else "If stream_maps is set, check it first; else this is a defect of the tap:"
        f" please report it at {project_url('Issues')}."
    )
    return (
        f"Unexpected {type(error).__name__} in {Path(where.filename).name}, line"
        f" {where.lineno}. {advice} The log at level DEBUG shows the traceback, without"
        " data."
    )
