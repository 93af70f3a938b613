"""Certificates for servers that clients must not trust, or must."""

from __future__ import annotations

import ssl
from typing import NamedTuple

import trustme


class Certificate(NamedTuple):
    """A server's side of TLS, and the authority that its certificate is from.

    Attributes:
        context: What the server shows.
        authority: The authority's certificate in PEM, for clients that are to trust it.
    """

    context: ssl.SSLContext
    authority: bytes


def certificate_for(host: str) -> Certificate:
    """Make a certificate for a host name or IP address, from an authority of its own."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return Certificate(context=context, authority=authority.cert_pem.bytes())
