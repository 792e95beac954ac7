"""The services of the manifests, in restricted containers that share one network: S3, and MLflow on PostgreSQL."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from biasgate.registry.tracking import EXPERIMENT

MLFLOW, S3_HOST = "mlflow.biasgate.svc.cluster.local", "s3.biasgate.svc.cluster.local"
PASSWORD = "only-for-this-test-{user}"
DATABASE = "postgresql+psycopg2://mlflow@/mlflow?host=/var/run/postgresql"
ACCOUNTS = f"""\
[mlflow]
default_permission = READ
database_uri = {DATABASE}
admin_username = admin
admin_password = {PASSWORD.format(user="admin")}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
"""
CLIENT = """
import base64, json, sys, urllib.error, urllib.request
host, user, password, method, path, body = sys.argv[1:]
token = base64.b64encode(f"{user}:{password}".encode()).decode()
headers = {"Host": host, "Content-Type": "application/json", **({"Authorization": "Basic " + token} if user else {})}
url = "http://127.0.0.1:5000" + path
request = urllib.request.Request(url, method=method, headers=headers, data=body.encode() or None)
try:
    with urllib.request.urlopen(request) as answer:
        print(json.dumps([answer.status, answer.read().decode()]))
except urllib.error.HTTPError as error:
    print(json.dumps([error.code, error.read().decode()]))
except urllib.error.URLError as error:
    print(json.dumps([0, str(error)]))
