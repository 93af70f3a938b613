"""What was asked, and answers that a test dictates."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .rules import Parameters


@dataclass(kw_only=True)
class Request:
    """One request: `path` below the base path, decoded `params`, lower-case `headers`.

    The status is 0 until the answer is decided.
    """

    method: str = "GET"
    path: str
    params: Parameters = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back over the wire."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class _Scripted:
    path: str
    answer: Answer
    left: int | None
    when: Callable[[Request], bool] | None

    def take(self, request: Request) -> bool:
        if (
            request.path != self.path
            or self.left == 0
            or not (self.when is None or self.when(request))
        ):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Script:
    """Dictated answers; of several that fit, the earliest is used up first."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._scripted: list[_Scripted] = []

    def add(
        self,
        path: str,
        answer: Answer,
        times: int | None,
        when: Callable[[Request], bool] | None,
    ) -> None:
        """Dictate an answer."""
        with self._lock:
            self._scripted.append(
                _Scripted(path=path, answer=answer, left=times, when=when)
            )

    def find(self, request: Request) -> Answer | None:
        """Take the dictated answer to a request, if there is one."""
        with self._lock:
            return next(
                (scripted.answer for scripted in self._scripted if scripted.take(request)),
                None,
            )


def as_bytes(body: object) -> bytes:
    """Encode a body: bytes and text as they are, anything else as JSON."""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()
