"""A card is drafted from what the graph and the data say, and what nobody says is asked for."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from biasgate.errors import CandidateError
from biasgate.models.draft import Known, draft_card

KNOWN = Known(name="m", submitter="ana")


def graph(path: Path, *, axes: list, last: str = "Softmax", columns: int = 2) -> Path:
    """A network that pools what it takes; only its ends matter."""
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *axes])
    gives = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", columns])
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node(last, ["f"], ["z"])]
    nodes.append(helper.make_node("Identity", ["z"], ["y"]))
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [given], [gives])), path)
    return path


@pytest.mark.parametrize(
    ("last", "output"), [("Softmax", "probabilities"), ("Sigmoid", "probabilities"), ("Relu", "logits")]
)
def test_the_last_operator_tells_what_the_outputs_are(last: str, output: str, tmp_path: Path):
    assert draft_card(graph(tmp_path / "m.onnx", axes=[3], last=last), KNOWN)[0].output == output


@pytest.mark.parametrize(
    ("axes", "stored", "layout", "shape"),
    [
        ([3, 8, 8], None, "NCHW", (3, 8, 8)),
        ([8, 8, 3], None, "NHWC", (8, 8, 3)),
        (["a", "b", 3], (8, 9, 3), "NHWC", (8, 9, 3)),
        ([3, "h", "w"], (8, 9, 3), "NCHW", (3, 8, 9)),
        ([5], None, "rows", (5,)),
        (["features"], (7,), "rows", (7,)),
    ],
)
def test_axes_and_data_tell_layout_and_shape(axes, stored, layout, shape, tmp_path: Path):
    known = Known(name="m", submitter="ana", stored=stored)
    contract = draft_card(graph(tmp_path / "m.onnx", axes=axes), known)[0].input
    assert (contract.layout, contract.shape) == (layout, shape)


@pytest.mark.parametrize("axes", [["a", "b", "c"], [8, 8, 8], ["features"]])
def test_what_the_axes_leave_open_is_asked_for(axes, tmp_path: Path):
    with pytest.raises(CandidateError, match="give --data"):
        draft_card(graph(tmp_path / "m.onnx", axes=axes), KNOWN)


def test_free_axes_that_fit_both_layouts_are_not_guessed(tmp_path: Path):
    known = Known(name="m", submitter="ana", stored=(8, 8, 3))
    with pytest.raises(CandidateError, match="channels first and last"):
        draft_card(graph(tmp_path / "m.onnx", axes=["a", "b", "c"]), known)


def test_classes_without_names_get_those_of_the_data_and_that_is_said(tmp_path: Path):
    known = Known(name="m", submitter="ana", of_data=("no", "yes"))
    card, notes = draft_card(graph(tmp_path / "m.onnx", axes=[3]), known)
    assert card.classes == ("no", "yes")
    assert any("0 is no, 1 is yes" in note for note in notes)


def test_one_column_is_that_of_the_second_of_two_classes(tmp_path: Path):
    card, _ = draft_card(graph(tmp_path / "m.onnx", axes=[3], last="Sigmoid", columns=1), KNOWN)
    assert card.classes == ("0", "1")
