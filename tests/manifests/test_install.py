"""The two scripts of an install: every secret of the template, and MLflow's accounts with the documented rights."""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml
from guide import RUN, blocks
from mlflow_servers import served
from typer.testing import CliRunner

import biasgate
from biasgate.cli.app import app
from biasgate.kubeflow.doctor.inside import rights

MANIFESTS = Path(__file__).parents[2] / "manifests"
RUNS = "biasgate-runs"
KUBECTL = """#!/usr/bin/env python3
import os, sys, yaml
_, _, namespace, _, _, name, _, path = sys.argv
for item in yaml.safe_load_all(open(os.environ["SECRETS"])):
    about = item and item["kind"] == "Secret" and item["metadata"]
    if about and (about["namespace"], about["name"]) == (namespace, name):
        sys.stdout.write(item["data"][path.removeprefix("jsonpath={.data.").removesuffix("}").replace("\\\\.", ".")])
"""


def test_every_folder_and_script_of_the_manifests_that_the_guide_names_is_there_under_the_tag_of_this_version():
    named = [
        found for page in RUN for found in re.findall(r"//(manifests/[\w/-]+)\?ref=(\S+?)[\"\s]", page.read_text())
    ]
    assert {tag for _, tag in named} == {f"v{biasgate.__version__}"}
    assert {"manifests/overlays/profile", "manifests/namespaces"} <= {path for path, _ in named}
    for path, _ in named:
        assert (MANIFESTS.parent / path / "kustomization.yaml").is_file(), path
    run = [block.text for page in RUN for block in blocks(page) if block.kind == "bash"]
    local = {found for text in run for found in re.findall(r"(?<!/)\b(manifests/[\w./-]+)", text)}
    assert {"manifests/secrets.sh", "manifests/accounts.sh"} <= local
    assert [path for path in local if not (MANIFESTS.parent / path).exists()] == []


@pytest.mark.parametrize("folder", ["namespaces", "namespaces/registry"])
def test_the_namespaces_that_come_before_the_secrets_build(builds, folder):
    made = {item["metadata"]["name"] for item in builds(MANIFESTS / folder).of("Namespace")}
    assert made == ({"biasgate"} if "registry" in folder else {"biasgate", RUNS})


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the script prints for fresh keys and one policy."""
    keys = tmp_path_factory.mktemp("keys")
    for who in ("gate", "promoter"):
        made = ["keys", "generate", str(keys / who), "--trusted", str(keys / "trusted"), "--owner", who, "--role", who]
        CliRunner().invoke(app, made, catch_exceptions=False)
    (keys / "policies").mkdir()
    (keys / "policies" / "policy.yaml").write_text("schema: biasgate/policy/v1\n")
    command = ["bash", str(MANIFESTS / "secrets.sh"), str(keys), RUNS]
    (keys / "secrets.yaml").write_text(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return keys / "secrets.yaml"


def test_no_password_is_an_argument_of_a_command(secrets, tmp_path: Path):
    """Arguments are seen by everybody on the machine; the kubectl and the curl here write theirs down."""
    for command in ("kubectl", "curl"):
        real = shutil.which(command)
        (tmp_path / command).write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/seen\nexec {real} "$@"\n')
        (tmp_path / command).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    command = ["bash", str(MANIFESTS / "secrets.sh"), str(secrets.parent), RUNS]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    (tmp_path / "secrets.yaml").write_text(printed)
    made, seen = objects(tmp_path / "secrets.yaml"), (tmp_path / "seen").read_text()
    held = {v for (_, kind, _), pairs in made.items() if kind == "Secret" for v in pairs.values() if len(v) > 40}
    assert len(held) > 10
    assert [value for value in held if value in seen] == []
    assert not list(tmp_path.glob("tmp.*")), "nothing stays behind"


@pytest.mark.parametrize("name", ['x", "password": "', "a/b", "-u", "", "a b"])
def test_a_name_that_would_change_what_mlflow_is_asked_is_refused(name: str):
    command = ["bash", str(MANIFESTS / "accounts.sh"), RUNS, "digits", name]
    done = subprocess.run(command, env={"PATH": os.defpath}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no name" in done.stderr


def objects(path: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    """What each object holds, by namespace, kind and name."""
    found = {}
    for item in filter(None, yaml.safe_load_all(path.read_text())):
        held = {**item.get("stringData", {}), **item.get("data", {})}
        if item["kind"] == "Secret" and "stringData" not in item:
            held = {name: base64.b64decode(value).decode() for name, value in held.items()}
        found[item["metadata"]["namespace"], item["kind"], item["metadata"]["name"]] = held
    return found


def test_every_secret_of_the_template_is_made_with_its_keys(secrets):
    wanted = {
        key: held for key, held in objects(MANIFESTS / "secrets.template.yaml").items() if "serving" not in key[0]
    }
    made = objects(secrets)
    assert made.keys() == wanted.keys()
    for key, held in made.items():
        assert all(held.values()) or key[2] == "biasgate-sinks", "nobody is told yet"
        if key[1] == "Secret":
            assert held.keys() == wanted[key].keys() - {"BIASGATE_ALERT_WEBHOOK"}, "no webhook is known here"
    assert made[RUNS, "ConfigMap", "trusted-keys"] == made["biasgate", "ConfigMap", "trusted-keys"]
    assert "keys.yaml" in made[RUNS, "ConfigMap", "trusted-keys"]


def test_no_two_accounts_share_a_password_and_only_mlflow_may_do_all_in_the_store(secrets):
    made = objects(secrets)
    drawn = [
        v for held in made.values() for name, v in held.items() if name.endswith(("PASSWORD", "SECRET_ACCESS_KEY"))
    ]
    assert len(set(drawn)) == len(drawn) == 7
    identities = json.loads(made["biasgate", "Secret", "s3-identities"]["identities.json"])["identities"]
    may = {one["name"]: one["actions"] for one in identities}
    assert [name for name, actions in may.items() if "Admin" in actions] == ["mlflow"]
    assert may["reconcile"] == ["Read:biasgate", "List:biasgate", "Write:biasgate/messages/*"]
    keys = {one["credentials"][0]["accessKey"]: one["credentials"][0]["secretKey"] for one in identities}
    runner = made[RUNS, "Secret", "biasgate-s3"]
    assert keys[runner["AWS_ACCESS_KEY_ID"]] == runner["AWS_SECRET_ACCESS_KEY"]


@pytest.fixture(scope="module")
def server(secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow with the accounts' file of the secret, on SQLite in the place of PostgreSQL."""
    folder = tmp_path_factory.mktemp("mlflow")
    ini = objects(secrets)["biasgate", "Secret", "mlflow-server"]["basic_auth.ini"].splitlines()
    said = [line if not line.startswith("database_uri") else f"database_uri = sqlite:///{folder}/a.db" for line in ini]
    (folder / "auth.ini").write_text("\n".join(said) + "\n")
    options = ["--app-name", "basic-auth", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    variables = {"MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"), "MLFLOW_FLASK_SERVER_SECRET_KEY": "for-tests"}
    with served(folder, *options, "--artifacts-destination", str(folder / "artifacts"), **variables) as url:
        yield url


