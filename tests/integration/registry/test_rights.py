"""Who may not submit is told so before anything is made, by a server with accounts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow_servers import Accounts, with_accounts

from biasgate.errors import ServiceError
from biasgate.registry.models import fetch, register_folder
from biasgate.registry.tracking import EXPERIMENT

pytestmark = [pytest.mark.servers, pytest.mark.slow]

MODEL = "digits-candidates"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Accounts]:
    with with_accounts(tmp_path_factory.mktemp("accounts"), "runner", "ana") as accounts:
        yield accounts


@pytest.fixture
def experiment(server) -> str:
    found = server.ask("2.0/mlflow/experiments/search", max_results=10).get("experiments", [])
    held = {one["name"]: one["experiment_id"] for one in found}
    return held.get(EXPERIMENT) or server.ask("2.0/mlflow/experiments/create", name=EXPERIMENT)["experiment_id"]


def runs(server: Accounts, experiment: str) -> list[dict]:
    asked = {"experiment_ids": [experiment], "run_view_type": "ACTIVE_ONLY"}
    return server.ask("2.0/mlflow/runs/search", **asked).get("runs", [])


def submit(folder: Path) -> str:
    folder.mkdir()
    (folder / "weights").write_text("bytes")
    return register_folder(folder, name=MODEL, flavour="test")


def test_rights_are_found_missing_before_anything_is_made_and_suffice_when_they_are_there(
    server, experiment, monkeypatch, tmp_path
):
    server.become("ana", monkeypatch)
    with pytest.raises(ServiceError, match=r"may not do this in MLflow.*EDIT on experiment biasgate"):
        submit(tmp_path / "first")
    assert server.ask("2.0/mlflow/registered-models/search").get("registered_models", []) == []
    server.ask("2.0/mlflow/registered-models/create", user="runner", name=MODEL)
    server.grant("ana", "experiment", experiment)
    with pytest.raises(ServiceError, match=f"EDIT on {MODEL}"):
        submit(tmp_path / "second")
    assert runs(server, experiment) == []
    server.grant("ana", "registered_model", MODEL)
    assert submit(tmp_path / "third") == f"models:/{MODEL}/1"
    assert [run["info"]["status"] for run in runs(server, experiment)] == ["FINISHED"]
    server.grant("runner", "experiment", experiment)
    server.become("runner", monkeypatch)
    assert submit(tmp_path / "repaired") == f"models:/{MODEL}/2"
    assert fetch(f"models:/{MODEL}/1", tmp_path / "fetched")[1] == f"models:/{MODEL}/1"
