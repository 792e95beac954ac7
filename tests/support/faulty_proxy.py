"""A proxy before a real HTTP server that breaks chosen requests: S3, MLflow, Kubeflow.

    with FaultyProxy(s3.endpoint) as proxy:
        proxy.inject(refused(503, "SlowDown"), times=5, method="PUT", path=r"group-0001")

A fault is a function of one ``Exchange``: it forwards the request or not, answers or not. What no fault matches passes
through unchanged, its Host header too, so that signatures hold.
"""

import contextlib
import http.client
import http.server
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Answer:
    """What a server says."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class Exchange:
    """One request, and the ways to deal with it."""

    def __init__(
        self, handler: http.server.BaseHTTPRequestHandler, server: str, body: bytes, forwarded: list[str]
    ) -> None:
        self.method, self.path, self.body = handler.command, handler.path, body
        self._handler, self._server, self._forwarded = handler, server, forwarded

    def forward(self) -> Answer:
        """Lets the real server do it."""
        self._forwarded.append(f"{self.method} {self.path}")
        connection = http.client.HTTPConnection(self._server, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest(self.method, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self._handler.headers.items():
                if name.lower() not in {*OF_ONE_HOP, "expect", "content-length"}:
                    connection.putheader(name, value)
            if self.body or self.method in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(self.body)))
            connection.endheaders(self.body or None)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())

    def forward_half(self) -> None:
        """Sends the real server half of the body and ends the connection."""
        with contextlib.closing(http.client.HTTPConnection(self._server, timeout=60)) as connection:
            connection.putrequest(self.method, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self._handler.headers.items():
                if name.lower() not in {*OF_ONE_HOP, "expect", "content-length"}:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(self.body)))
            connection.endheaders(self.body[: len(self.body) // 2] or None)

    def answer(self, answer: Answer, *, share: float = 1) -> None:
        """Answers; with a ``share`` below 1 the connection ends within the body."""
        handler = self._handler
        handler.send_response_only(answer.status)
        lengths = [value for name, value in answer.headers if name.lower() == "content-length"]
        for name, value in answer.headers:
            if name.lower() not in {*OF_ONE_HOP, "content-length"}:
                handler.send_header(name, value)
        handler.send_header("Content-Length", lengths[0] if lengths else str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body[: int(len(answer.body) * share)])
        if share < 1:
            self.cut()

    def cut(self) -> None:
        """Ends the connection."""
        self._handler.close_connection = True
        self._handler.wfile.flush()
        with contextlib.suppress(OSError):
            self._handler.connection.shutdown(socket.SHUT_RDWR)


Fault = Callable[[Exchange], None]


def passed(exchange: Exchange) -> None:
    """No fault."""
    exchange.answer(exchange.forward())


def cut(exchange: Exchange) -> None:
    """The request is lost: the server never sees it."""
    exchange.cut()


def unanswered(exchange: Exchange) -> None:
    """The server does it; its answer is lost."""
    exchange.forward()
    exchange.cut()


def torn(exchange: Exchange) -> None:
    """The answer breaks off in the middle of its body."""
    exchange.answer(exchange.forward(), share=0.5)


def half_sent(exchange: Exchange) -> None:
    """The server gets half of the request's body; there is no answer."""
    if exchange.body:
        exchange.forward_half()
    exchange.cut()


def slow(seconds: float) -> Fault:
    """The answer comes late."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.forward()
        time.sleep(seconds)
        exchange.answer(answer)

    return fault


def refused(status: int, code: str) -> Fault:
    """The server is asked nothing; the proxy refuses with a status and S3's code."""
    body = f"<Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
    return lambda exchange: exchange.answer(Answer(status, [("Content-Type", "application/xml")], body))


@dataclass
class Injection:
    """A fault and the requests that it is for; ``left`` counts down."""

    fault: Fault
    left: float
    method: str
    path: str


class FaultyProxy:
    """The proxy, listening while it is entered.

    Attributes:
        endpoint: URL to use in place of the server's.
        forwarded: What reached the server, as ``METHOD path``.
        broken: How many requests a fault was for.
    """

    def __init__(self, server: str) -> None:
        self.forwarded: list[str] = []
        self.broken = 0
        self._injections: list[Injection] = []
        self._lock = threading.Lock()
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler(urlsplit(server).netloc))
        self.endpoint = f"http://127.0.0.1:{self._http.server_port}"

    def inject(self, fault: Fault, *, times: float = 1, method: str = ".*", path: str = "") -> None:
        """Breaks the next ``times`` requests (``math.inf`` for all) whose method and path match; the first counts.

        Args:
            fault: What happens to them.
            times: How many.
            method: Expression that the whole method matches.
            path: Expression that is found in path and query.
        """
        self._injections.append(Injection(fault, times, method, path))

    def heal(self) -> None:
        """Takes all faults away."""
        self._injections.clear()

    def __enter__(self) -> "FaultyProxy":
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _fault(self, exchange: Exchange) -> Fault:
        with self._lock:
            for one in self._injections:
                matches = re.fullmatch(one.method, exchange.method) and re.search(one.path, exchange.path)
                if one.left > 0 and matches:
                    one.left -= 1
                    self.broken += 1
                    return one.fault
        return passed

    def _handler(self, server: str) -> type[http.server.BaseHTTPRequestHandler]:
        fault_of, forwarded = self._fault, self.forwarded

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                exchange = Exchange(self, server, _body(self), forwarded)
                fault_of(exchange)(exchange)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = handle_any

            def log_message(self, *arguments: object) -> None:
                pass

        return Handler


def _body(handler: http.server.BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    chunks: list[bytes] = []
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        chunks.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(chunks)
