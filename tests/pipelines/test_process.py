"""A task's process, started as Kubeflow's launcher starts it: the compiled command and an executor input."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from biasgate.components import plan_zoo  # pyright: ignore[reportMissingImports]  # an install maps it to a folder beside src

CONTAINER = plan_zoo.pipeline_spec.deployment_spec["executors"]["exec-plan-zoo"]["container"]
IN_A_POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


class Away(http.server.ThreadingHTTPServer):
    """A server that is away for the first requests, and then refuses."""

    def __init__(self, *, failures: int) -> None:
        super().__init__(("127.0.0.1", 0), Refusing)
        self.failures, self.asked = failures, 0


class Refusing(http.server.BaseHTTPRequestHandler):
    server: Away  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self.server.asked += 1
        away = self.server.asked <= self.server.failures
        body = b"{}" if away else b'{"error_code": "PERMISSION_DENIED", "message": "not for you"}'
        self.send_response(503 if away else 403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def mlflow() -> Iterator[Away]:
    with Away(failures=6) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def start(folder: Path, *, spec: str = "digits_demo", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs ``plan_zoo`` to its end, whatever the tests before it set of MLflow."""
    files = {name: {"outputFile": str(folder / name)} for name in ("Output", "plan")}
    request = {
        "inputs": {"parameterValues": {"spec": spec, "root": str(folder / "zoos"), "shards": 2}},
        "outputs": {"parameters": files, "outputFile": str(folder / "executor.json")},
    }
    command = [part.replace("{{$}}", json.dumps(request)) for part in [*CONTAINER["command"], *CONTAINER["args"]]]
    command[2] = command[2].replace("python3", sys.executable)
    own = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", **environment}
    shell = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.run(command, env={**shell, **own}, capture_output=True, text=True, check=False)


def test_a_task_that_can_work_ends_well(tmp_path):
    assert start(tmp_path).returncode == 0
    items = json.loads((tmp_path / "executor.json").read_text())["parameterValues"]["Output"]
    assert [item["index"] for item in items] == [0, 1]


def test_a_users_mistake_ends_in_one_sentence_that_stands_last_and_alone_and_in_its_exit_code(tmp_path):
    done = start(tmp_path, spec="no_such_zoo")
    assert done.returncode == 3
    assert "no_such_zoo" in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("biasgate: ")
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "executor.json").exists()


def test_the_traceback_is_there_on_request(tmp_path):
    done = start(tmp_path, spec="no_such_zoo", BIASGATE_TRACEBACK="1")
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("biasgate: ")


def test_a_pod_without_a_registry_is_told_so_and_nothing_is_kept_in_a_file(tmp_path):
    done = start(tmp_path, **IN_A_POD, MLFLOW_TRACKING_URI="")
    assert done.returncode == 3
    assert "MLFLOW_TRACKING_URI is not set" in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_pod_bears_a_registry_that_is_away_for_a_while(tmp_path, mlflow):
    settings = {"MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0", "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0"}
    done = start(tmp_path, **IN_A_POD, **settings, MLFLOW_TRACKING_URI=f"http://127.0.0.1:{mlflow.server_port}")
    assert mlflow.asked == mlflow.failures + 1, "it was asked until it answered, and a refusal is an answer"
    assert done.returncode == 6
    assert "this account may not do this in MLflow" in done.stderr.splitlines()[-1]
