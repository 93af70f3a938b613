"""How answers leave: whole, late, in drops, cut, or not at all."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Protocol

from .traffic import Delivery

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from io import BufferedIOBase

SLOW = 1.5
"""Seconds that a slow answer takes: more than the least time a client may grant."""

REFUSAL = 0.03
"""Seconds for which connections are refused."""

_LINGER = struct.pack("ii", 1, 0)
_DROPS = 100


class Line(Protocol):
    """One connection of the server."""

    wfile: BufferedIOBase
    connection: socket.socket

    @property
    def stopping(self) -> threading.Event:
        """Set when the server stops."""

    def abort(self) -> None:
        """Have the connection closed as it is, once the conversation ends."""

    def refuse(self, seconds: float) -> None:
        """Have new connections refused from now on, for so long."""


def deliver(line: Line, head: Callable[[], None], body: bytes, delivery: Delivery) -> None:
    """Send an answer, or do not.

    A wait ends when the server stops, and with an error when the client hangs up.
    """
    if delivery is Delivery.LATE:
        line.stopping.wait(SLOW)
    if delivery in {Delivery.RESET, Delivery.REFUSED}:
        if delivery is Delivery.REFUSED:
            line.refuse(REFUSAL)
        reset(line)
        return
    head()
    if delivery is Delivery.RESET_MIDWAY:
        line.wfile.write(body[: len(body) // 2])
        line.wfile.flush()
        reset(line)
    elif delivery is Delivery.DRIPPING:
        drip(line, body)
    else:
        line.wfile.write(body)


def drip(line: Line, body: bytes) -> None:
    """Send a body byte by byte, and the rest at once if it is a long one."""
    drops = min(_DROPS, len(body))
    for place in range(drops):
        line.wfile.write(body[place : place + 1])
        line.wfile.flush()
        line.stopping.wait(SLOW / drops)
    line.wfile.write(body[drops:])


def reset(line: Line) -> None:
    """Have the client see a reset (RST), not an orderly end (FIN)."""
    line.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    line.abort()
