"""A fake of Kubeflow Pipelines' v2beta1 API: answers the client over HTTP, keeps what it is told, runs nothing."""

import contextlib
import http.server
import itertools
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PREFIX = "/apis/v2beta1"
IMAGE = "registry.example/biasgate@sha256:" + "ab" * 32
LOGS = "/apis/v1alpha1"
"""The only path by which Kubeflow hands out logs."""
KUBERNETES = "/api/v1"


class FakeKubeflow:
    """What the fake was told.

    Attributes:
        endpoint: Its URL.
        tokens: Authorization headers, in order.
        calls: Changing requests, as method and path.
        broken: Paths that are answered with a status of 500.
        accepts: The only token that is let in; None lets everybody in.
        logs: What pods wrote, by their names.
        pods: What Kubernetes says of a run's pods.
        events: What Kubernetes says happened to a pod.
    """

    endpoint: str
    page = 2  # fewer than a client asks for: every list has to be read page by page

    def __init__(self) -> None:
        self.experiments: dict[str, dict] = {}
        self.pipelines: dict[str, dict] = {}
        self.versions: dict[str, dict] = {}
        self.recurring: dict[str, dict] = {}
        self.runs: dict[str, dict] = {}
        self.tokens: list[str | None] = []
        self.calls: list[str] = []
        self.broken: set[str] = set()
        self.accepts: str | None = None
        self.logs: dict[str, str] = {}
        self.pods: list[dict] = []
        self.events: list[dict] = []
        self.ids = (f"id-{number}" for number in itertools.count(1))

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, dict | str]:
        if method != "GET":
            self.calls.append(f"{method} {path}")
        if f"{method} {path}" in self.broken:
            return 500, {"message": "the database is away"}
        match method, *path.strip("/").split("/"):
            case "GET", "healthz":
                return 200, {"multi_user": False}
            case "GET", "experiments":
                return self.listed("experiments", self.named(self.experiments, query), query)
            case "POST", "experiments":
                return self.keep(self.experiments, "experiment_id", json.loads(body))
            case "GET", "pipelines":
                return self.listed("pipelines", self.named(self.pipelines, query), query)
            case "POST", "pipelines":
                return self.keep(self.pipelines, "pipeline_id", json.loads(body))
            case "POST", "pipelines", "upload_version":
                return self.keep_version(query["pipelineid"], query["name"], body)
            case "GET", "pipelines", pipeline, "versions":
                found = [version for version in self.versions.values() if version["pipeline_id"] == pipeline]
                return self.listed("pipeline_versions", found, query)
            case "GET", "pipelines", _, "versions", version:
                return (200, self.versions[version]) if version in self.versions else (404, {"message": "not found"})
            case "GET", "recurringruns":
                return self.listed("recurringRuns", list(self.recurring.values()), query)
            case "POST", "recurringruns":
                told = json.loads(body)
                return self.keep(self.recurring, "recurring_run_id", {**told, "status": f"{told['mode']}D"})
            case "DELETE", "recurringruns", run:
                return 200, self.recurring.pop(run) and {}
            case "POST", "recurringruns", action:
                run, _, switch = action.partition(":")
                self.recurring[run]["status"] = f"{switch.upper()}D"
                return 200, {}
            case "POST", "runs":
                return self.keep(self.runs, "run_id", {**json.loads(body), "state": "PENDING"})
            case "POST", "runs", action:
                run, _, asked = action.partition(":")
                if run not in self.runs:
                    return 404, {"message": f"run {run} not found"}
                self.runs[run]["state"] = {"terminate": "CANCELING", "retry": "RUNNING"}[asked]
                return 200, {}
            case "GET", "runs", run, "nodes", pod, "log":
                return (200, self.logs[pod]) if run in self.runs and pod in self.logs else (500, {"message": "no pod"})
            case "GET", "namespaces", _, "pods":
                run = query["labelSelector"].removeprefix("pipeline/runid=")
                return 200, {"items": self.pods if run in self.runs else []}
            case "GET", "namespaces", _, "events":
                return 200, {"items": self.events}
            case "GET", "runs":
                found = self.named(self.runs, query) if "filter" in query else list(self.runs.values())
                return self.listed("runs", found, query)
            case "GET", "runs", run:
                return (200, self.runs[run]) if run in self.runs else (404, {"message": f"run {run} not found"})
            case _:
                return 501, {"message": f"the fake does not know {method} {path}"}

    def keep(self, shelf: dict[str, dict], key: str, told: dict) -> tuple[int, dict]:
        made = {**told, key: next(self.ids)}
        shelf[made[key]] = made
        return 200, made

    def keep_version(self, pipeline: str, name: str, package: bytes) -> tuple[int, dict]:
        assert b"schemaVersion" in package, "what is uploaded is a compiled pipeline"
        return self.keep(self.versions, "pipeline_version_id", {"pipeline_id": pipeline, "display_name": name})

    @staticmethod
    def named(shelf: dict[str, dict], query: dict[str, str]) -> list[dict]:
        (wanted,) = json.loads(query["filter"])["predicates"]
        assert wanted["operation"] in ("EQUALS", 1)
        assert wanted["key"] == "display_name"
        value = wanted.get("string_value", wanted.get("stringValue"))
        return [item for item in shelf.values() if item["display_name"] == value]

    def listed(self, field: str, items: list[dict], query: dict[str, str]) -> tuple[int, dict]:
        start = int(query.get("page_token") or 0)
        after = start + self.page
        more = {"next_page_token": str(after)} if after < len(items) else {}
        return 200, {field: items[start:after], **more}


@contextlib.contextmanager
def listening(fake: FakeKubeflow, tls: ssl.SSLContext | None = None) -> Iterator[FakeKubeflow]:
    """The fake, answering on this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("Authorization")
            fake.tokens.append(token)
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            path = url.path.removeprefix(PREFIX).removeprefix(LOGS).removeprefix(KUBERNETES)
            refused = fake.accepts is not None and token != f"Bearer {fake.accepts}"
            status, said = (
                (401, {"message": "who are you"}) if refused else fake.answer(self.command, path, query, body)
            )
            data = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = handle_any

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        fake.endpoint = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        yield fake
        server.shutdown()


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own settings for Kubeflow are in force; an image is named."""
    monkeypatch.setenv("BIASGATE_IMAGE", IMAGE)
    for name in ("KF_PIPELINES_TOKEN", "KF_PIPELINES_SA_TOKEN_PATH", "KF_PIPELINES_ENDPOINT", "KF_PIPELINES_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def kubeflow(unset) -> Iterator[FakeKubeflow]:
    """The fake, over HTTP."""
    with listening(FakeKubeflow()) as fake:
        yield fake


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine, with its key, that vouches for itself: a private authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path


@pytest.fixture
def kubeflow_over_tls(unset, certificate: Path) -> Iterator[FakeKubeflow]:
    """The fake, behind a certificate that no public authority knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with listening(FakeKubeflow(), context) as fake:
        yield fake
