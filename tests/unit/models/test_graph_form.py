"""Graphs that are none: each is refused in a sentence, soon, before anything follows its names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import AttributeProto, FunctionProto, TensorProto, helper, numpy_helper

from biasgate.errors import CandidateError
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.graph_reading import graph_network
from biasgate.models.onnx.file import load_onnx
from biasgate.models.onnx.functions import MOST_NODES, inlined
from biasgate.models.onnx.head import find_head

node = helper.make_node
OWN = "own"
VERSIONS = [helper.make_opsetid("", 17), helper.make_opsetid(OWN, 1)]
WEIGHT = np.eye(4, 3, dtype=np.float32)
CARD = CandidateCard(
    name="m",
    classes=("a", "b", "c"),
    input=InputContract.build({"shape": (4,), "layout": "rows"}),
    training_data="sha256:0",
    submitter="ana",
)


def graph(
    nodes: Sequence[onnx.NodeProto],
    stored: Mapping[str, np.ndarray] | None = None,
    functions: Sequence[FunctionProto] = (),
) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(array, name) for name, array in (stored or {"w": WEIGHT}).items()]
    taken = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])]
    given = [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 3])]
    inner = helper.make_graph(nodes, "g", taken, given, tensors)
    return helper.make_model(inner, opset_imports=VERSIONS, ir_version=9, functions=functions)


def function(name: str, *calls: onnx.NodeProto) -> FunctionProto:
    return helper.make_function(OWN, name, ["a"], ["b"], calls, VERSIONS)


def doubling(depth: int) -> list[FunctionProto]:
    """Each calls the one before it twice."""
    calls = [
        function(f"f{n}", node(f"f{n - 1}", ["a"], ["t"], domain=OWN), node(f"f{n - 1}", ["t"], ["b"], domain=OWN))
        for n in range(1, depth + 1)
    ]
    return [function("f0", node("Relu", ["a"], ["b"])), *calls]


def with_attribute(kind: AttributeProto.AttributeType) -> onnx.ModelProto:
    model = graph([node("Gemm", ["x", "w"], ["out"])])
    model.graph.node[0].attribute.add(name="alpha", type=kind, s=b"\xff")
    return model


MALFORMED = {
    "takes its own output": graph([node("Identity", ["out"], ["out"])]),
    "two that take each other's": graph([node("Softmax", ["out"], ["t"]), node("Identity", ["t"], ["out"])]),
    "a circle beside the way": graph([node("Gemm", ["x", "w"], ["out"]), node("Relu", ["y"], ["y"])]),
    "takes nothing": graph([node("Softmax", [], ["out"])]),
    "takes too little": graph([node("Gemm", ["x"], ["out"])]),
    "gives nothing": graph([node("Constant", [], [], value_int=3), node("Gemm", ["x", "w"], ["out"])]),
    "gives what another gives": graph([node("Gemm", ["x", "w"], ["out"])] * 2),
    "says text for a number": with_attribute(AttributeProto.STRING),
    "leaves out what it must say": graph([node("Concat", ["x", "x"], ["t"]), node("Gemm", ["t", "w"], ["out"])]),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_graph_is_refused_as_it_is_read_and_by_onnx_runtime(kind: str, tmp_path: Path):
    (tmp_path / "m.onnx").write_bytes(MALFORMED[kind].SerializeToString())
    with pytest.raises(CandidateError, match="its operator"):
        load_onnx(tmp_path / "m.onnx")
    with pytest.raises(Exception, match=r"ONNXRuntimeError|INVALID"):
        ort.InferenceSession(MALFORMED[kind].SerializeToString())


def broken(**changed: int) -> onnx.ModelProto:
    model = graph([node("Gemm", ["x", "w"], ["out"])])
    tensor = model.graph.initializer[0]
    tensor.data_type = changed.get("type", tensor.data_type)
    tensor.dims[0] = changed.get("rows", tensor.dims[0])
    return model


@pytest.mark.parametrize("changed", [{"type": 0}, {"type": 99}, {"rows": 1 << 40}, {"rows": 5}])
def test_a_tensor_of_other_bytes_than_it_says_is_refused(changed: dict[str, int]):
    with pytest.raises(CandidateError, match=r"'w' of shape .* is broken"):
        graph_network(broken(**changed), CARD)
    with pytest.raises(CandidateError, match=r"'w' of shape .* is broken"):
        find_head(broken(**changed), where="m")


def test_an_answer_that_is_stored_has_no_gradients():
    with pytest.raises(CandidateError, match="stored, not computed"):
        graph_network(graph([node("Relu", ["x"], ["y"])], {"out": WEIGHT}), CARD)


def test_functions_are_put_where_they_are_called():
    model = graph([node("f3", ["x"], ["y"], domain=OWN), node("Gemm", ["y", "w"], ["out"])], functions=doubling(3))
    assert [one.op_type for one in inlined(model, where="m").graph.node] == ["Relu"] * 8 + ["Gemm"]


def test_functions_that_double_are_counted_and_never_unfolded():
    for depth in (40, 2_000):
        model = graph([node(f"f{depth}", ["x"], ["out"], domain=OWN)], functions=doubling(depth))
        with pytest.raises(CandidateError, match=f"{MOST_NODES:,} are read"):
            graph_network(model, CARD)


def test_functions_within_branches_are_counted():
    branch = helper.make_graph(
        [node("f30", ["x"], ["b"], domain=OWN)], "b", [], [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)]
    )
    condition = node("If", ["yes"], ["out"], then_branch=branch, else_branch=branch)
    model = graph([condition], {"yes": np.array(True)}, functions=doubling(30))
    with pytest.raises(CandidateError, match="are read"):
        graph_network(model, CARD)


@pytest.mark.parametrize(
    ("call", "functions"),
    [
        (["x"], [function("f0", node("f0", ["a"], ["b"], domain=OWN))]),
        (["x"], [function(f"f{n}", node(f"f{1 - n}", ["a"], ["b"], domain=OWN)) for n in range(2)]),
        (["x"] * 3, doubling(0)),
        (["x"], [function("f0", node("Relu", [], ["b"]))]),
    ],
    ids=["itself", "each other", "too many", "malformed"],
)
def test_functions_that_do_not_unfold_are_refused(call: list[str], functions: list[FunctionProto]):
    with pytest.raises(CandidateError):
        graph_network(graph([node("f0", call, ["out"], domain=OWN)], functions=functions), CARD)
