"""The MLflow server of the manifests on PostgreSQL and S3, with the accounts that keep runs from promoting."""

import json

import pytest

HOST = "mlflow.biasgate.svc.cluster.local:5000"
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
MODELS = "/api/2.0/mlflow/registered-models/create"
ALIAS = "/api/2.0/mlflow/registered-models/alias"
VERSIONS = "/api/2.0/mlflow/model-versions/create"
EXPERIMENTS = "/api/2.0/mlflow/experiments/create"
RUNS = "/api/2.0/mlflow/runs/create"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
GRANT = "/api/3.0/mlflow/users/permissions/grant"


class Server:
    """A running server, asked from within its own container: it has no other network."""

    def __init__(self, docker, name: str):
        self.docker, self.name = docker, name

    def ask(self, method: str, path: str, *, user: str = "", body: object = None, host: str = HOST) -> int:
        """The status of the answer; what it says is in ``said``."""
        text = "" if body is None else json.dumps(body)
        password = PASSWORD.format(user=user)
        done = self.docker("exec", self.name, "python3", "-c", CLIENT, host, user, password, method, path, text)
        status, self.said = json.loads(done.stdout)
        return status

    def make(self, path: str, *, user: str, body: object) -> dict:
        assert self.ask("POST", path, user=user, body=body) == 200, self.said
        return json.loads(self.said)


@pytest.fixture(scope="module")
def server(docker, service, s3, postgres, tmp_path_factory, manifest, until):
    folder = tmp_path_factory.mktemp("auth")
    folder.chmod(0o755)
    (folder / "basic_auth.ini").write_text(ACCOUNTS)
    settings = {
        **s3.environment,
        "MLFLOW_AUTH_CONFIG_PATH": "/etc/mlflow/basic_auth.ini",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-this-test",
        "MLFLOW_BACKEND_STORE_URI": DATABASE,
        "MLFLOW_ARTIFACTS_DESTINATION": "s3://biasgate/mlflow",
        "MLFLOW_SERVER_ALLOWED_HOSTS": HOST,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    environment = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
    mounts = ("--volume", f"{folder}:/etc/mlflow:ro", "--volume", f"{postgres}:/var/run/postgresql")
    command = manifest("base/registry/mlflow.yaml", "Deployment")["command"]
    started = Server(docker, service(*command, options=(*environment, *mounts), beside=s3.container))
    until(lambda: started.ask("GET", "/health") == 200, otherwise=lambda: docker("logs", started.name).stderr)
    for user in ("runner", "promoter"):
        account = {"username": user, "password": PASSWORD.format(user=user)}
        started.make("/api/2.0/mlflow/users/create", user="admin", body=account)
    return started


def test_it_answers_probes_by_any_name_and_requests_by_its_own(server):
    search = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert server.ask("GET", "/health", host="10.0.0.7:5000") == 200
    assert server.ask("GET", search, user="admin", host="elsewhere.example") == 403
    assert server.ask("GET", search) == 401
    assert server.ask("GET", search, user="admin") == 200


def test_the_account_of_runs_cannot_touch_what_the_promoter_made(server):
    experiment = server.make(EXPERIMENTS, user="promoter", body={"name": "promoted"})["experiment_id"]
    run = server.make(RUNS, user="promoter", body={"experiment_id": experiment})["run"]["info"]
    stored = f"{ARTIFACTS}/{experiment}/{run['run_id']}/artifacts/model/model.onnx"
    assert server.ask("PUT", stored, user="promoter", body="the model") == 200, server.said
    server.make(MODELS, user="promoter", body={"name": "digits"})
    version = {"name": "digits", "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
    server.make(VERSIONS, user="promoter", body=version)
    champion = {"name": "digits", "alias": "champion", "version": "1"}

    assert server.ask("POST", ALIAS, user="runner", body=champion) == 403
    assert server.ask("POST", VERSIONS, user="runner", body=version) == 403
    assert server.ask("PUT", stored, user="runner", body="another model") == 403

    server.make(ALIAS, user="promoter", body=champion)
    assert server.ask("GET", stored, user="runner") == 200
    assert json.loads(server.said) == "the model"
    server.make(MODELS, user="runner", body={"name": "digits-candidates"})


def test_both_accounts_write_to_an_experiment_that_is_granted_to_them(server):
    experiment = server.make(EXPERIMENTS, user="admin", body={"name": "biasgate"})["experiment_id"]
    for user in ("runner", "promoter"):
        assert server.ask("POST", RUNS, user=user, body={"experiment_id": experiment}) == 403
        grant = {"username": user, "resource_type": "experiment", "resource_id": experiment, "permission": "EDIT"}
        server.make(GRANT, user="admin", body=grant)
        server.make(RUNS, user=user, body={"experiment_id": experiment})
