"""An HTTP session with a deadline for the whole exchange and no way out for the key."""

from __future__ import annotations

import ipaddress
import logging
import queue
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override

from tap_claude_analytics import threads
from tap_claude_analytics.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_claude_analytics.pacer import Pacer

#: What may go well when tried again.
PASSING_FAULTS = (
    ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)

#: Bytes of a body that are read at a time.
PIECE = 2**16

_PRIVATE = re.compile(r"(?<=[?&]page=)[^&\s]+|(?<=[?&]filter%5B%5D=)[^&\s]+")


def _without_private(record: logging.LogRecord) -> bool:
    """Take cursors and filters out of the URLs that urllib3 logs.

    Nobody knows what a cursor holds, and a filter may name a person.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(
            _PRIVATE.sub("[not shown]", part) if isinstance(part, str) else part
            for part in record.args
        )
    return True


def is_loopback(url: str) -> bool:
    """Tell whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _LargeBody(requests.Response):
    """An answer whose body is read in large pieces.

    In the 10 kB that requests reads at a time, a page of rows would cost hundreds of calls,
    each of which makes the threads wait for each other.
    """

    @override
    def iter_content(
        self, chunk_size: int | None = 1, decode_unicode: bool = False
    ) -> Iterator[Any]:
        return super().iter_content(max(chunk_size or 1, PIECE), decode_unicode)


class _LargeBodies(HTTPAdapter):
    @override
    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        response = super().build_response(req, resp)
        response.__class__ = _LargeBody
        return response


class ApiSession(requests.Session):
    """A requests session for one base URL.

    Proxies and CA bundles of the environment are used, except towards loopback hosts.
    ``.netrc`` is not read: requests asks it only where no authenticator is set.
    """

    def __init__(
        self, *, base_url: str, request_timeout: float, pacer: Pacer, connections: int
    ) -> None:
        """Prepare for requests.

        Args:
            base_url: Where all of them go.
            request_timeout: The seconds that one request may take, body included.
            pacer: Lets each of them through in its time.
            connections: How many requests are sent at a time, at most.
        """
        super().__init__()
        logging.getLogger("urllib3.connectionpool").addFilter(_without_private)
        self.mount(base_url, _LargeBodies(pool_maxsize=connections))
        self._pacer = pacer
        self.trust_env = not is_loopback(base_url)
        self.request_timeout = request_timeout

    @override
    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request in its time; read its answer within ``request_timeout`` seconds.

        The time-out of requests starts anew with every byte received, so an answer that
        drips would never end; hence the exchange runs in a thread that can be given up.

        Raises:
            requests.exceptions.ReadTimeout: If the time is up.
            AbandonedError: If nobody wants the answer any more.
            ApiError: If the request cannot be sent as things are set up.
        """
        with self._pacer.request():
            return self._exchange(request, **kwargs)

    def _exchange(
        self, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        environment = self.merge_environment_settings(
            request.url, {}, stream=None, verify=None, cert=None
        )
        outcome: queue.SimpleQueue[requests.Response | BaseException] = queue.SimpleQueue()

        def exchange() -> None:
            try:
                outcome.put(
                    super(ApiSession, self).send(request, **{**environment, **kwargs})
                )
            except BaseException as error:  # noqa: BLE001 - raised again by the caller
                outcome.put(error)

        threads.start("api-request", exchange)
        try:
            result = outcome.get(timeout=self.request_timeout)
        except queue.Empty:
            msg = f"no complete answer within {self.request_timeout:g} seconds"
            raise requests.exceptions.ReadTimeout(msg, request=request) from None
        if isinstance(result, OSError) and not isinstance(result, PASSING_FAULTS):
            msg = (
                f"The request cannot be sent ({type(result).__name__}). Check api_url, and"
                " the proxies and CA bundles that the environment names (HTTPS_PROXY,"
                " REQUESTS_CA_BUNDLE)."
            )
            raise ApiError(msg) from result
        if isinstance(result, BaseException):
            raise result
        return result
