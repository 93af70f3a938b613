"""HTTP/1.1 on the loopback interface, with nothing left open at the end."""

import contextlib
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from weakref import WeakSet

from .endpoints import BASE_PATH
from .traffic import Answer, Delivery, Request

# Seconds that a slow answer takes: more than the least time a client may grant.
_SLOW = 1.5
_LINGER = struct.pack("ii", 1, 0)
_DROPS = 100


class Server(ThreadingHTTPServer):
    """A server that knows its open connections, because clients keep them alive."""

    # So closing the server waits for the threads.
    daemon_threads = False

    def __init__(
        self,
        port: int,
        respond: Callable[[Request], Answer],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Listen, maybe for TLS only, and answer in a thread of its own."""
        self.respond = respond
        self._tls = tls
        self.stopping = threading.Event()
        self._open: WeakSet[socket.socket] = WeakSet()
        super().__init__(("127.0.0.1", port), _Handler)
        # A short poll, because stopping waits for it.
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection; its handshake is up to the conversation."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        self._open.add(connection)
        return connection, address

    def handle_error(self, *args: Any) -> None:
        """Report mistakes of the simulator, but not that a client hung up."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(*args)

    def stop(self) -> None:
        """Stop listening, cut every connection and wait for the threads."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            # Most have ended, and the client may have been first.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    # Head and body leave in one piece: no waiting for acknowledgements between them.
    wbufsize = -1
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Serve every method alike: the API itself refuses all but one."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        # Proxies are asked for whole addresses, or for a host and its port.
        path = unquote(parts.path) if self.path.startswith("/") else self.path
        request = Request(
            method=self.command,
            path=path.removeprefix(BASE_PATH),
            params=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        self._deliver(self.server.respond(request))

    def _deliver(self, answer: Answer) -> None:
        """Send an answer, or do not.

        A wait ends when the server stops, and with an error when the client hangs up.
        """
        delivery, body = answer.delivery, answer.body
        if delivery is Delivery.LATE:
            self.server.stopping.wait(_SLOW)
        if delivery is Delivery.RESET:
            self._reset()
            return
        self._send_head(answer)
        if delivery is Delivery.RESET_MIDWAY:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self._reset()
            return
        if delivery is Delivery.DRIPPING:
            # Of a long one, the rest comes at once.
            drops, body = body[:_DROPS], body[_DROPS:]
            for drop in drops:
                self.wfile.write(bytes([drop]))
                self.wfile.flush()
                self.server.stopping.wait(_SLOW / _DROPS)
        self.wfile.write(body)

    def _reset(self) -> None:
        """Have the client see a reset (RST), not an orderly end (FIN)."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self.close_connection = True
        self.connection.close()

    def _send_head(self, answer: Answer) -> None:
        length = str(len(answer.body))
        headers = {"content-type": "application/json", "content-length": length}
        headers.update({name.lower(): value for name, value in answer.headers.items()})
        # A dictated length may promise more than there is.
        if headers["content-length"] != length:
            self.close_connection = True
            headers["connection"] = "close"
        self.send_response_only(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Keep quiet: whoever wants to know reads `Simulator.requests`."""
