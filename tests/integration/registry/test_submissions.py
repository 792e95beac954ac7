"""``biasgate submit`` on a registry that a team filled: what it refuses, it refuses before it makes anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import mlflow
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner, Result

from biasgate.cli.app import app
from biasgate.errors import InputError


def linear() -> Any:
    weight = numpy_helper.from_array(np.array([[-1, 0], [1, 0]], np.float32), "w")
    given, gives = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("x", "logits"))
    node = helper.make_node("Gemm", ["x", "w"], ["logits"], transB=1)
    graph = helper.make_graph([node], "g", [given], [gives], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """One model, as its owner registered it, by every name that MLflow has for it."""
    folder, whole = tmp_path_factory.mktemp("registry"), mlflow
    uri = f"sqlite:///{folder}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        whole.set_tracking_uri(uri)
        with mlflow.start_run() as run:
            flavour: Any = whole.onnx  # type: ignore[attr-defined]
            logged = flavour.log_model(linear(), name="m", registered_model_name="loan", pip_requirements=["onnx"])
        client = mlflow.MlflowClient()
        client.set_registered_model_alias("loan", "best", "1")
        local = client.get_model_version("loan", "1").source
        stored = client.get_logged_model(logged.model_id).artifact_location
        flavour.save_model(linear(), str(folder / "saved"), pip_requirements=["onnx"])
        yield {
            "version": "models:/loan/1",
            "alias": "models:/loan@best",
            "logged model": logged.model_uri,
            "run": f"runs:/{run.info.run_id}/m",
            "place": f"file://{stored}" if stored.startswith("/") else stored,
            "source": str(local),
            "folder": str(folder / "saved"),
        }
    whole.set_tracking_uri(None)


def submit(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["submit", *arguments, "--submitter", "ana"])


def names() -> set[str]:
    return {model.name for model in mlflow.MlflowClient().search_registered_models()}


@pytest.mark.parametrize("kind", ["version", "alias", "logged model", "run", "place", "source", "folder"])
def test_a_model_is_submitted_by_every_name_that_it_has(sources: dict[str, str], kind: str):
    named = f"by-{kind.replace(' ', '-')}"
    ended = submit(sources[kind], "--name", named, "--json")
    assert json.loads(ended.stdout)["source"] == f"models:/{named}-candidates/1"


@pytest.mark.parametrize("kind", ["version", "alias"])
def test_the_name_of_an_owner_s_model_is_not_taken_and_nothing_is_made(sources: dict[str, str], kind: str):
    before, runs = names(), len(mlflow.search_runs(search_all_experiments=True))
    ended = submit(sources[kind])
    assert isinstance(ended.exception, InputError)
    assert "'loan' is a registered model that no promoter made" in str(ended.exception)
    assert "--name loan-gated" in str(ended.exception)
    assert names() == before
    assert len(mlflow.search_runs(search_all_experiments=True)) == runs


def test_an_owner_s_name_that_is_asked_for_is_said_before_it_is_registered(sources: dict[str, str]):
    said = submit(sources["version"], "--name", "loan").stdout.splitlines()
    assert said[-1] == "models:/loan-candidates/1"
    assert any("'loan' is a registered model that no promoter made" in line for line in said[:-1])


@pytest.mark.parametrize("kind", ["logged model", "run", "folder"])
def test_a_name_is_asked_for_where_a_source_has_none(sources: dict[str, str], kind: str):
    ended = submit(sources[kind])
    assert isinstance(ended.exception, InputError)
    assert "name it with --name" in str(ended.exception)


@pytest.mark.parametrize(
    "source", ["ftp://host/model", "models:/loan/7", "models:/loan@worst", "models:/m-0/", "nowhere"]
)
def test_what_is_not_there_is_said_with_what_may_be_written(sources: dict[str, str], source: str):
    ended = submit(source, "--name", "some")
    assert ended.exception is not None
    assert type(ended.exception).__module__ == "biasgate.errors", ended.exception
    assert source.rstrip("/") in str(ended.exception)
