"""A server that speaks as much S3 as a log needs, keeps objects in memory, and may ignore ``If-None-Match``.

with SmallS3(ignores_conditions=True) as server:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
"""

import http.server
import threading
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class SmallS3:
    """The server; ``objects`` are its contents by ``/bucket/key``."""

    def __init__(self, *, ignores_conditions: bool) -> None:
        self.objects: dict[str, bytes] = {}
        self.ignores_conditions = ignores_conditions
        self.lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that boto3 reads."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        }

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(server: SmallS3) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with server.lock:
                taken = self.name in server.objects and "If-None-Match" in self.headers
                if taken and not server.ignores_conditions:
                    self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                    return
                server.objects[self.name] = body
            self.answer(200, b"")

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            if "list-type" in asked:
                self.answer(200, self.listing(asked["prefix"][0], asked.get("start-after", [""])[0]))
            elif self.name in server.objects:
                self.answer(200, server.objects[self.name])
            else:
                self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

        do_HEAD = do_GET

        @property
        def name(self) -> str:
            return unquote(urlsplit(self.path).path)

        def listing(self, prefix: str, after: str) -> bytes:
            keys = sorted(name.removeprefix(f"{self.name.rstrip('/')}/") for name in server.objects)
            found = [key for key in keys if key.startswith(prefix) and key > after]
            contents = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in found)
            return f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>".encode()

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"none"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    return Handler
