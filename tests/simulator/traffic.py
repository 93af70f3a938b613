"""What was asked, what is answered, and in which manner it goes over the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(kw_only=True)
class Request:
    """One request: `path` below the base path, decoded `params`, lower-case `headers`.

    The path of an endpoint that does not lie below the base path is the whole one.
    The status is 0 until the answer is decided. `fault` names what went wrong with the
    answer, if anything was made to.
    """

    method: str = "GET"
    path: str
    params: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    fault: str | None = None


class Delivery(Enum):
    """How an answer leaves."""

    WHOLE = "at once"
    LATE = "after a long wait"
    DRIPPING = "its body byte by byte"
    RESET = "not at all: the connection is reset"
    RESET_MIDWAY = "up to the middle of its body, where the connection is reset"
    REFUSED = "not at all: the connection is reset, and new ones are refused for a moment"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back over the wire.

    A `content-length` larger than the body makes an answer that breaks off. What does not
    come from the API has none of its headers.
    """

    status: int
    body: bytes
    from_api: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE


def as_bytes(body: object) -> bytes:
    """Encode a body: bytes and text as they are, anything else as JSON."""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()
