"""Why a request got no answer: the cause in words, and whether asking again may help."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import requests
import urllib3
from urllib3.util.ssl_match_hostname import CertificateError

from tap_claude_analytics.api.session import PASSING_FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Statuses of a proxy after which asking again may help.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")

_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH}
#: What happened to a connection, the most specific first.
_CONNECTION_FAULTS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((socket.gaierror,), "the host name was not found"),
    ((ConnectionRefusedError,), "the connection was refused"),
    ((ssl.SSLError,), "no TLS connection could be made ({reason})"),
    (
        (TimeoutError, requests.exceptions.Timeout),
        "it timed out after {timeout} seconds",
    ),
    ((urllib3.exceptions.DecodeError,), "the body could not be decompressed"),
    (
        (ConnectionError, urllib3.exceptions.ProtocolError),
        "the connection was cut",
    ),
)

_CERTIFICATE_ADVICE = (
    "If a proxy of your company inspects TLS, set REQUESTS_CA_BUNDLE (or SSL_CERT_FILE) to"
    " a file with the certificate of its authority, and check HTTPS_PROXY."
)
_PROXY_ADVICE = (
    "Check HTTPS_PROXY: the address of the proxy, with user and password if it needs them,"
    " or ask whoever runs it to let this machine through. NO_PROXY names hosts that are"
    " reached without it; if the proxy inspects TLS, REQUESTS_CA_BUNDLE must name its"
    " authority."
)


@dataclass(frozen=True)
class Cause:
    """Why a request got no answer.

    Attributes:
        words: The cause, to be put after a colon.
        advice: What to do, in whole sentences; empty if there is nothing special to do.
        is_final: Whether asking again cannot help.
    """

    words: str
    advice: str = ""
    is_final: bool = False


def cause_of(fault: Exception, timeout: float) -> Cause:
    """Return why a request got no answer.

    Texts of exceptions are not quoted: they may hold the address of a proxy with its
    password.

    Args:
        fault: What requests or urllib3 raised.
        timeout: Seconds that a request may take.
    """
    chain = list(_chain(fault))
    if any(isinstance(error, requests.exceptions.ProxyError) for error in chain):
        return _cause_at_proxy(chain, timeout)
    if not isinstance(fault, PASSING_FAULTS):
        return _cause_here(fault)
    for error in chain:
        if isinstance(error, (ssl.SSLCertVerificationError, CertificateError)):
            return Cause(
                f"the certificate that it shows is not trusted ({_reason(error)})",
                _CERTIFICATE_ADVICE,
                is_final=True,
            )
    return Cause(_words(chain, timeout))


def _cause_here(fault: Exception) -> Cause:
    """Return why a request could not even be sent."""
    if "CA certificate bundle" in str(fault):
        words = (
            "the file of certificate authorities that REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE"
            " or SSL_CERT_FILE names does not exist"
        )
        return Cause(words, "Correct that environment variable.", is_final=True)
    words = f"the request cannot be sent ({type(fault).__name__})"
    return Cause(words, _PROXY_ADVICE, is_final=True)


def _cause_at_proxy(chain: list[BaseException], timeout: float) -> Cause:
    for error in chain:
        refused = _TUNNEL.search(str(error))
        if refused:
            status = int(refused[1])
            may_pass = status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
            wants_login = status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
            login = " (it asks for a user and a password)" if wants_login else ""
            return Cause(
                f"the proxy refuses the connection with status {status}{login}",
                _PROXY_ADVICE,
                is_final=not may_pass,
            )
    return Cause(f"the proxy does not answer: {_words(chain, timeout)}", _PROXY_ADVICE)


def _words(chain: list[BaseException], timeout: float) -> str:
    """Return what happened to a connection."""
    for kinds, words in _CONNECTION_FAULTS:
        for error in chain:
            if isinstance(error, kinds):
                return words.format(reason=_reason(error), timeout=f"{timeout:g}")
    if any(getattr(error, "errno", None) in _NO_ROUTE for error in chain):
        return "there is no route to the host"
    return type(chain[0]).__name__


def _reason(error: BaseException) -> str:
    """Return why TLS failed, in the words of OpenSSL, which name no person."""
    verified = getattr(error, "verify_message", "")
    return verified or getattr(error, "reason", None) or type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that led to it, the outermost first."""
    seen: set[int] = set()
    left: list[object] = [error]
    while left:
        found = left.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        # requests and urllib3 keep the cause in the arguments or under a name.
        left += [*found.args, getattr(found, "reason", None)]
        left += [found.__cause__, found.__context__]
