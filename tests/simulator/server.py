"""HTTP/1.1 on the loopback interface, with nothing left open at the end."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from .endpoints import BASE_PATH
from .traffic import Answer, Delivery, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

# As the standard library types it; over TCP it is a socket.
_Connection = socket.socket | tuple[bytes, socket.socket]
# Seconds that a conversation gets to end once its connection is cut.
_PATIENCE = 5.0
# Seconds that a slow answer takes: more than the least time a client may grant.
_SLOW = 1.5
# Seconds for which connections are refused.
_REFUSAL = 0.03
_LINGER = struct.pack("ii", 1, 0)
_DROPS = 100


class Server(ThreadingHTTPServer):
    """A server that knows its open connections, because clients keep them alive."""

    def __init__(
        self,
        port: int,
        respond: Callable[[Request], Answer],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Listen, maybe for TLS only; requests wait until the server is started."""
        self.respond = respond
        self._tls = tls
        self.stopping = threading.Event()
        self._open: dict[_Connection, threading.Thread] = {}
        self._lock = threading.Lock()
        self._refusal = threading.Lock()
        self._refusing = threading.Event()
        self._pause = 0.0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        super().__init__(("127.0.0.1", port), _Handler)

    def start(self) -> None:
        """Answer, in a thread of its own."""
        self._thread.start()

    def _serve(self) -> None:
        while True:
            # A short poll, because stopping waits for it.
            self.serve_forever(0.01)
            if self.stopping.is_set():
                return
            pause, self._pause = self._pause, 0.0
            self._refuse_for(pause)

    def _refuse_for(self, seconds: float) -> None:
        # A socket that is bound but does not listen: nobody else can take the port.
        self.socket.close()
        self.socket = socket.socket(self.address_family, self.socket_type)
        TCPServer.server_bind(self)
        self._refusing.set()
        self.stopping.wait(seconds)
        self.server_activate()

    def refuse(self, seconds: float) -> None:
        """Have new connections refused from now on, for so long."""
        with self._refusal:
            self._refusing.clear()
            self._pause = seconds
            self.shutdown()
            self._refusing.wait(_PATIENCE)

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection; its handshake is up to the conversation."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def process_request(self, request: _Connection, client_address: object) -> None:
        """Hold each connection's conversation in a thread of its own."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            daemon=True,
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: _Connection) -> None:
        """Close a connection and forget it."""
        super().shutdown_request(request)
        with self._lock:
            self._open.pop(request, None)

    def handle_error(self, request: _Connection, client_address: object) -> None:
        """Report mistakes of the simulator, but not that a client hung up."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop listening, cut every connection and wait for the threads."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            conversations = dict(self._open)
        for connection, thread in conversations.items():
            if isinstance(connection, socket.socket):
                # The client may have been first.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            thread.join(_PATIENCE)


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
        # A body is of no use here, but it must not be taken for the next request.
        self.rfile.read(int(self.headers.get("content-length", 0)))
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
        delivery, body = answer.delivery, answer.body if self.command != "HEAD" else b""
        if delivery is Delivery.LATE:
            self.server.stopping.wait(_SLOW)
        if delivery is Delivery.REFUSED:
            self.server.refuse(_REFUSAL)
        if delivery in {Delivery.RESET, Delivery.REFUSED}:
            self._reset()
            return
        self._send_head(answer)
        if delivery is Delivery.RESET_MIDWAY:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self._reset()
        elif delivery is Delivery.DRIPPING:
            self._drip(body)
        else:
            self.wfile.write(body)

    def _drip(self, body: bytes) -> None:
        """Send a body byte by byte, and the rest at once if it is a long one."""
        drops = min(_DROPS, len(body))
        for place in range(drops):
            self.wfile.write(body[place : place + 1])
            self.wfile.flush()
            self.server.stopping.wait(_SLOW / drops)
        self.wfile.write(body[drops:])

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


class RefusingProxy(Server):
    """A proxy on a free port that answers everything with one status.

    Attributes:
        requests: What it was asked: `CONNECT` with host and port as the path, or a plain
            request with the whole address.
    """

    def __init__(self, status: int) -> None:
        """Take the status, such as 407 or 403."""
        self.requests: list[Request] = []
        self._status = status
        super().__init__(0, self._answer)

    def __enter__(self) -> Self:
        """Start to refuse."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and leave no socket and no thread behind."""
        self.stop()

    @property
    def url(self) -> str:
        """The address, as `HTTPS_PROXY` takes it."""
        return f"http://127.0.0.1:{self.server_port}"

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        headers = {"content-type": "text/html"}
        if self._status == 407:
            headers["proxy-authenticate"] = 'Basic realm="proxy"'
        body = b"<html><body>Not through this proxy</body></html>"
        return Answer(status=self._status, body=body, headers=headers, from_api=False)
