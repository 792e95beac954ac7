"""Any graph as a torch network: what real exporters write, computed and differentiated as ONNX Runtime computes it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from exported_networks import IMAGES, SIDE, Transformer, exported, packed, residual, separable
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from biasgate.errors import CandidateError
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.gradients import with_gradients, write_gradients
from biasgate.models.graph_network import with_weights
from biasgate.models.graph_reading import graph_network
from biasgate.models.onnx.file import load_onnx
from biasgate.models.operator import MOST_VALUES, Node, operators
from biasgate.models.package import pack
from biasgate.models.sandbox.runner import run

KINDS: dict[str, tuple[Callable[[], nn.Module], bool, str, int]] = {
    "residual": (residual, False, "logits", 8),
    "separable": (separable, False, "probabilities", 8),
    "transformer": (Transformer, True, "logits", 16),
}
"""How it is made and exported, what it gives, and its first filters."""
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_what_torch_exports_has_gradients_and_gets_its_weights_back(kind: str, tmp_path: Path):
    make, dynamo, output, filters = KINDS[kind]
    package = packed(exported(make, tmp_path / "m.onnx", dynamo=dynamo), tmp_path / "package", output=output)
    network = with_gradients(package, IMAGES)
    x = torch.from_numpy(RNG.standard_normal((5, 3, SIDE, SIDE), dtype=np.float32)).requires_grad_()
    network(x).square().sum().backward()
    assert x.grad is not None
    assert all(weight.grad is not None for weight in network.weights)
    assert network.features(x).ndim == 2
    assert network.early(x).shape[:2] == (5, filters)
    with torch.no_grad():
        for weight in network.weights:
            weight.mul_(1.05)
    assert write_gradients(package, network, IMAGES, path=tmp_path / "new.onnx") < 1e-4
    old, new = load_onnx(package.model), load_onnx(tmp_path / "new.onnx")
    assert list(new.graph.node) == list(old.graph.node)
    assert run(packed(tmp_path / "new.onnx", tmp_path / "again", output=output), IMAGES).logits != pytest.approx(
        run(package, IMAGES).logits, abs=1e-4
    )


def graph(
    nodes: list[onnx.NodeProto], inputs: dict[str, tuple[int, list[Any]]], **stored: np.ndarray
) -> onnx.ModelProto:
    taken = [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()]
    given = [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", None])]
    tensors = [numpy_helper.from_array(array, name) for name, array in stored.items()]
    versions = {"opset_imports": [helper.make_opsetid("", 17)], "ir_version": 9}
    return helper.make_model(helper.make_graph(nodes, "g", taken, given, tensors), **versions)


def card(
    *shape: int, layout: str = "rows", classes: tuple[str, ...] = ("a", "b", "c"), **changed: Any
) -> CandidateCard:
    return CandidateCard(
        name="m",
        classes=classes,
        input=InputContract.build({"shape": shape, "layout": layout}),
        training_data="sha256:0",
        submitter="ana",
        **changed,
    )


def floats(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape, dtype=np.float32)


def test_an_unknown_operator_is_named():
    model = graph([helper.make_node("Asinh", ["x"], ["out"])], {"x": (TensorProto.FLOAT, ["n", 3])})
    with pytest.raises(CandidateError, match="do not pass through its operator 'Asinh'"):
        graph_network(model, card(3))


def test_what_torch_would_answer_otherwise_is_refused(tmp_path: Path):
    """Torch has no nearest pixel that is always the one above."""
    resize = helper.make_node("Resize", ["x", "", "", "size"], ["y"], mode="nearest", nearest_mode="ceil")
    nodes = [resize, helper.make_node("Flatten", ["y"], ["f"]), helper.make_node("MatMul", ["f", "w"], ["out"])]
    stored = {"size": np.array([1, 1, 3, 3]), "w": floats(9, 3)}
    model = graph(nodes, {"x": (TensorProto.FLOAT, [1, 1, 5, 5])}, **stored)
    onnx.save(model, tmp_path / "m.onnx")
    package = pack(tmp_path / "m.onnx", card(1, 5, 5, layout="NCHW"), tmp_path / "package")
    with pytest.raises(CandidateError, match="give answers that differ"):
        with_gradients(package, RNG.integers(0, 256, (6, 5, 5, 1), dtype=np.uint8))


def test_words_by_two_inputs_are_taken_from_a_rows_columns_also_in_fixed_batches(tmp_path: Path):
    """A mean over embeddings of the tokens that a mask leaves, four samples at a time."""
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["e"]),
        helper.make_node("Cast", ["mask"], ["m"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["m", "last"], ["mm"]),
        helper.make_node("Mul", ["e", "mm"], ["em"]),
        helper.make_node("ReduceSum", ["em", "axis"], ["s"], keepdims=0),
        helper.make_node("Gemm", ["s", "w", "b"], ["out"]),
    ]
    taken: dict[str, tuple[int, list[Any]]] = {name: (TensorProto.INT64, [4, 5]) for name in ("ids", "mask")}
    stored = {"table": floats(7, 3), "last": np.array([2]), "axis": np.array([1]), "w": floats(3, 3), "b": floats(3)}
    onnx.save(graph(nodes, taken, **stored), tmp_path / "m.onnx")
    package = pack(tmp_path / "m.onnx", card(10), tmp_path / "package")
    rows = np.concatenate([RNG.integers(0, 7, (6, 5)), RNG.integers(0, 2, (6, 5))], axis=1).astype(np.float32)
    columns, parts = {"ids": rows[:, :5], "mask": rows[:, 5:]}, {"ids": slice(0, 5), "mask": slice(5, 10)}
    network = with_gradients(package, rows, columns=columns, parts=parts)
    assert set(network.program.learned) == {"table", "w", "b"}
    network(torch.from_numpy(rows)).sum().backward()
    assert all(weight.grad is not None for weight in network.weights)


def test_one_number_of_two_classes_is_that_of_the_second_and_its_head_has_two_rows():
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["z"]), helper.make_node("Sigmoid", ["z"], ["out"])]
    model = graph(nodes, {"x": (TensorProto.FLOAT, ["n", 4])}, w=floats(4, 1), b=floats(1))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1
    network = graph_network(model, card(4, classes=("no", "yes"), output="probabilities"))
    x = torch.from_numpy(floats(6, 4))
    assert network(x).softmax(dim=1)[:, 1].detach().numpy() == pytest.approx(network.answer(x)[:, 0].detach().numpy())
    before = network(x).detach().numpy()
    weight, bias = network.head()
    assert (network.features(x) @ weight.T + bias).detach().numpy() == pytest.approx(before, abs=1e-6)
    network.set_head(weight * 2, bias * 2)
    assert network(x).detach().numpy() == pytest.approx(2 * before, abs=1e-5)


def test_half_precision_stays_half_and_is_rounded_on_its_way_back():
    half = {"w": floats(4, 3).astype(np.float16), "b": floats(3).astype(np.float16)}
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
        helper.make_node("Gemm", ["h", "w", "b"], ["y"]),
        helper.make_node("Cast", ["y"], ["out"], to=TensorProto.FLOAT),
    ]
    model = graph(nodes, {"x": (TensorProto.FLOAT, ["n", 4])}, **half)
    network = graph_network(model, card(4))
    assert with_weights(model, network) == model
    with torch.no_grad():
        network.weights[0].mul_(1.5)
    stored = {t.name: numpy_helper.to_array(t) for t in with_weights(model, network).graph.initializer}
    assert stored["w"].dtype == np.float16
    assert stored["w"] == pytest.approx(half["w"] * np.float16(1.5), rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("Tile", (torch.ones(2, 2), torch.tensor([1 << 20, 1 << 20]))),
        ("Expand", (torch.ones(1), torch.tensor([1 << 40]))),
        ("ConstantOfShape", (torch.tensor([1 << 40]),)),
        ("Range", (torch.tensor(0), torch.tensor(1 << 40), torch.tensor(1))),
        ("MatMul", (torch.ones(1 << 16, 1), torch.ones(1, 1 << 16))),
        ("Add", (torch.ones(1 << 16, 1), torch.ones(1, 1 << 16))),
        ("Pad", (torch.ones(1), torch.tensor([0, 1 << 40]))),
        ("Gather", (torch.ones(2, 1 << 16), torch.zeros(1 << 16, dtype=torch.int64))),
        ("GatherND", (torch.ones(2, 1 << 16), torch.zeros((1 << 16, 1), dtype=torch.int64))),
        ("Gemm", (torch.ones(1 << 16, 1), torch.ones(1, 1 << 16))),
        ("Concat", (torch.ones(1).expand(1 << 28), torch.ones(1))),
        ("Conv", (torch.ones(1, 1 << 10, 1).expand(1 << 10, -1, 1 << 10), torch.ones(1 << 10, 1 << 10, 1))),
        ("OneHot", (torch.zeros(4), torch.tensor([1 << 40]), torch.tensor([0.0, 1.0]))),
    ],
)
def test_no_operator_makes_a_tensor_without_bounds(kind: str, given: tuple[torch.Tensor, ...]):
    assert MOST_VALUES < 1 << 32
    with pytest.raises(ValueError, match="too large"):
        operators()[kind].compute(Node(kind, {}, 17, 1), *given)
