"""The MLflow server of the manifests, with the accounts that keep runs from promoting."""

import json
import time
from pathlib import Path

import pytest
import yaml

MANIFEST = Path(__file__).parents[2] / "manifests" / "base" / "registry" / "mlflow.yaml"
HOST = "mlflow.biasgate.svc.cluster.local:5000"
PASSWORD = "only-for-this-test-{user}"
ACCOUNTS = """\
[mlflow]
default_permission = READ
database_uri = sqlite:////tmp/auth.db
admin_username = admin
admin_password = only-for-this-test-admin
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


class Server:
    """A running server, asked from within its own container: it has no network."""

    def __init__(self, docker, name: str):
        self.docker, self.name = docker, name

    def ask(self, method: str, path: str, *, user: str = "", body: object = None, host: str = HOST) -> int:
        text = "" if body is None else json.dumps(body)
        password = PASSWORD.format(user=user)
        done = self.docker("exec", self.name, "python3", "-c", CLIENT, host, user, password, method, path, text)
        status, self.said = json.loads(done.stdout)
        return status


@pytest.fixture
def server(docker, service, tmp_path):
    documents = yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8"))
    (deployment,) = [item for item in documents if item["kind"] == "Deployment"]
    command = deployment["spec"]["template"]["spec"]["containers"][0]["command"]
    tmp_path.chmod(0o755)
    (tmp_path / "basic_auth.ini").write_text(ACCOUNTS)
    settings = {
        "MLFLOW_AUTH_CONFIG_PATH": "/etc/mlflow/basic_auth.ini",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-this-test",
        "MLFLOW_BACKEND_STORE_URI": "sqlite:////tmp/mlflow.db",
        "MLFLOW_ARTIFACTS_DESTINATION": "/tmp/artifacts",
        "MLFLOW_SERVER_ALLOWED_HOSTS": HOST,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    environment = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
    started = Server(docker, service(*command, options=(*environment, "--volume", f"{tmp_path}:/etc/mlflow:ro")))
    for _ in range(120):
        if started.ask("GET", "/health") == 200:
            return started
        time.sleep(0.5)
    pytest.fail(docker("logs", started.name).stderr[-2000:])


def test_it_answers_probes_by_any_name_and_requests_by_its_own(server):
    search = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert server.ask("GET", "/health", host="10.0.0.7:5000") == 200
    assert server.ask("GET", search, user="admin", host="elsewhere.example") == 403
    assert server.ask("GET", search) == 401
    assert server.ask("GET", search, user="admin") == 200


def make_accounts(server) -> None:
    for user in ("runner", "promoter"):
        account = {"username": user, "password": PASSWORD.format(user=user)}
        assert server.ask("POST", "/api/2.0/mlflow/users/create", user="admin", body=account) == 200, server.said


def test_the_account_of_runs_cannot_point_the_promoters_alias(server):
    make_accounts(server)
    models, alias = "/api/2.0/mlflow/registered-models/create", "/api/2.0/mlflow/registered-models/alias"
    versions = "/api/2.0/mlflow/model-versions/create"
    assert server.ask("POST", models, user="promoter", body={"name": "digits"}) == 200, server.said
    made = server.ask("POST", "/api/2.0/mlflow/experiments/create", user="promoter", body={"name": "promoted"})
    assert made == 200, server.said
    run = {"experiment_id": json.loads(server.said)["experiment_id"]}
    assert server.ask("POST", "/api/2.0/mlflow/runs/create", user="promoter", body=run) == 200, server.said
    info = json.loads(server.said)["run"]["info"]
    version = {"name": "digits", "source": f"{info['artifact_uri']}/model", "run_id": info["run_id"]}
    assert server.ask("POST", versions, user="promoter", body=version) == 200, server.said
    champion = {"name": "digits", "alias": "champion", "version": "1"}

    assert server.ask("POST", alias, user="runner", body=champion) == 403
    assert server.ask("POST", versions, user="runner", body=version) == 403
    assert server.ask("POST", alias, user="promoter", body=champion) == 200, server.said
    assert server.ask("POST", models, user="runner", body={"name": "digits-candidates"}) == 200, server.said


def test_both_accounts_write_to_an_experiment_that_is_granted_to_them(server):
    make_accounts(server)
    made = server.ask("POST", "/api/2.0/mlflow/experiments/create", user="admin", body={"name": "biasgate"})
    assert made == 200, server.said
    experiment = json.loads(server.said)["experiment_id"]
    for user in ("runner", "promoter"):
        run = {"experiment_id": experiment}
        assert server.ask("POST", "/api/2.0/mlflow/runs/create", user=user, body=run) == 403
        grant = {"username": user, "resource_type": "experiment", "resource_id": experiment, "permission": "EDIT"}
        granted = server.ask("POST", "/api/3.0/mlflow/users/permissions/grant", user="admin", body=grant)
        assert granted == 200, server.said
        assert server.ask("POST", "/api/2.0/mlflow/runs/create", user=user, body=run) == 200, server.said
