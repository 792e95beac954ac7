"""What an exporter wrote in two files is taken as it lies there: weights beside the graph come into the package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from biasgate.cli.sources import packed
from biasgate.errors import BiasgateError

WEIGHT = np.arange(6, dtype=np.float32).reshape(3, 2)
CARD = {
    "name": "hiring",
    "classes": ["no", "yes"],
    "input": {"shape": [3], "layout": "rows"},
    "training_data": "unknown",
    "submitter": "ana",
}


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A candidate in three files."""
    given, said = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", n]) for name, n in (("x", 3), ("logits", 2))
    )
    node = helper.make_node("MatMul", ["x", "weight"], ["logits"])
    graph = helper.make_graph([node], "g", [given], [said], [numpy_helper.from_array(WEIGHT, "weight")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    folder = tmp_path / "exported"
    folder.mkdir()
    beside = {"save_as_external_data": True, "location": "model.onnx.data", "size_threshold": 0}
    onnx.save(model, folder / "model.onnx", **beside)
    (folder / "card.json").write_text(json.dumps(CARD))
    assert (folder / "model.onnx.data").is_file()
    return folder


def test_weights_beside_the_graph_are_taken_into_the_package(exported: Path, tmp_path: Path) -> None:
    package = packed(exported, tmp_path)
    assert package.card.name == "hiring"
    assert sorted(entry.name for entry in package.path.iterdir()) == ["card.json", "model.onnx"]
    assert (weight_of(package.path) == WEIGHT).all()


def test_a_package_stays_the_same_package(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    once = packed(exported, tmp_path)
    assert packed(once.path, tmp_path / "again").digest == once.digest


def test_a_folder_without_a_card_is_named_with_the_command_that_drafts_one(exported: Path, tmp_path: Path) -> None:
    (exported / "card.json").unlink()
    with pytest.raises(BiasgateError, match=r"no card\.json.*exported\].*biasgate card init"):
        packed(exported, tmp_path)


def weight_of(folder: Path) -> NDArray[np.float32]:
    (weight,) = onnx.load(folder / "model.onnx").graph.initializer
    return numpy_helper.to_array(weight)
