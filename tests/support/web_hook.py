"""A web server that takes what is posted to it, refuses it, or never answers."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Hook(http.server.ThreadingHTTPServer):
    """Keeps what is posted; answers with its status, or not before it is released."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.got: list[bytes] = []
        self.status: int | None = 200
        self.released = threading.Event()
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        """Where it listens; its path is a secret."""
        return f"http://127.0.0.1:{self.server_port}/secret-token"


class _Post(http.server.BaseHTTPRequestHandler):
    """Takes posts, and answers as the server was told."""

    server: Hook

    def do_POST(self) -> None:
        self.server.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.headers.append(dict(self.headers))
        if self.server.status is None:
            self.server.released.wait(30)
            return
        self.send_response(self.server.status)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def listening() -> Iterator[Hook]:
    """Runs one until the end of the block."""
    server = Hook()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
