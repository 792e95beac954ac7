"""A fake of the Kubernetes API: answers for a list of objects over HTTP, as the real one shapes its answers."""

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PLURALS = {"NetworkPolicy": "networkpolicies", "ResourceQuota": "resourcequotas"}


class FakeKubernetes:
    """Objects, and what was asked of them.

    Attributes:
        objects: What the cluster holds; change it freely.
        forbidden: Parts of paths that this account may not read.
        refusal: What a pod that is started is refused with; None takes it.
        log: What a pod that is started says.
        phase: How such a pod stands.
        made: Pods that were started.
    """

    def __init__(self, objects: list[dict[str, Any]]):
        self.objects = objects
        self.forbidden: set[str] = set()
        self.refusal: str | None = None
        self.log = ""
        self.phase = "Succeeded"
        self.made: list[dict[str, Any]] = []
        self.deleted: list[str] = []

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        """The one object of this kind and name."""
        (found,) = [
            item
            for item in self.objects
            if (item["kind"], item["metadata"]["name"], item["metadata"].get("namespace")) == (kind, name, namespace)
        ]
        return found

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if any(part in path for part in self.forbidden):
            return 403, {"kind": "Status", "message": "forbidden", "code": 403}
        parts = path.strip("/").split("/")
        parts = parts[2:] if parts[0] == "api" else parts[3:]
        namespace = None
        if parts[0] == "namespaces" and len(parts) > 2:
            namespace, parts = parts[1], parts[2:]
        match method, parts:
            case "POST", ["subjectaccessreviews"]:
                return 201, {**body, "status": {"allowed": self.may(**body["spec"])}}
            case "POST", ["pods"]:
                return self.start(body, namespace)
            case "DELETE", ["pods", name]:
                self.deleted.append(name)
                return 200, {"kind": "Status"}
            case "GET", ["pods", _, "log"]:
                return 200, self.log
            case "GET", [plural, name]:
                found = [item for item in self.held(plural, namespace) if item["metadata"]["name"] == name]
                return (200, found[0]) if found else (404, {"kind": "Status", "message": "not found", "code": 404})
            case "GET", [plural]:
                return 200, {"kind": "List", "metadata": {}, "items": self.held(plural, namespace)}
            case _:
                return 405, {"kind": "Status", "message": f"the fake does not know {method} {path}"}

    def start(self, body: dict[str, Any], namespace: str | None) -> tuple[int, Any]:
        if self.refusal:
            return 403, {"kind": "Status", "message": self.refusal, "code": 403}
        made = {**body, "status": {"phase": self.phase}}
        made["metadata"]["namespace"] = namespace
        self.objects.append(made)
        self.made.append(made)
        return 201, made

    def held(self, plural: str, namespace: str | None) -> list[dict[str, Any]]:
        return [
            item
            for item in self.objects
            if PLURALS.get(item["kind"], f"{item['kind'].lower()}s") == plural
            and item["metadata"].get("namespace") == namespace
        ]

    def may(self, user: str, resourceAttributes: dict[str, str]) -> bool:
        """What the roles that are bound to a service account allow."""
        *_, home, account = user.split(":")
        asked = resourceAttributes
        bound = [
            item["roleRef"]["name"]
            for item in self.held("rolebindings", asked["namespace"])
            for subject in item["subjects"]
            if (subject["name"], subject.get("namespace", home)) == (account, home)
        ]
        rules = [rule for name in bound for rule in self.get("Role", name, asked["namespace"])["rules"]]
        return any(
            asked["resource"] in rule["resources"]
            and {asked["verb"], "*"} & set(rule["verbs"])
            and asked.get("group", "") in rule["apiGroups"]
            and asked.get("name", "") in rule.get("resourceNames", [asked.get("name", "")])
            for rule in rules
        )


@contextlib.contextmanager
def kubernetes(fake: FakeKubernetes, kubeconfig: Path) -> Iterator[FakeKubernetes]:
    """The fake, answering on this machine; ``kubeconfig`` gets the configuration that leads there."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = fake.answer(self.command, self.path.partition("?")[0], json.loads(body or "null"))
            data = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(said, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = handle_any

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        there = {"server": f"http://127.0.0.1:{server.server_port}"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": there}],
            "users": [{"name": "me", "user": {"token": "secret"}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}],
        }
        kubeconfig.write_text(yaml.safe_dump(config))
        yield fake
        server.shutdown()
