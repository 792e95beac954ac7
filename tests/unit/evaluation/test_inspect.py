"""An inspection says whether there is a source to compare the ONNX form with, and compares it where there is."""

import json
from pathlib import Path

import pytest
import torch

from biasgate.evaluation.inspect import inspect
from biasgate.models.architecture import Architecture
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.layers.dense import Dense
from biasgate.models.network import build
from biasgate.models.package import CandidatePackage, pack
from biasgate.models.submission import import_candidate

NETWORK = Architecture(name="small", input=(2,), layers=(Dense(out=2),))


@pytest.fixture
def package(request: pytest.FixtureRequest, tmp_path: Path) -> CandidatePackage:
    torch.manual_seed(0)
    export_onnx(build(NETWORK).eval(), path=tmp_path / "model.onnx")
    card = CandidateCard(
        name="small",
        classes=("no", "yes"),
        input=InputContract(shape=(2,), layout="rows"),
        training_data="sha256:0",
        submitter="ana",
        architecture=request.param,
    )
    return pack(tmp_path / "model.onnx", card, tmp_path / "package")


@pytest.mark.parametrize("package", [NETWORK], indirect=True)
def test_a_declared_architecture_is_compared(package: CandidatePackage) -> None:
    found = inspect(package)
    assert found.has_source is True
    assert found.parity is not None
    assert found.parity < 1e-5


@pytest.mark.parametrize("package", [None], indirect=True)
def test_a_graph_alone_has_no_source(package: CandidatePackage) -> None:
    found = inspect(package)
    assert (found.has_source, found.parity) == (False, None)


@pytest.mark.parametrize("package", [None, NETWORK], indirect=True)
def test_of_a_repaired_package_its_record_tells(package: CandidatePackage) -> None:
    found = inspect(package, repaired=True)
    assert (found.has_source, found.parity) == (None, None)


def test_predictions_alone_have_no_source(tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    (folder / "predictions.csv").write_text("p\n0.25\n0.75\n")
    card = {"name": "answers", "classes": ["no", "yes"], "columns": {"probabilities": {"yes": "p"}}, "submitter": "ana"}
    (folder / "card.json").write_text(json.dumps({"schema": "biasgate/predictions-card/v1", **card}))
    found = inspect(import_candidate(folder, tmp_path / "package"))
    assert (found.has_source, found.parity) == (False, None)
