"""Bad input ends in one line that says what, where and what to do; nothing half-done stays behind."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from biasgate.data.dataset import Dataset
from biasgate.data.sources.npz import save_npz
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.network import build
from biasgate.models.package import CandidatePackage, pack
from biasgate.models.presets import preset

Command = Callable[..., Any]


@pytest.fixture
def package(tmp_path: Path) -> CandidatePackage:
    """A sound, untrained digit classifier."""
    architecture = preset("digits_small")
    export_onnx(build(architecture), path=tmp_path / "digits.onnx")
    contract = InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255)
    classes = tuple("0123456789")
    card = CandidateCard(name="digits", classes=classes, input=contract, training_data="sha256:0", submitter="me")
    return pack(tmp_path / "digits.onnx", card, tmp_path / "package")


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty registry on disk."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")


def one_line(ended: Any, *words: str, code: int = 3) -> None:
    assert ended.code == code, ended.err
    assert ended.err.count("\n") == 1, ended.err
    for word in words:
        assert word in ended.err


def submission(folder: Path, package: CandidatePackage, model: bytes, *, name: str = "model.onnx") -> Path:
    folder.mkdir()
    (folder / name).write_bytes(model)
    (folder / "card.json").write_bytes(package.card.to_json())
    return folder


def registered() -> list[str]:
    from mlflow import MlflowClient

    return [model.name for model in MlflowClient().search_registered_models()]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("damage", [b"", b"not a model", b"PK\x03\x04"], ids=["empty", "text", "zip"])
def test_a_file_that_is_no_model_is_not_registered(
    damage: bytes, package: CandidatePackage, tmp_path: Path, biasgate: Command
) -> None:
    one_line(biasgate("submit", submission(tmp_path / "bad", package, damage)), "model.onnx")
    assert registered() == []


@pytest.mark.usefixtures("registry")
def test_a_truncated_model_is_not_registered(package: CandidatePackage, tmp_path: Path, biasgate: Command) -> None:
    half = package.model.read_bytes()[: package.model.stat().st_size // 2]
    one_line(biasgate("submit", submission(tmp_path / "bad", package, half)), "model.onnx")
    assert registered() == []


@pytest.mark.usefixtures("registry")
def test_a_pickle_never_runs(package: CandidatePackage, tmp_path: Path, biasgate: Command) -> None:
    proof = tmp_path / "ran"

    class Hostile:
        def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
            return os.mkdir, (str(proof),)

    folder = submission(tmp_path / "bad", package, pickle.dumps(Hostile()), name="model.pt")
    one_line(biasgate("submit", folder))
    assert biasgate("scan", folder / "model.pt", "--meta-classifier", tmp_path / "none.json").code == 3
    assert not proof.exists()
    assert registered() == []


def test_weights_that_are_not_finite_are_refused(package: CandidatePackage, tmp_path: Path, biasgate: Command) -> None:
    import onnx

    model = onnx.load(str(package.model))
    weight = onnx.numpy_helper.to_array(model.graph.initializer[0]).copy()
    weight.flat[0] = np.nan
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(weight, model.graph.initializer[0].name))
    folder = submission(tmp_path / "bad", package, model.SerializeToString())
    source = tmp_path / "gate.yaml"
    source.write_text(
        "schema: biasgate/data-source/v1\nname: gate\ndata: {kind: digits}\nrole: gate\nplanting: {kind: twins}\n"
    )
    one_line(biasgate("evaluate", folder, "--data", source, "--policy", "digits_demo"), "NaN")


def test_an_unknown_policy_key_is_named(package: CandidatePackage, tmp_path: Path, biasgate: Command) -> None:
    from biasgate.gate.policy import policy_text

    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_text("digits_demo") + "\nlenient: true\n")
    ended = biasgate("evaluate", package.path, "--data", "builtin:digits", "--policy", policy)
    one_line(ended, "lenient", str(policy))


def test_a_missing_attribute_is_named_with_those_there_are(
    package: CandidatePackage, tmp_path: Path, biasgate: Command
) -> None:
    import pandas as pd

    images = np.zeros((40, 28, 28, 3), dtype=np.uint8)
    labels = np.arange(40) % 10
    attributes = pd.DataFrame({"hue": ["warm", "cold"] * 20})
    data = Dataset(images, labels, tuple("0123456789"), attributes, np.arange(40), name="small")
    save_npz(data, str(tmp_path / "small.npz"))
    ended = biasgate("evaluate", package.path, "--data", tmp_path / "small.npz", "--policy", "digits_demo")
    one_line(ended, "alignment", "hue")


@pytest.mark.parametrize("address", ["http://127.0.0.1:9"])
def test_an_unreachable_mlflow_is_a_service_error(
    address: str, package: CandidatePackage, biasgate: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    one_line(biasgate("submit", package.path), address, code=6)


def test_an_unreachable_store_is_a_service_error(biasgate: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    one_line(biasgate("data", "describe", "s3://bucket/data.yaml"), "s3://bucket/data.yaml", code=6)


def test_faults_of_a_fetched_copy_are_told_of_what_was_asked_for(
    package: CandidatePackage, tmp_path: Path, biasgate: Command
) -> None:
    bad = submission(tmp_path / "bad", package, b"not a model")
    ended = biasgate("fetch", bad, "--into", tmp_path / "into")
    one_line(ended, str(bad / "model.onnx"))
    assert not (tmp_path / "into").exists()
