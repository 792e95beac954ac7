"""Head-only repair of ONNX graphs that no declared architecture describes."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from biasgate.data.dataset import Dataset
from biasgate.errors import CandidateError
from biasgate.models.onnx.file import load_onnx
from biasgate.models.onnx.head import BIAS, WEIGHT, features_graph, find_head, with_onnx_head
from biasgate.models.package import CandidatePackage, open_package, pack
from biasgate.models.sandbox.runner import run
from biasgate.repair.repair import repair

RNG = np.random.default_rng(0)
ARRAYS = {"w": RNG.normal(size=(5, 3)).astype(np.float32), "b": RNG.normal(size=3).astype(np.float32)}
TAILS = {
    "gemm": ([("Gemm", ["f", "w", "b"], {})], 1.0),
    "scaled gemm": ([("Gemm", ["f", "w", "b"], {"alpha": 2.0, "beta": 0.5})], 1.0),
    "product": ([("MatMul", ["f", "w"], {})], 0.0),
    "product and sum": ([("MatMul", ["f", "w"], {}), ("Add", ["b", "0"], {})], 1.0),
    "probabilities": ([("Gemm", ["f", "w", "b"], {}), ("Softmax", ["0"], {})], 1.0),
}


def graph(tail: list[tuple[str, list[str], dict[str, Any]]], **changed: NDArray[np.float32]) -> onnx.ModelProto:
    """Features by a layer that no reader of weights knows (Sinh), then the tail."""
    nodes = [helper.make_node("Sinh", ["x"], ["f"])]
    for place, (operator, inputs, numbers) in enumerate(tail):
        nodes.append(helper.make_node(operator, inputs, ["out" if place + 1 == len(tail) else str(place)], **numbers))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None]) for name in ("x", "out")]
    stored = [numpy_helper.from_array(array, name) for name, array in (ARRAYS | changed).items()]
    made = helper.make_graph(nodes, "g", ends[:1], ends[1:], stored)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def outputs(model: onnx.ModelProto, x: NDArray[np.float32], name: str = "x") -> NDArray[np.float32]:
    from onnx.reference import ReferenceEvaluator

    found = ReferenceEvaluator(model).run(None, {name: x})
    assert isinstance(found, list)
    return found[0]


@pytest.mark.parametrize("tail", TAILS)
def test_the_head_times_the_features_is_what_the_graph_gives(tail: str):
    model, x = graph(TAILS[tail][0]), RNG.normal(size=(4, 5)).astype(np.float32)
    head = find_head(model, where="g")
    logits = outputs(features_graph(head), x) @ head.weight.T + head.bias
    if tail == "probabilities":
        logits = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert outputs(model, x) == pytest.approx(logits, abs=1e-5)


@pytest.mark.parametrize("tail", TAILS)
def test_another_head_takes_its_place_and_the_model_stays_as_it_was(tail: str):
    model, x = graph(TAILS[tail][0]), RNG.normal(size=(4, 5)).astype(np.float32)
    before, weight, bias = model.SerializeToString(), RNG.normal(size=(3, 5)), RNG.normal(size=3)
    edited = with_onnx_head(find_head(model, where="g"), weight, bias)
    onnx.checker.check_model(edited)
    logits = np.sinh(x) @ weight.T + bias
    if tail == "probabilities":
        logits = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert outputs(edited, x) == pytest.approx(logits, rel=1e-4, abs=1e-5)
    assert {tensor.name for tensor in edited.graph.initializer} == {WEIGHT, BIAS}
    assert model.SerializeToString() == before


@pytest.mark.parametrize(
    ("tail", "fault"),
    [
        ([("Gemm", ["f", "w", "b"], {}), ("Tanh", ["0"], {})], "ends in 'Tanh'"),
        ([("MatMul", ["f", "f"], {})], "computed"),
        ([("Gemm", ["f", "w", "b"], {"transA": 1})], "transposed"),
    ],
)
def test_a_head_that_is_not_linear_is_refused(tail: list[tuple[str, list[str], dict[str, Any]]], fault: str):
    with pytest.raises(CandidateError, match=fault):
        find_head(graph(tail), where="g")


def test_a_candidate_without_architecture_is_repaired_in_its_head_alone(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path
):
    bare = pack(biased.model, biased.card.model_copy(update={"architecture": None}), tmp_path / "bare")
    repaired, record = repair(bare, repair_data, method="unlearning", into=tmp_path / "new", seconds=600, seed=0)
    known, whole = repair(biased, repair_data, method="unlearning", into=tmp_path / "known", seconds=600, seed=0)
    few = repair_data.samples[:40]
    assert run(repaired, few).logits == pytest.approx(run(known, few).logits, rel=1e-3, abs=1e-3)
    assert open_package(bare.path).digest == bare.digest
    old, new = ({t.name: t for t in load_onnx(p.model).graph.initializer} for p in (bare, repaired))
    assert new.keys() - old.keys() == {WEIGHT, BIAS}
    assert all(new[name] == old[name] for name in new.keys() & old.keys())
    assert record.parity < 1e-4
    assert (record.moved, record.distance) == pytest.approx((whole.moved, whole.distance), rel=0.05)
    assert record.after is not None
    assert record.before is not None
    assert record.after.bias.signed.value < record.before.bias.signed.value


@pytest.mark.parametrize("classes", [2, 3])
def test_a_classifier_of_scikit_learn_is_a_head_too(classes: int):
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = RNG.normal(size=(60, 4)).astype(np.float32)
    y = np.digitize(x[:, 0], [0.0] if classes == 2 else [-0.5, 0.5])
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    model = to_onnx(fitted, x[:1], options={"zipmap": False})
    assert isinstance(model, onnx.ModelProto)
    del model.graph.output[0]
    head = find_head(model, where="g")
    same = with_onnx_head(head, head.weight, head.bias)
    assert outputs(same, x, "X") == pytest.approx(fitted.predict_proba(x), abs=1e-5)
    weight, bias = RNG.normal(size=head.weight.shape), RNG.normal(size=head.bias.shape)
    logits = outputs(features_graph(head), x, "X") @ weight.T + bias
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert outputs(with_onnx_head(head, weight, bias), x, "X") == pytest.approx(probabilities, abs=1e-5)
