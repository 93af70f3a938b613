"""Certificates for servers that clients must not trust, or must."""

import ssl
from typing import NamedTuple

import trustme


class Certificate(NamedTuple):
    """What a server shows, and the certificate in PEM of the authority that it is from."""

    context: ssl.SSLContext
    authority: bytes


def certificate_for(host: str) -> Certificate:
    """Make a certificate for a host name or IP address, from an authority of its own."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return Certificate(context, authority.cert_pem.bytes())
