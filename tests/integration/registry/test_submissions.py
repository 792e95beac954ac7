"""``biasgate submit`` on a registry that a team filled: what it refuses, it refuses before it makes anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner, Result

from biasgate.cli.app import app
from biasgate.errors import BiasgateError, InputError


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
            mlflow.log_text("x", "notes/readme.txt")
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


REFUSED = {
    "ftp2://host/model": ("models are not fetched from ftp2:", "write models:/name/version"),
    "https://host/model.onnx": ("models are not fetched from https:", "download first"),
    "model:/loan/1": ("models are not fetched from model:", "write models:/name/version"),
    "models:/loan": ("it names a model and no version of it", "write models:/loan/1"),
    "models:/loan/7": ("version=7", "check the name"),
    "models:/loan@worst": ("alias worst not found", "check the name"),
    "models:/loan/Production": ("no version of the model is in that stage", "models:/name@alias"),
    f"models:/m-{'0' * 32}": ("not found", "check the name"),
    "runs:/RUN": ("the run holds nothing of that name; it holds m, notes", "write runs:/RUN/m"),
    "runs:/RUN/other": ("the run holds nothing of that name; it holds m, notes", "write runs:/RUN/m"),
    "runs:/RUN/notes": ("no model.onnx to draft one from; it holds readme.txt", "log the model in MLflow"),
    "runs:/0123/m": ("Run with id=0123 not found", "check the name"),
    "file:///no/where": ("there is nothing at that path", "check the path"),
    "nowhere": ("there is nothing at that path", "submit models:/name/version"),
}


@pytest.mark.parametrize(("source", "sentences"), REFUSED.items(), ids=REFUSED)
def test_what_is_no_model_is_said_with_what_is_there(sources: dict[str, str], source: str, sentences: tuple[str, str]):
    run = sources["run"].split("/")[1]
    ended = submit(source.replace("RUN", run), "--name", "some")
    assert isinstance(ended.exception, BiasgateError)
    found, mended = (sentence.replace("RUN", run) for sentence in sentences)
    assert found in ended.exception.what
    assert mended in str(ended.exception.fix)
    assert ended.exception.where == source.replace("RUN", run)


FILES = {
    "net.onnx": "as model.onnx",
    "model.joblib": "runs code when it is read, so none is opened here: log it with mlflow.sklearn.log_model",
    "saved_model.pb": "mlflow.keras.log_model",
    "config.json": "mlflow.transformers.log_model",
    "weights.ckpt": "mlflow.pytorch.log_model",
    "model.cbm": "format='onnx'",
    "notes.txt": "log the model in MLflow",
}


@pytest.mark.parametrize(("name", "way"), FILES.items(), ids=FILES)
@pytest.mark.parametrize("alone", [True, False], ids=["file", "folder"])
def test_files_that_are_no_candidate_yet_are_named_with_the_way_in(tmp_path: Path, name: str, way: str, alone: bool):
    (tmp_path / name).write_bytes(b"x")
    ended = submit(str(tmp_path / name if alone else tmp_path), "--name", "some")
    assert isinstance(ended.exception, BiasgateError)
    assert way in str(ended.exception.fix)
    assert alone or name in ended.exception.what


@pytest.mark.parametrize("option", ["name", "submitter"])
def test_an_option_that_says_otherwise_than_the_card_is_refused(tmp_path: Path, option: str):
    onnx.save(linear(), tmp_path / "model.onnx")
    card = {"name": "loan", "submitter": "bo", "classes": ["no", "yes"], "training_data": "unknown"}
    (tmp_path / "card.json").write_text(json.dumps({**card, "input": {"shape": [2], "layout": "rows"}}))
    ended = CliRunner().invoke(app, ["submit", str(tmp_path), f"--{option}", "other"])
    assert isinstance(ended.exception, InputError)
    assert f"the card says {option} {card[option]!r}, and --{option} says 'other'" in str(ended.exception)
