"""Fill the template of secrets for a trial: fill_secrets.py KEYS NAMESPACE-OF-RUNS < template > secrets."""

import json
import secrets
import sys
from pathlib import Path

import yaml

MLFLOW, S3 = "http://mlflow.biasgate.svc.cluster.local:5000", "http://s3.biasgate.svc.cluster.local:8333"
PASSWORD = secrets.token_hex(16)
"""One for all accounts of the trial; it is in the secret of runs, where the tests read it."""
RUNNER_ACTIONS = ["Read:biasgate", "Write:biasgate", "List:biasgate"]


def values(keys: Path) -> dict[str, dict[str, str]]:
    """What each secret holds, by its name."""
    database = f"postgresql+psycopg2://mlflow:{PASSWORD}@postgres.biasgate.svc.cluster.local:5432/mlflow"
    trusted = {path.name: path.read_text() for path in (keys / "trusted").iterdir()}
    store = {"AWS_ACCESS_KEY_ID": "trial", "AWS_SECRET_ACCESS_KEY": PASSWORD}

    def account(name: str) -> dict[str, str]:
        return {"MLFLOW_TRACKING_USERNAME": name, "MLFLOW_TRACKING_PASSWORD": PASSWORD}

    def signing(name: str) -> str:
        return (keys / name / "signing-key.pem").read_text()

    credentials = [{"accessKey": "trial", "secretKey": PASSWORD}]
    identity = {"name": "trial", "credentials": credentials, "actions": ["Admin", *RUNNER_ACTIONS]}
    accounts = (
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = {database}\nadmin_username = admin\n"
        f"admin_password = {PASSWORD}\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    return {
        "mlflow-server": {
            "MLFLOW_BACKEND_STORE_URI": database,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),
            "basic_auth.ini": accounts,
        },
        "mlflow-storage": store,
        "promoter-services": account("promoter") | store,
        "reconcile-services": account("reconcile") | store,
        "promoter-signing-key": {"key.pem": signing("promoter")},
        "trusted-keys": trusted,
        "allowed-policies": {"policy.yaml": (keys / "policy.yaml").read_text()},
        "postgres": {"password": PASSWORD},
        "s3-identities": {"identities.json": json.dumps({"identities": [identity]})},
        "biasgate-mlflow": {"MLFLOW_TRACKING_URI": MLFLOW, **account("runner")},
        "biasgate-s3": {**store, "AWS_ENDPOINT_URL": S3, "AWS_DEFAULT_REGION": "us-east-1"},
        "biasgate-signing-key": {"BIASGATE_SIGNING_KEY": signing("gate")},
    }


def filled(template: str, keys: Path, runs: str) -> list[dict]:
    """The template's objects with values; those for serving are left out."""
    known = values(keys)
    objects = [item for item in yaml.safe_load_all(template) if item["metadata"]["namespace"] != "biasgate-serving"]
    for item in objects:
        held = "stringData" if item["kind"] == "Secret" else "data"
        item[held] = {key: known[item["metadata"]["name"]].get(key, "") for key in item[held]}
        if item["metadata"]["name"] == "trusted-keys":
            item[held] = known["trusted-keys"]
        if item["metadata"]["namespace"] == "biasgate-runs":
            item["metadata"]["namespace"] = runs
    return objects


if __name__ == "__main__":
    sys.stdout.write(yaml.safe_dump_all(filled(sys.stdin.read(), Path(sys.argv[1]), sys.argv[2])))
