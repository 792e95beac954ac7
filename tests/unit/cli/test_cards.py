"""``biasgate card``: a draft fits the graph that it was made from, and a card that does not fit is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.errors import InputError

CELLS = [(number % 7, number % 5, "ab"[number % 2], ("no", "yes")[number % 3 > 0]) for number in range(60)]
ROWS = "\n".join(["skill,years,group,hired", *(",".join(map(str, row)) for row in CELLS)])
SOURCE = (
    "name: people\ndata: {kind: csv, file: {uri: people.csv}, label: hired, classes: ['no', 'yes'],"
    " numeric: [skill, years], attributes: [group]}\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A graph of two numbers without a card, beside a table that it can be tried on."""
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text(ROWS)
    Path("people.yaml").write_text(SOURCE)
    Path("model").mkdir()
    weight = numpy_helper.from_array(np.array([[-1, 0], [1, 0]], np.float32), "w")
    given, gives = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)], "g", [given], [gives], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), "model/model.onnx")
    return Path("model")


def biasgate(*arguments: str) -> str:
    return CliRunner().invoke(app, ["card", *arguments], catch_exceptions=False).stdout


def test_a_draft_fits_its_graph_and_its_data(folder: Path):
    said = biasgate(
        "init", "model", "--data", "people.yaml", "--name", "hiring", "--submitter", "ana", "--into", "model/card.json"
    )
    assert "0 is no, 1 is yes" in said
    card = json.loads((folder / "card.json").read_text())
    assert (card["classes"], card["output"], card["input"]["shape"]) == (["no", "yes"], "logits", [2])
    assert "runs on rows of people.yaml" in biasgate("check", "model", "--data", "people.yaml")


def test_a_card_that_does_not_fit_is_refused(folder: Path):
    biasgate("init", "model", "--name", "hiring", "--submitter", "ana", "--into", "model/card.json")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"input": {"shape": [3], "layout": "rows"}}))
    with pytest.raises(InputError):
        biasgate("check", "model", "--data", "people.yaml")


def test_a_name_is_asked_for_where_nothing_tells_it(folder: Path):
    with pytest.raises(InputError, match="--name"):
        biasgate("init", "model")
