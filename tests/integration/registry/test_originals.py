"""What MLflow logged is found however people name it, and candidates are fetched from nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from biasgate.errors import BiasgateError, InputError
from biasgate.registry.models import fetch
from biasgate.registry.originals import download_original, is_uri, registered_name


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory):
    """A registry on disk with one version of ``x``, named in every way."""
    import mlflow

    whole: Any = mlflow
    folder = tmp_path_factory.mktemp("registry")
    weight = numpy_helper.from_array(np.eye(2, dtype=np.float32), "w")
    given, gives = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Gemm", ["x", "w"], ["y"])], "g", [given], [gives], [weight])
    uri = f"sqlite:///{folder}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        mlflow.set_tracking_uri(uri)
        with mlflow.start_run() as run:
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
            info = whole.onnx.log_model(model, name="m", registered_model_name="x", pip_requirements=["onnx"])
        mlflow.MlflowClient().set_registered_model_alias("x", "best", "1")
        yield ["models:/x/1", "models:/x@best", "models:/x/latest", info.model_uri, f"runs:/{run.info.run_id}/m"]
    whole.set_tracking_uri(None)


def test_every_name_of_a_logged_model_leads_to_its_files(logged: list[str], tmp_path: Path):
    for place, source in enumerate(logged):
        found = download_original(source, tmp_path / str(place))
        assert {"MLmodel", "model.onnx"} <= {file.name for file in found.iterdir()}, source


@pytest.mark.parametrize("source", ["models:/nothing/1", "models:/x@worst", "runs:/0123/m", "file:///no/where"])
def test_what_is_not_there_is_one_sentence(logged: list[str], source: str, tmp_path: Path):
    with pytest.raises(BiasgateError):
        download_original(source, tmp_path / "got")


def test_a_logged_model_without_a_card_is_sent_to_submit(logged: list[str], tmp_path: Path):
    from biasgate.models.submission import import_candidate

    folder, _ = fetch("models:/x/1", tmp_path / "got")
    with pytest.raises(BiasgateError, match=r"no card\.json.*biasgate submit"):
        import_candidate(folder, tmp_path / "package")


@pytest.mark.parametrize("scheme", ["runs", "mlflow-artifacts", "gs", "https", "file"])
def test_a_scheme_that_candidates_do_not_come_from_is_named(scheme: str, tmp_path: Path):
    with pytest.raises(InputError, match=rf"not fetched from {scheme}: .*biasgate submit"):
        fetch(f"{scheme}:/place/model", tmp_path / "got")


def test_the_name_of_a_registered_model_is_read_where_there_is_one():
    assert registered_name("models:/loan/3") == registered_name("models:/loan@best") == "loan"
    assert registered_name(f"models:/m-{'0' * 32}") is None
    assert registered_name("models:/with space/1") is None
    assert not is_uri("folder/model")
