"""The failures of one run, collected so that the other streams can still be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_claude_analytics.api.errors import ApiError, ForeignAnswerError, RefusedError
from tap_claude_analytics.common.errors import (
    RunFailedError,
    StreamFailedError,
    unexpected,
)

if TYPE_CHECKING:
    from collections.abc import Collection

#: What is to blame if every endpoint asked fails in the same way.
_COMMON_CAUSES: dict[type[ApiError], str] = {
    RefusedError: "The API refuses this key for every endpoint asked",
    ForeignAnswerError: "Something other than the API answers for every endpoint asked",
}


class Failures:
    """What has failed in a run."""

    def __init__(self) -> None:
        """Start without failures."""
        self._sentences: list[str] = []
        self._errors: list[Exception] = []
        self._advice: list[str] = []

    def add(self, stream: str, error: Exception, advice: str = "") -> None:
        """Note why a stream failed.

        Args:
            stream: The name of the stream.
            error: The cause: a sentence, or an exception that nobody foresaw.
            advice: What to do besides.
        """
        self._errors.append(error)
        self._advice.append(advice)
        cause = str(error) if isinstance(error, StreamFailedError) else unexpected(error)
        sentences = " ".join(filter(None, (cause, advice)))
        self._sentences.append(f"Stream {stream} failed: {sentences}")

    def raise_if_any(self, opened: Collection[str]) -> None:
        """End the run if anything has failed.

        If none of several endpoints has opened and the key is to blame, or something before
        the API, one sentence says so instead of one per stream.

        Args:
            opened: The endpoints that have answered with a page.

        Raises:
            RunFailedError: If anything has failed.
        """
        if not self._sentences:
            return
        for kind, blame in _COMMON_CAUSES.items():
            errors = [error for error in self._errors if isinstance(error, kind)]
            endpoints = dict.fromkeys(error.path for error in errors)
            is_common = not opened and len(errors) == len(self._errors)
            if is_common and len(endpoints) > 1:
                sentences = (f"{blame} ({', '.join(endpoints)}).", str(errors[0]))
                common_advice = self._advice[0] if all(self._advice) else ""
                raise RunFailedError(" ".join(filter(None, (*sentences, common_advice))))
        raise RunFailedError(*self._sentences)
