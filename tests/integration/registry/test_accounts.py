"""MLflow with accounts: who may write verdicts does, and whom it is not granted is told, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
import requests

from biasgate.registry.alerts import Alarm
from biasgate.registry.client import connect
from biasgate.registry.models import submit_candidate
from biasgate.registry.showing import misshown, show

ADMIN, PASSWORD = "admin", "only-for-these-tests"


@dataclass(frozen=True)
class Accounts:
    """An MLflow server whose accounts are the administrator, ``runner`` and ``promoter``."""

    url: str

    def ask(self, path: str, **body: str) -> dict:
        answer = requests.post(f"{self.url}/api/{path}", json=body, auth=(ADMIN, PASSWORD), timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.text else {}

    def grant(self, user: str, kind: str, name: str) -> None:
        said = {"username": user, "resource_type": kind, "resource_id": name, "permission": "EDIT"}
        self.ask("3.0/mlflow/users/permissions/grant", **said)

    def become(self, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Accounts]:
    folder, port = tmp_path_factory.mktemp("accounts"), free_port()
    (folder / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/auth.db\nadmin_username = {ADMIN}\n"
        f"admin_password = {PASSWORD}\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    command = [
        str(Path(sys.executable).with_name("mlflow")), "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--app-name", "basic-auth", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    environment = {
        **os.environ,
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-these-tests",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    environment.pop("MLFLOW_TRACKING_URI", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            server = Accounts(f"http://127.0.0.1:{port}")
            _await(f"{server.url}/health", process, folder / "log")
            for user in ("runner", "promoter"):
                server.ask("2.0/mlflow/users/create", username=user, password=PASSWORD)
            for experiment, owner in (("biasgate", "runner"), ("biasgate-promotions", "promoter")):
                made = server.ask("2.0/mlflow/experiments/create", name=experiment)
                server.grant(owner, "experiment", made["experiment_id"])
            yield server
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the MLflow server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def test_verdicts_are_written_by_the_account_that_may_and_by_no_other(
    accounts, package, gate, name, monkeypatch, capsys
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", accounts.url)
    accounts.become("runner", monkeypatch)
    submitted, model = package(), f"{name}-candidates"
    gate.decide(submitted, submit_candidate(submitted, name=name), accuracy=0.5)

    accounts.become("promoter", monkeypatch)
    refused = Alarm()
    gate.promote(alarm=refused)
    assert [(alert.kind, alert.name) for alert in refused.raised] == [("not_shown", name)]
    assert f"may not edit {model}" in refused.raised[0].message
    assert "biasgate.verdict" not in connect().get_model_version(model, "1").tags

    accounts.grant("promoter", "registered_model", model)
    granted = Alarm()
    gate.promote(alarm=granted)
    assert granted.raised == []
    assert connect().get_model_version(model, "1").tags["biasgate.verdict"] == "REJECTED"

    accepted = package(2.0)
    accounts.become("runner", monkeypatch)
    gate.decide(accepted, submit_candidate(accepted, name=name))
    accounts.become("promoter", monkeypatch)
    gate.promote()
    accounts.become("runner", monkeypatch)
    connect().set_model_version_tag(model, "2", "biasgate.verdict", "REJECTED")
    changes = misshown(gate.log, gate.history(), trusted=gate.trusted, models=[name])
    assert [change.uri for change in changes] == [f"models:/{model}/2"]
    with pytest.raises(Exception, match=r"PERMISSION_DENIED|[Pp]ermission denied"):
        connect().set_model_version_tag(name, "1", "biasgate.verdict", "APPROVED")

    accounts.become("promoter", monkeypatch)
    show(changes, alarm=granted)
    assert connect().get_model_version(model, "2").tags["biasgate.verdict"] == "APPROVED"
    assert connect().get_model_version(name, "1").tags["biasgate.status"] == "serves"
