"""MLflow's own server for tests: started, waited for, with accounts where they are asked for, and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import requests

ADMIN, PASSWORD = "admin", "only-for-these-tests"
AUTHORIZED = "mlflow.server.auth:authenticate_request_basic_auth"


@dataclass(frozen=True)
class Accounts:
    """A server whose accounts may read everything, and write what is granted to them; ``admin`` may do all."""

    url: str

    def ask(self, path: str, *, user: str = ADMIN, **body: Any) -> dict[str, Any]:
        """What the API answers to an account; without a body it is read."""
        method = "POST" if body else "GET"
        answer = requests.request(method, f"{self.url}/api/{path}", json=body, auth=(user, PASSWORD), timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.text else {}

    def grant(self, user: str, kind: str, name: str) -> None:
        """Lets an account edit one experiment or registered model."""
        said = {"username": user, "resource_type": kind, "resource_id": name, "permission": "EDIT"}
        self.ask("3.0/mlflow/users/permissions/grant", **said)

    def become(self, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on this process is that account."""
        monkeypatch.setenv("MLFLOW_TRACKING_URI", self.url)
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)


@contextmanager
def served(folder: Path, *options: str, **variables: str) -> Iterator[str]:
    """Runs ``mlflow server`` with these options and variables, its log in ``folder``; gives its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = str(Path(sys.executable).with_name("mlflow"))
    command = [program, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *options]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **variables}
    environment.pop("MLFLOW_TRACKING_URI", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _await(f"{url}/health", process, folder / "log")
            yield url
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def with_accounts(folder: Path, *users: str) -> Iterator[Accounts]:
    """Runs a server on SQLite whose accounts are ``admin`` and these."""
    (folder / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/auth.db\nadmin_username = {ADMIN}\n"
        f"admin_password = {PASSWORD}\nauthorization_function = {AUTHORIZED}\n"
    )
    options = ["--app-name", "basic-auth", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    variables = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-these-tests",
    }
    with served(folder, *options, "--artifacts-destination", str(folder / "artifacts"), **variables) as url:
        accounts = Accounts(url)
        for user in users:
            accounts.ask("2.0/mlflow/users/create", username=user, password=PASSWORD)
        yield accounts


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the server is healthy, at most five minutes."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the MLflow server did not start:\n{log.read_text(errors='replace')[-2000:]}")