@pytest.mark.slow
@pytest.mark.servers
def test_accounts_have_the_documented_rights_and_are_made_once(secrets, server, tmp_path, monkeypatch):
    (tmp_path / "kubectl").write_text(KUBECTL)
    (tmp_path / "kubectl").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SECRETS": str(secrets), "MLFLOW": server}
    command = ["bash", str(MANIFESTS / "accounts.sh"), RUNS, "digits", "ana"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "there already" in again.stderr
    assert again.stdout == "", "nobody is told a password that is not theirs"
    refused = subprocess.run(command, env={**environment, "ADMIN_PASSWORD": "x"}, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "there already" not in refused.stderr
    made = objects(secrets)
    passwords = {
        "promoter": made["biasgate", "Secret", "promoter-services"]["MLFLOW_TRACKING_PASSWORD"],
        "runner": made[RUNS, "Secret", "biasgate-mlflow"]["MLFLOW_TRACKING_PASSWORD"],
        "reconcile": made["biasgate", "Secret", "reconcile-services"]["MLFLOW_TRACKING_PASSWORD"],
        "ana": line.removeprefix("ana "),
    }

    def may(user: str, path: str, method: str = "POST", **body: str) -> bool:
        where, account = f"{server}/api/2.0/mlflow/{path}", (user, passwords[user])
        answer = requests.request(method, where, json=body, auth=account, timeout=30)
        assert answer.status_code in (200, 403), answer.text
        return answer.ok

    def experiment(name: str) -> str:
        asked = f"{server}/api/2.0/mlflow/experiments/get-by-name?experiment_name={name}"
        found = requests.get(asked, auth=("ana", passwords["ana"]), timeout=30).json()["experiment"]
        assert {"key": "mlflow.experimentKind", "value": "custom_model_development"} in found["tags"]
        return found["experiment_id"]

    of_runs, of_promotions = experiment("biasgate"), experiment("biasgate-promotions")
    writes = {user: may(user, "runs/create", experiment_id=of_runs) for user in passwords}
    assert writes == {"promoter": False, "runner": True, "reconcile": False, "ana": True}
    writes = {user: may(user, "runs/create", experiment_id=of_promotions) for user in passwords}
    assert writes == {"promoter": True, "runner": False, "reconcile": False, "ana": False}
    change = {"name": "digits-candidates", "description": "Digits."}
    registers = {user: may(user, "registered-models/update", "PATCH", **change) for user in passwords}
    assert registers == {"promoter": True, "runner": True, "reconcile": False, "ana": True}

    assert may("ana", "registered-models/create", name="faces-candidates"), "before the runs' account could"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "runner")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", passwords["runner"])
    states = {finding.where: finding.state for finding in rights()}
    assert states == {"digits-candidates": "ok", "faces-candidates": "wrong"}
