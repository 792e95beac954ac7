"""The receiver: an HTTP server of few lines, which takes what is signed, new and small, and starts the gate once.

It judges nothing, and holds no right but to start runs. What it misses, the sweep takes up.
"""

import http.server
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from biasgate.errors import BiasgateError, ServiceError, TrustError
from biasgate.foreign_text import one_line
from biasgate.kubeflow.once import Submitted
from biasgate.kubeflow.receiver.delivery import WINDOW, candidate_of, check_delivery

LARGEST = 64 * 1024
"""Most bytes of a body: a version's tags and description."""
PATIENCE = 10.0
"""Seconds that a sender may take for its request."""
MOST_AT_ONCE = 16
"""Requests that are taken at the same time."""
Start = Callable[[str], Submitted]


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
            with self._one:
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
        if submitted.new:
            return HTTPStatus.ACCEPTED, f"{candidate}: run {submitted.run} is started"
        return HTTPStatus.OK, f"{candidate}: run {submitted.run} is there already"

    def _note(self, identity: str) -> None:
        """Remembers a delivery as long as its time would let it be sent again."""
        now = time.monotonic()
        self._taken = {one: until for one, until in self._taken.items() if until > now}
        self._taken[identity] = now + 2 * WINDOW


def server(receiver: Receiver, *, host: str, port: int) -> http.server.ThreadingHTTPServer:
    """A server that waits to be told ``serve_forever``."""
    return _Server(receiver, (host, port))


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: Receiver, address: tuple[str, int]) -> None:
        self.receiver, self._room = receiver, threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        _say("a sender went away, or was too slow")


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
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(*self.server.receiver.take(headers, self.rfile.read(int(length))), note=True)

    def _answer(self, status: HTTPStatus, sentence: str, *, note: bool = False) -> None:
        if note:
            _say(f"{status.value} {sentence}")
        body = f"{sentence}\n".encode(errors="replace")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """What is worth a line is said by ``_say``."""


def _say(sentence: str) -> None:
    sys.stderr.write(one_line(sentence) + "\n")
    sys.stderr.flush()
