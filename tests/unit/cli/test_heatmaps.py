"""``biasgate heatmaps`` from a package and a source of drawn faces to the document, the page and the advice."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from biasgate.contracts.relevance import Relevance
from biasgate.data.faces.drawn.attributes import ACTION_UNITS
from biasgate.models.architecture import Architecture
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.network import build, initialise
from biasgate.models.package import pack

pytestmark = pytest.mark.filterwarnings("ignore")
FACES = "name: faces\ndata: {kind: synthetic_faces, people: 70, size: 16, aligned: true, seed: 3}\n"


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An untrained network's package, and a source of aligned faces."""
    folder = tmp_path_factory.mktemp("faces")
    layers = (Conv(out=4, kernel=3), Relu(), Pool(size=4), Flatten(), Dense(out=len(ACTION_UNITS)))
    architecture = Architecture(name="tiny", input=(3, 16, 16), layers=layers)
    network = build(architecture)
    initialise(network, init="kaiming_uniform", generator=torch.Generator().manual_seed(1))
    export_onnx(network.eval(), path=folder / "m.onnx")
    card = CandidateCard(
        name="tiny",
        task="multilabel",
        classes=tuple(ACTION_UNITS),
        input=InputContract(shape=architecture.input, layout="NCHW", scale=1 / 255),
        architecture=architecture,
        training_data="none",
        submitter="test",
    )
    (folder / "faces.yaml").write_text(FACES)
    return pack(folder / "m.onnx", card, folder / "package").path, folder / "faces.yaml"


def test_a_package_becomes_a_document_a_page_and_advice(
    faces: tuple[Path, Path], biasgate: Callable[..., Any], tmp_path: Path
) -> None:
    package, source = faces
    ended = biasgate(
        "heatmaps", package, "--data", source, "--attributes", "gender", "--method", "lrp", "--into", tmp_path / "out"
    )
    assert ended.code == 0, ended.err
    assert all(unit in ended.out for unit in ACTION_UNITS)
    assert re.search(r"^- \w", ended.out, flags=re.MULTILINE)
    relevance = Relevance.parse((tmp_path / "out" / "relevance.json").read_bytes(), where="relevance.json")
    assert [method.method for method in relevance.methods] == ["lrp"]
    assert {cell.subgroup.get("gender") for cell in relevance.methods[0].focus} == {None, "feminine", "masculine"}
    page = (tmp_path / "out" / "relevance.html").read_text()
    assert len(re.findall(r"<img [^>]*src=\"data:image/png;base64,", page)) == len(ACTION_UNITS) * 4
    assert all(f"<h3>{unit}</h3>" in page for unit in ACTION_UNITS)


def test_an_unknown_attribute_is_one_line(faces: tuple[Path, Path], biasgate: Callable[..., Any]) -> None:
    package, source = faces
    ended = biasgate("heatmaps", package, "--data", source, "--attributes", "mood")
    assert ended.code == 3
    assert ended.err.count("\n") == 1
    assert "mood" in ended.err


def test_images_whose_regions_nobody_said_ask_for_a_region_map(
    faces: tuple[Path, Path], biasgate: Callable[..., Any], tmp_path: Path
) -> None:
    source = tmp_path / "digits.yaml"
    source.write_text("name: digits\ndata: {kind: digits}\nrole: gate\nplanting: {kind: share, conflicting: 0.5}\n")
    ended = biasgate("heatmaps", faces[0], "--data", source, "--attributes", "colour")
    assert ended.code == 3
    assert re.search(r"where on these images '0', '1', .* show .*--regions FILE, a region map", ended.err)