"""


@dataclass(frozen=True)
class S3:
    """An S3 server in a container that others share the network of."""

    container: str
    credentials: ClassVar = {"accessKey": "only-for-tests", "secretKey": "only-for-tests"}
    environment: ClassVar = {
        "AWS_ENDPOINT_URL": f"http://{S3_HOST}:8333",
        "AWS_ACCESS_KEY_ID": credentials["accessKey"],
        "AWS_SECRET_ACCESS_KEY": credentials["secretKey"],
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@dataclass
class MlflowServer:
    """A running server, asked from within its own container: it has no other network."""

    docker: Callable
    container: str
    said: str = field(default="", init=False)

    def ask(self, method: str, path: str, *, user: str = "", body: object = None, host: str = f"{MLFLOW}:5000") -> int:
        """The status of the answer; what it says is in ``said``."""
        text = "" if body is None else json.dumps(body)
        password = PASSWORD.format(user=user)
        done = self.docker("exec", self.container, "python3", "-c", CLIENT, host, user, password, method, path, text)
        status, self.said = json.loads(done.stdout)
        return status

    def make(self, path: str, *, user: str, body: object) -> dict:
        assert self.ask("POST", path, user=user, body=body) == 200, self.said
        return json.loads(self.said)

    def share(self, experiment: str) -> None:
        """Makes an experiment that both accounts may write to, as docs/how-to/kubeflow.md says."""
        made = self.make("/api/2.0/mlflow/experiments/create", user="admin", body={"name": experiment})
        for user in ("runner", "promoter"):
            self.let_edit(user, "experiment", made["experiment_id"])

    def let_edit(self, user: str, kind: str, name: str) -> None:
        """Grants an account one experiment or registered model, as docs/how-to/kubeflow.md says."""
        grant = {"username": user, "resource_type": kind, "resource_id": name, "permission": "EDIT"}
        self.make("/api/3.0/mlflow/users/permissions/grant", user="admin", body=grant)

    @staticmethod
    def environment(user: str) -> dict[str, str]:
        """What the secret of one account holds."""
        return {
            "MLFLOW_TRACKING_URI": f"http://{MLFLOW}:5000",
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": PASSWORD.format(user=user),
        }


@pytest.fixture(scope="session")
def service(docker, image, restricted):
    """Starts a restricted container that stays; it shares at most another container's network. Ends with the tests."""
    names: list[str] = []

    def start(*command: str, options: tuple[str, ...] = (), beside: str | None = None) -> str:
        entry, *arguments = command
        name = f"biasgate-{uuid.uuid4().hex[:8]}"
        names.append(name)
        network = f"container:{beside}" if beside else "none"
        closed = ("-d", "--name", name, "--network", network, *restricted, *options, "--entrypoint", entry)
        docker("run", *closed, image, *arguments)
        return name

    yield start
    for name in reversed(names):
        docker("rm", "-f", name, check=False)


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Waits for a server, a minute at most; else fails with what it has to say."""

    def wait(condition: Callable[[], bool], *, otherwise: Callable[[], str]) -> None:
        for _ in range(120):
            if condition():
                return
            time.sleep(0.5)
        pytest.fail(otherwise()[-2000:])

    return wait


@pytest.fixture(scope="session")
def s3(docker, service, manifest, until, tmp_path_factory: pytest.TempPathFactory) -> S3:
    """The S3 server of the manifests, with the bucket that its hook makes."""
    folder = tmp_path_factory.mktemp("s3")
    folder.chmod(0o755)
    identity = {"name": "mlflow", "credentials": [S3.credentials], "actions": ["Admin"]}
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    weed = Path(sys.executable).with_name("weed")
    mounts = ("--volume", f"{weed}:/usr/bin/weed:ro", "--volume", f"{folder}:/etc/s3:ro", "--tmpfs", "/data:uid=10001")
    hosts = ("--add-host", f"{MLFLOW}:127.0.0.1", "--add-host", f"{S3_HOST}:127.0.0.1")
    container = manifest("components/s3/s3.yaml", "StatefulSet")
    server = S3(service(*container["command"], options=(*mounts, *hosts)))
    made = ["exec", server.container, *container["lifecycle"]["postStart"]["exec"]["command"]]
    until(
        lambda: docker(*made, check=False).returncode == 0,
        otherwise=lambda: docker(*made, check=False).stderr + docker("logs", server.container).stderr,
    )
    return server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """A PostgreSQL that listens on a socket in this folder only; account and database are called mlflow."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.fail("no PostgreSQL: install Debian's postgresql")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    owner = "postgres" if os.geteuid() == 0 else None
    if owner:
        shutil.chown(folder, owner)
    folder.chmod(0o755)

    def command(name: str, *arguments: str) -> None:
        subprocess.run([str(found[-1] / name), *arguments], check=True, capture_output=True, user=owner, cwd=folder)

    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c unix_socket_permissions=0777"
    command("initdb", "-D", f"{folder}/data", "-U", "mlflow", "--auth=trust")
    command("pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", settings, "-w", "start")
    try:
        command("createdb", "-h", str(folder), "-U", "mlflow", "mlflow")
        yield folder
    finally:
        command("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mlflow_server(docker, service, s3, postgres, tmp_path_factory, manifest, until) -> MlflowServer:
    """MLflow by its manifest's command, with the accounts and the experiment of docs/how-to/kubeflow.md."""
    folder = tmp_path_factory.mktemp("auth")
    folder.chmod(0o755)
    (folder / "basic_auth.ini").write_text(ACCOUNTS)
    settings = {
        **S3.environment,
        "MLFLOW_AUTH_CONFIG_PATH": "/etc/mlflow/basic_auth.ini",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-this-test",
        "MLFLOW_BACKEND_STORE_URI": DATABASE,
        "MLFLOW_ARTIFACTS_DESTINATION": "s3://biasgate/mlflow",
        "MLFLOW_SERVER_ALLOWED_HOSTS": f"{MLFLOW}:5000",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    environment = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
    mounts = ("--volume", f"{folder}:/etc/mlflow:ro", "--volume", f"{postgres}:/var/run/postgresql")
    command = manifest("base/registry/mlflow.yaml", "Deployment")["command"]
    container = service(*command, options=(*environment, *mounts), beside=s3.container)
    started = MlflowServer(docker, container)
    until(lambda: started.ask("GET", "/health") == 200, otherwise=lambda: docker("logs", container).stderr)
    for user in ("runner", "promoter"):
        account = {"username": user, "password": PASSWORD.format(user=user)}
        started.make("/api/2.0/mlflow/users/create", user="admin", body=account)
    started.share(EXPERIMENT)
    return started
