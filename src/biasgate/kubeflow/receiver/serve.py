"""The receiver: an HTTP server of few lines, which takes what is signed, new and small, and starts the gate once.

It judges nothing, and holds no right but to start runs. What it misses, the sweep takes up.
"""

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from biasgate.errors import BiasgateError, InputError, ServiceError, TrustError
from biasgate.kubeflow.once import Submitted
from biasgate.kubeflow.receiver.delivery import WINDOW, candidate_of, check_delivery

LARGEST = 64 * 1024
"""Most bytes of a body: a version's tags and description."""
PATIENCE = 10.0
"""Seconds that a sender may take for its request, and a delivery may wait for the one before it."""
MOST_AT_ONCE = 16
"""Requests that are taken at the same time."""
Start = Callable[[str], Submitted]
Note = Callable[[HTTPStatus, str], None]
"""Takes what a delivery was answered, or what else happened."""


class Receiver:
    """Takes deliveries, one after another.

    Args:
        start: Starts the gate for a candidate, once.
        secrets: What MLflow signs with; several while it changes.
    """

    def __init__(self, start: Start, secrets: Sequence[bytes]) -> None:
        self._start, self._secrets = start, secrets
        self._taken: dict[str, float] = {}
        self._one = threading.Lock()

    def take(self, headers: Mapping[str, str], body: bytes) -> tuple[HTTPStatus, str]:
        """Answers a delivery with a status, by which MLflow knows whether to send it again, and a sentence."""
        try:
            identity = check_delivery(headers, body, secrets=self._secrets)
            if (candidate := candidate_of(body)) is None:
                return HTTPStatus.OK, "not about a candidate: nothing to do"
            with self._alone():
                if identity in self._taken:
                    return HTTPStatus.OK, f"{candidate}: this delivery was taken before"
                submitted = self._start(candidate)
                self._note(identity)
        except TrustError as error:
            return HTTPStatus.UNAUTHORIZED, str(error)
        except ServiceError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, f"{error}; the sweep takes up what is not sent again"
        except BiasgateError as error:
            return HTTPStatus.UNPROCESSABLE_ENTITY, str(error)
        except Exception as error:  # what others' clients raise is sent again, and may hold what is secret
            return HTTPStatus.INTERNAL_SERVER_ERROR, f"the receiver failed ({type(error).__name__})"
        if submitted.new:
            return HTTPStatus.ACCEPTED, f"{candidate}: run {submitted.run} is started"
        return HTTPStatus.OK, f"{candidate}: run {submitted.run} is there already"

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        """One delivery at a time; a start that hangs holds up no more than the next ones' patience."""
        if not self._one.acquire(timeout=PATIENCE):
            raise ServiceError("the delivery before this one is still under way")
        try:
            yield
        finally:
            self._one.release()

    def _note(self, identity: str) -> None:
        """Remembers a delivery as long as its time would let it be sent again."""
        now = time.monotonic()
        self._taken = {one: until for one, until in self._taken.items() if until > now}
        self._taken[identity] = now + 2 * WINDOW


def server(receiver: Receiver, *, host: str, port: int, note: Note) -> http.server.ThreadingHTTPServer:
    """A server that waits to be told ``serve_forever``.

    Args:
        receiver: Answers deliveries.
        host: Address to listen at.
        port: Port to listen at; 0 for any that is free.
        note: Is told each answer.

    Raises:
        InputError: Nothing can listen there.
    """
    try:
        return _Server(receiver, (host, port), note)
    except OSError as error:
        fix = "choose another --host or --port"
        raise InputError(f"cannot listen there: {error.strerror}", where=f"{host}:{port}", fix=fix) from error


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: Receiver, address: tuple[str, int], note: Note) -> None:
        self.receiver, self.note, self._room = receiver, note, threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        late = threading.Timer(PATIENCE, _deafen, [request])
        late.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            late.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        self.note(HTTPStatus.REQUEST_TIMEOUT, "a sender went away, or was too slow")


def _deafen(request: socket.socket) -> None:
    """Ends what a sender still sends: a timeout of each byte would let it go on for hours."""
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RD)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One request; its answer closes the connection."""

    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = PATIENCE
    server_version, sys_version = "biasgate", ""

    def do_GET(self) -> None:
        healthy = self.path == "/health"
        self._answer(HTTPStatus.OK if healthy else HTTPStatus.NOT_FOUND, "ready" if healthy else "nothing is here")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or ""
        if not length.isascii() or not length.isdecimal():
            self._answer(HTTPStatus.LENGTH_REQUIRED, "say the body's length", note=True)
        elif len(length) > len(str(LARGEST)) or int(length) > LARGEST:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {LARGEST:,} bytes", note=True)
        elif len(body := self.rfile.read(int(length))) < int(length):
            self._answer(HTTPStatus.REQUEST_TIMEOUT, "the body ended early, or was too slow", note=True)
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(*self.server.receiver.take(headers, body), note=True)

    def _answer(self, status: HTTPStatus, sentence: str, *, note: bool = False) -> None:
        if note:
            self.server.note(status, sentence)
        body = f"{sentence}\n".encode(errors="replace")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """What is worth a line is told to ``note``."""
