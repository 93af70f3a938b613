"""An HTTP session with one deadline per request and no way out for the key."""

from __future__ import annotations

import logging
import os
import re
import time
from typing import TYPE_CHECKING

import requests
import urllib3
from requests.adapters import HTTPAdapter

from tap_claude_analytics.common.urls import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

#: Faults that may pass when the request is sent again.
PASSING_FAULTS = (
    ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    urllib3.exceptions.HTTPError,
)

#: Bytes of a body that are read at a time.
_PIECE = 2**16

_PRIVATE = re.compile(
    r"(?<=[?&]page=)[^&\s]+|(?<=[?&]after_id=)[^&\s]+|(?<=[?&]filter%5B%5D=)[^&\s]+"
)


def _hide_private_parameters(record: logging.LogRecord) -> bool:
    """Take cursors and filters out of the URLs that urllib3 logs.

    The content of a cursor is unknown, and a filter may name a person.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(
            _PRIVATE.sub("[not shown]", part) if isinstance(part, str) else part
            for part in record.args
        )
    return True


class ApiSession(requests.Session):
    """A requests session for one base URL.

    Certificate authorities of the environment are used, and its proxies except towards
    loopback hosts. ``.netrc`` is never read, since the session has an authenticator of its
    own.

    Attributes:
        has_been_answered: Whether any request has been, at least with a status.
    """

    def __init__(
        self, *, base_url: str, api_key: str, request_timeout: float, connections: int
    ) -> None:
        """Prepare for requests.

        Args:
            base_url: Where all requests go.
            api_key: The key, sent as ``x-api-key``.
            request_timeout: Seconds that the server may be silent, and a body may take.
            connections: How many requests are sent at the same time, at most.
        """
        super().__init__()
        self.has_been_answered = False
        logging.getLogger("urllib3.connectionpool").addFilter(_hide_private_parameters)
        self.mount(base_url, HTTPAdapter(pool_maxsize=connections))
        self.trust_env = not is_loopback(base_url)
        self.verify = _authorities() or True
        self.auth = _authenticator(api_key)
        self._timeout = request_timeout

    def fetch(
        self, url: str, parameters: dict[str, object], headers: dict[str, str]
    ) -> tuple[requests.Response, bytes]:
        """Send a GET request, and return the response with its whole body.

        The timeout of requests starts again with every byte, so it alone would not end an
        answer that only trickles in. Redirects are not followed: they would carry the key
        to another host.

        Raises:
            requests.exceptions.ReadTimeout: If the answer is not complete in time.
        """
        deadline = time.monotonic() + self._timeout
        request = self.prepare_request(
            requests.Request("GET", url, params=parameters, headers=headers)
        )
        environment = self.merge_environment_settings(
            request.url, {}, stream=True, verify=None, cert=None
        )
        with self.send(
            request, timeout=self._timeout, allow_redirects=False, **environment
        ) as response:
            self.has_been_answered = True
            pieces = []
            while piece := response.raw.read1(_PIECE, decode_content=True):
                pieces.append(piece)
                if time.monotonic() > deadline:
                    msg = f"no complete answer within {self._timeout:g} seconds"
                    raise requests.exceptions.ReadTimeout(msg)
            return response, b"".join(pieces)


def _authorities() -> str | None:
    """Return the file of trusted certificate authorities that the environment names.

    OpenSSL, and so most other programs, goes by ``SSL_CERT_FILE``; requests does not.
    """
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next(filter(None, map(os.environ.get, names)), None)


def _authenticator(
    api_key: str,
) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def authenticate(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["x-api-key"] = api_key
        return request

    return authenticate
