"""The failures of one run, collected so that the other streams can still be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_claude_analytics.api.errors import RefusedError
from tap_claude_analytics.common.errors import RunFailedError

if TYPE_CHECKING:
    from collections.abc import Collection


class Failures:
    """What has failed in a run."""

    def __init__(self) -> None:
        """Start without failures."""
        self._sentences: list[str] = []
        self._refusals: list[RefusedError] = []

    def add(self, stream: str, error: Exception, advice: str = "") -> None:
        """Note why a stream failed.

        Args:
            stream: The name of the stream.
            error: The cause, whose text is a sentence.
            advice: What to do besides.
        """
        if isinstance(error, RefusedError):
            self._refusals.append(error)
        sentences = " ".join(filter(None, (str(error), advice)))
        self._sentences.append(f"Stream {stream} failed: {sentences}")

    def raise_if_any(self, opened: Collection[str]) -> None:
        """End the run if anything has failed.

        If the key opens none of several endpoints, one sentence says so instead of one per
        stream.

        Args:
            opened: The endpoints that have answered with a page.

        Raises:
            RunFailedError: If anything has failed.
        """
        if not self._sentences:
            return
        endpoints = dict.fromkeys(error.path for error in self._refusals)
        is_key_refused = not opened and len(self._refusals) == len(self._sentences)
        if not is_key_refused or len(endpoints) == 1:
            raise RunFailedError(*self._sentences)
        msg = (
            f"The API refuses this key for every endpoint asked ({', '.join(endpoints)})."
            f" {self._refusals[0]}"
        )
        raise RunFailedError(msg)
