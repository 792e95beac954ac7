"""Who may not submit is told so before anything is made, by a server with accounts."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from biasgate.errors import ServiceError
from biasgate.registry.models import fetch, register_folder
from biasgate.registry.tracking import EXPERIMENT

pytestmark = [pytest.mark.servers, pytest.mark.slow]

PASSWORD = "only-for-this-test"
MODEL = "digits-candidates"


class Server:
    """MLflow with accounts."""

    def __init__(self, uri: str):
        self.uri = uri

    def ask(self, path: str, body: dict | None = None, *, user: str = "admin") -> dict:
        token = b64encode(f"{user}:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        request = Request(f"{self.uri}/api/{path}", headers=headers, data=json.dumps(body).encode() if body else None)
        with urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "{}")

    def edit(self, user: str, kind: str, which: str) -> None:
        right = {"username": user, "resource_type": kind, "resource_id": which, "permission": "EDIT"}
        self.ask("3.0/mlflow/users/permissions/grant", right)

    def runs(self, experiment: str) -> list[dict]:
        body = {"experiment_ids": [experiment], "run_view_type": "ACTIVE_ONLY"}
        return self.ask("2.0/mlflow/runs/search", body).get("runs", [])


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("accounts")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/auth.db\n"
        f"admin_username = admin\nadmin_password = {PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    settings = {"MLFLOW_AUTH_CONFIG_PATH": f"{folder}/auth.ini", "MLFLOW_FLASK_SERVER_SECRET_KEY": "for-this-test"}
    settings["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    command = [
        str(Path(sys.executable).with_name("mlflow")), "server", "--app-name", "basic-auth", "--workers", "1",
        "--host", "127.0.0.1", "--port", str(port), "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination", f"{folder}/artifacts",
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    started = Server(f"http://127.0.0.1:{port}")
    try:
        for _ in range(600):
            try:
                urlopen(f"{started.uri}/health", timeout=5).close()
                break
            except (URLError, OSError):
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.5)
        for name in ("runner", "ana"):
            started.ask("2.0/mlflow/users/create", {"username": name, "password": PASSWORD})
        yield started
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def experiment(server) -> str:
    found = server.ask("2.0/mlflow/experiments/search", {"max_results": 10}).get("experiments", [])
    held = {one["name"]: one["experiment_id"] for one in found}
    return held.get(EXPERIMENT) or server.ask("2.0/mlflow/experiments/create", {"name": EXPERIMENT})["experiment_id"]


def as_user(monkeypatch, server, name: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)


def submit(folder: Path) -> str:
    folder.mkdir()
    (folder / "weights").write_text("bytes")
    return register_folder(folder, name=MODEL, flavour="test")


def test_rights_are_found_missing_before_anything_is_made_and_suffice_when_they_are_there(
    server, experiment, monkeypatch, tmp_path
):
    as_user(monkeypatch, server, "ana")
    with pytest.raises(ServiceError, match=r"may not do this in MLflow.*EDIT on experiment biasgate"):
        submit(tmp_path / "first")
    assert server.ask("2.0/mlflow/registered-models/search").get("registered_models", []) == []
    server.ask("2.0/mlflow/registered-models/create", {"name": MODEL}, user="runner")
    server.edit("ana", "experiment", experiment)
    with pytest.raises(ServiceError, match=f"EDIT on {MODEL}"):
        submit(tmp_path / "second")
    assert server.runs(experiment) == []
    server.edit("ana", "registered_model", MODEL)
    assert submit(tmp_path / "third") == f"models:/{MODEL}/1"
    assert [run["info"]["status"] for run in server.runs(experiment)] == ["FINISHED"]
    server.edit("runner", "experiment", experiment)
    as_user(monkeypatch, server, "runner")
    assert submit(tmp_path / "repaired") == f"models:/{MODEL}/2"
    assert fetch(f"models:/{MODEL}/1", tmp_path / "fetched")[1] == f"models:/{MODEL}/1"
