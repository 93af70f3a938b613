"""What the host of a URL is, and where the project is."""

from __future__ import annotations

import ipaddress
from functools import cache
from importlib.metadata import metadata
from urllib.parse import urlsplit

_PACKAGE = __name__.partition(".")[0]


@cache
def project_url(label: str) -> str:
    """Return an address of the project, by its label in the metadata of the package."""
    links: list[str] = metadata(_PACKAGE).get_all("Project-URL") or []
    return next(link for link in links if link.startswith(f"{label}, ")).split(", ")[1]


def is_loopback(url: str) -> bool:
    """Return whether the host of the URL is this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
