"""A proxy that lets nobody through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .server import Server
from .traffic import Answer

if TYPE_CHECKING:
    from typing_extensions import Self

    from .traffic import Request

PROXY_AUTHENTICATION_REQUIRED = 407


class RefusingProxy:
    """A proxy on a free port that answers everything with one status.

    Attributes:
        requests: What it was asked: `CONNECT` with host and port as the path, or a plain
            request with the whole address.
    """

    def __init__(self, status: int) -> None:
        """Take the status, such as 407 or 403."""
        self.requests: list[Request] = []
        self._status = status
        self._server = Server(0, self._refuse)

    def __enter__(self) -> Self:
        """Start to refuse."""
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and leave no socket and no thread behind."""
        self._server.stop()

    @property
    def url(self) -> str:
        """The address, as `HTTPS_PROXY` takes it."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def _refuse(self, request: Request) -> Answer:
        self.requests.append(request)
        headers = {"content-type": "text/html"}
        if self._status == PROXY_AUTHENTICATION_REQUIRED:
            headers["proxy-authenticate"] = 'Basic realm="proxy"'
        body = b"<html><body>Not through this proxy</body></html>"
        return Answer(status=self._status, body=body, headers=headers, from_api=False)
