"""One stream's trouble: what failed in a run, and whether the key is to blame."""

from __future__ import annotations

from tap_claude_analytics.errors import RefusedError, RunFailedError


class Trouble:
    """The failures of one run, so that the streams that can be read are read."""

    def __init__(self) -> None:
        """Start without failures."""
        self._sentences: list[str] = []
        self._refused: dict[str, bool] = {}

    def answered(self, endpoint: str) -> None:
        """Note that the key opens an endpoint."""
        self._refused.setdefault(endpoint, False)

    def failed(self, stream: str, endpoint: str, error: Exception, reason: str) -> None:
        """Note why a stream failed."""
        self._refused.setdefault(endpoint, isinstance(error, RefusedError))
        self._sentences.append(f"Stream {stream} failed: {reason}")

    @property
    def key_refused(self) -> bool:
        """Whether the first two endpoints asked were both refused."""
        return list(self._refused.values())[:2] == [True, True]

    def raise_if_any(self) -> None:
        """End the run if anything failed.

        Raises:
            RunFailedError: One sentence per failed stream, or a single one if the key is
                to blame.
        """
        if self.key_refused:
            endpoints = " and ".join(list(self._refused)[:2])
            first = self._sentences[0].partition(": ")[2]
            msg = (
                f"The API refuses this key: {endpoints}, the first two endpoints asked,"
                f" are both closed to it, so the run ends here. {first}"
            )
            raise RunFailedError(msg)
        if self._sentences:
            raise RunFailedError(*self._sentences)
