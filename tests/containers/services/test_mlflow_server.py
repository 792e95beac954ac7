"""The MLflow server of the manifests, with the accounts that keep runs from promoting."""

import json

MODELS = "/api/2.0/mlflow/registered-models/create"
ALIAS = "/api/2.0/mlflow/registered-models/alias"
VERSIONS = "/api/2.0/mlflow/model-versions/create"
EXPERIMENTS = "/api/2.0/mlflow/experiments/create"
RUNS = "/api/2.0/mlflow/runs/create"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


def test_it_answers_probes_by_any_name_and_requests_by_its_own(mlflow_server):
    search = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert mlflow_server.ask("GET", "/health", host="10.0.0.7:5000") == 200
    assert mlflow_server.ask("GET", search, user="admin", host="elsewhere.example") == 403
    assert mlflow_server.ask("GET", search) == 401
    assert mlflow_server.ask("GET", search, user="admin") == 200


def test_the_account_of_runs_cannot_touch_what_the_promoter_made(mlflow_server):
    server = mlflow_server
    experiment = server.make(EXPERIMENTS, user="promoter", body={"name": "promoted"})["experiment_id"]
    run = server.make(RUNS, user="promoter", body={"experiment_id": experiment})["run"]["info"]
    stored = f"{ARTIFACTS}/{experiment}/{run['run_id']}/artifacts/model/model.onnx"
    assert server.ask("PUT", stored, user="promoter", body="the model") == 200, server.said
    server.make(MODELS, user="promoter", body={"name": "letters"})
    version = {"name": "letters", "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
    server.make(VERSIONS, user="promoter", body=version)
    champion = {"name": "letters", "alias": "champion", "version": "1"}

    assert server.ask("POST", ALIAS, user="runner", body=champion) == 403
    assert server.ask("POST", VERSIONS, user="runner", body=version) == 403
    assert server.ask("PUT", stored, user="runner", body="another model") == 403

    server.make(ALIAS, user="promoter", body=champion)
    assert server.ask("GET", stored, user="runner") == 200
    assert json.loads(server.said) == "the model"
    server.make(MODELS, user="runner", body={"name": "letters-candidates"})


def test_both_accounts_write_to_an_experiment_that_is_granted_to_them_and_to_no_other(mlflow_server):
    closed = mlflow_server.make(EXPERIMENTS, user="admin", body={"name": "closed"})["experiment_id"]
    found = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=biasgate"
    assert mlflow_server.ask("GET", found, user="admin") == 200
    shared = json.loads(mlflow_server.said)["experiment"]["experiment_id"]
    for user in ("runner", "promoter"):
        assert mlflow_server.ask("POST", RUNS, user=user, body={"experiment_id": closed}) == 403
        mlflow_server.make(RUNS, user=user, body={"experiment_id": shared})
