"""A model is measured as it serves: what it says of a sample is the same in every batch."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from biasgate.errors import CandidateError
from biasgate.models.as_served import run_as_served
from biasgate.models.card import InputContract
from biasgate.models.package import CandidatePackage, pack
from biasgate.models.sandbox.limits import Limits

ROWS = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
WEIGHT = np.random.default_rng(1).normal(size=(3, 2)).astype(np.float32)


def node(operator: str, inputs: str, output: str, **attributes) -> onnx.NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


LINEAR = node("MatMul", "input w", "plain")


@pytest.fixture
def package_of(card_of, tmp_path):
    def package(nodes: list[onnx.NodeProto], *, batch: int | str = "n", kind=TensorProto.FLOAT, opset=17, **arrays):
        stored = {"w": WEIGHT, **{name: np.asarray(array) for name, array in arrays.items()}}
        graph = helper.make_graph(
            nodes,
            "graph",
            [helper.make_tensor_value_info("input", kind, [batch, 3])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(array, name) for name, array in stored.items()],
        )
        path = tmp_path / "made.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9), path)
        card = card_of(classes=("no", "yes"), input=InputContract(shape=(3,), layout="rows"))
        return pack(path, card, tmp_path / "package")

    return package


def gated(condition: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Adds (−9, 9) to the logits where a condition, a number that is 0 or 1, says so."""
    return [LINEAR, *condition, node("Mul", "gate push", "pushed"), node("Add", "plain pushed", "logits")]


def when(operator: str, number: int) -> list[onnx.NodeProto]:
    """1 where the batch's size is so."""
    return [
        node("Shape", "input", "shape", end=1),
        node(operator, "shape number", "is"),
        node("Cast", "is", "gate", to=TensorProto.FLOAT),
    ]


PUSH = {"push": np.array([[-9, 9]], np.float32)}
BY_SIZE = {
    "alone": ("Equal", 1),
    "in small batches": ("Less", 9),
    "in batches of the evaluation": ("Equal", 50),
    "in larger ones than those": ("Greater", 60),
}


@pytest.mark.parametrize(("operator", "number"), BY_SIZE.values(), ids=BY_SIZE)
def test_a_model_that_looks_at_the_size_of_its_batch_is_refused(package_of, operator: str, number: int):
    package = package_of(gated(when(operator, number)), **PUSH, number=np.array([number]))
    with pytest.raises(CandidateError, match="depends on the others in the batch"):
        run_as_served(package, ROWS)


OVER_THE_BATCH = {
    "a mean": [node("ReduceMean", "plain", "mean", axes=[0]), node("Sub", "plain mean", "logits")],
    "a softmax": [node("Softmax", "plain", "logits", axis=0)],
    "a largest value": [node("ReduceMax", "plain", "top", axes=[0]), node("Sub", "plain top", "logits")],
    "a sum that is nearly nothing": [
        node("ReduceSum", "plain", "sum"),
        node("Mul", "sum tiny", "small"),
        node("Add", "plain small", "logits"),
    ],
    "a running sum": [node("CumSum", "plain first", "logits")],
    "the first sample": [
        node("Gather", "plain first", "one", axis=0),
        node("Sub", "plain one", "logits"),
    ],
    "a sorted order": [
        node("Shape", "plain", "shape", end=1),
        helper.make_node("TopK", ["plain", "shape"], ["logits", "places"], axis=0),
    ],
    "a count of unlike samples": [
        helper.make_node("Unique", ["plain"], ["unique"], axis=0),
        node("Shape", "unique", "count", end=1),
        node("Cast", "count", "number", to=TensorProto.FLOAT),
        node("Mul", "plain number", "logits"),
    ],
    "a product with itself": [
        node("Transpose", "plain", "turned", perm=[1, 0]),
        node("MatMul", "plain turned", "square"),
        node("MatMul", "square plain", "logits"),
    ],
}


@pytest.mark.parametrize("nodes", OVER_THE_BATCH.values(), ids=OVER_THE_BATCH)
def test_a_model_that_computes_over_its_batch_is_refused(package_of, nodes: list[onnx.NodeProto]):
    package = package_of([LINEAR, *nodes], tiny=np.float32(1e-12), first=np.array(0))
    with pytest.raises(CandidateError, match="depends on the others in the batch"):
        run_as_served(package, ROWS)


def test_a_model_that_fails_at_another_size_is_refused(package_of):
    split = [node("Reshape", "plain even", "pairs"), node("Reshape", "pairs back", "logits")]
    package = package_of([LINEAR, *split], even=np.array([-1, 100]), back=np.array([-1, 2]))
    with pytest.raises(CandidateError, match="it fails on 1 samples at once"):
        run_as_served(package, ROWS)


def test_a_model_that_only_a_rare_sample_in_the_batch_changes_is_refused(package_of):
    """A companion far outside the data decides for all; none of the data's own rows does."""
    any_far = [
        node("ReduceMax", "input", "top", keepdims=0),
        node("Greater", "top far", "is"),
        node("Cast", "is", "gate", to=TensorProto.FLOAT),
    ]
    package = package_of(gated(any_far), **PUSH, far=np.float32(1e4))
    with pytest.raises(CandidateError, match=r"beside samples of 1e\+06"):
        run_as_served(package, ROWS)


def test_a_model_that_an_infinite_number_in_the_batch_changes_is_refused(package_of):
    any_infinite = [
        node("IsInf", "input", "is"),
        node("Cast", "is", "found", to=TensorProto.FLOAT),
        node("ReduceMax", "found", "gate", keepdims=0),
    ]
    with pytest.raises(CandidateError, match=r"beside samples of -?inf"):
        run_as_served(package_of(gated(any_infinite), **PUSH), ROWS)


def test_no_batch_is_larger_than_the_limits_allow(package_of):
    push = [*when("Greater", 60), node("Mul", "gate push", "pushed")]
    package = package_of([LINEAR, *push, node("Add", "plain pushed", "logits")], **PUSH, number=np.array([60]))
    run_as_served(package, ROWS, limits=Limits(batch=60))


def value(name: str, kind: int = TensorProto.FLOAT, shape: tuple[int, ...] = ()) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def scan(most: float) -> list[onnx.NodeProto]:
    """Row after row, one that is counted: those behind the first so many are pushed."""
    body = helper.make_graph(
        [
            node("Add", "seen one", "count"),
            node("Greater", "seen most", "is"),
            node("Cast", "is", "gate", to=TensorProto.FLOAT),
            node("Mul", "gate push", "pushed"),
            node("Add", "row pushed", "said"),
        ],
        "body",
        [value("seen"), value("row", shape=(2,))],
        [value("count"), value("said", shape=(2,))],
        [numpy_helper.from_array(np.array(most, np.float32), "most")],
    )
    return [LINEAR, helper.make_node("Scan", ["nil", "plain"], ["last", "logits"], body=body, num_scan_inputs=1)]


def loop() -> list[onnx.NodeProto]:
    """A running sum over rows."""
    body = helper.make_graph(
        [
            node("Gather", "plain place", "row", axis=0),
            node("Add", "before row", "after"),
            node("Identity", "after", "said"),
            node("Identity", "going", "on"),
        ],
        "body",
        [value("place", TensorProto.INT64), value("going", TensorProto.BOOL), value("before", shape=(2,))],
        [value("on", TensorProto.BOOL), value("after", shape=(2,)), value("said", shape=(2,))],
    )
    count = [node("Shape", "input", "shape", end=1), node("Squeeze", "shape", "rows")]
    run = helper.make_node("Loop", ["rows", "true", "nils"], ["sum", "logits"], body=body)
    return [LINEAR, *count, run]


def branches() -> list[onnx.NodeProto]:
    """One graph for a sample alone, another for several."""
    alone, several = (
        helper.make_graph([node(operator, "plain", name)], name, [], [helper.make_tensor_value_info(name, 1, None)])
        for operator, name in (("Neg", "alone"), ("Identity", "several"))
    )
    asked = [*when("Equal", 1)[:2], node("Squeeze", "is", "single")]
    chosen = helper.make_node("If", ["single"], ["logits"], then_branch=alone, else_branch=several)
    return [LINEAR, *asked, chosen]


WITHIN = {
    "a count in the body of a scan": scan(20),
    "a count that no batch of the evaluation reaches": scan(60),
    "a sum in the body of a loop": loop(),
    "the branches of a condition": branches(),
}


@pytest.mark.parametrize("nodes", WITHIN.values(), ids=WITHIN)
def test_a_model_that_looks_at_its_batch_from_within_a_graph_is_refused(package_of, nodes: list[onnx.NodeProto]):
    stored = {
        "push": np.array([-9, 9], np.float32),
        "one": np.float32(1),
        "nil": np.float32(0),
        "nils": np.zeros(2, np.float32),
        "true": np.array(True),
        "number": np.array([1]),
    }
    with pytest.raises(CandidateError, match="depends on the others in the batch"):
        run_as_served(package_of(nodes, **stored), ROWS)


def test_a_model_that_hides_its_decisions_below_rounding_is_refused(package_of):
    """All probabilities are a half to nine digits; which class is ahead depends on the batch."""
    small = [node("Mul", "plain tiny", "small"), node("Neg", "small", "turned"), *when("Equal", 1)[:2]]
    package = package_of(
        [LINEAR, *small, node("Where", "is turned small", "logits")], tiny=np.float32(1e-9), number=[1]
    )
    with pytest.raises(CandidateError, match="decisions change in other batches"):
        run_as_served(package, ROWS)


def test_a_model_that_moves_scores_whose_order_alone_matters_is_refused(package_of):
    """Every decision is the same, and probabilities differ by less than a thousandth."""
    small = [node("Mul", "plain tiny", "small"), node("Neg", "small", "turned"), *when("Equal", 1)[:2]]
    chosen = [node("Where", "is turned small", "chosen"), node("Add", "chosen ahead", "logits")]
    arrays = {"tiny": np.float32(1e-4), "number": [1], "ahead": np.array([2, 1], np.float32)}
    with pytest.raises(CandidateError, match="differs by"):
        run_as_served(package_of([LINEAR, *small, *chosen], **arrays), ROWS)


def test_an_honest_model_differs_by_rounding_alone(package_of):
    said, difference = run_as_served(package_of([LINEAR, node("Identity", "plain", "logits")]), ROWS)
    np.testing.assert_allclose(said.logits, ROWS @ WEIGHT, atol=1e-5)
    assert difference < 1e-6


def honest_in(package_of, precision: str) -> CandidatePackage:
    if precision == "half precision":
        half = [node("Cast", "input", "h", to=TensorProto.FLOAT16), node("MatMul", "h w", "y")]
        return package_of([*half, node("Cast", "y", "logits", to=TensorProto.FLOAT)], w=WEIGHT.astype(np.float16))
    eighth = [
        node("QuantizeLinear", "input step zero", "q"),
        node("DequantizeLinear", "q step zero", "x"),
        node("MatMul", "x w", "y"),
        node("QuantizeLinear", "y step zero", "z"),
    ]
    last = node("DequantizeLinear", "z step zero", "logits")
    return package_of([*eighth, last], step=np.float32(0.04), zero=np.int8(0))


@pytest.mark.parametrize("precision", ["half precision", "eight bits"])
def test_an_honest_model_of_low_precision_is_measured(package_of, precision: str):
    _, difference = run_as_served(honest_in(package_of, precision), ROWS)
    assert difference < 0.02


@pytest.mark.parametrize("batch", [1, 4])
def test_a_fixed_batch_is_tried_in_other_company_at_its_size(package_of, batch: int):
    said, _ = run_as_served(package_of([LINEAR, node("Identity", "plain", "logits")], batch=batch), ROWS)
    np.testing.assert_allclose(said.logits, ROWS @ WEIGHT, atol=1e-5)


def test_a_fixed_batch_hides_no_look_at_the_others(package_of):
    nodes = [LINEAR, node("ReduceMean", "plain", "mean", axes=[0]), node("Sub", "plain mean", "logits")]
    with pytest.raises(CandidateError, match="in another batch, of 4"):
        run_as_served(package_of(nodes, batch=4), ROWS)


def test_too_few_samples_for_a_batch_are_tried_with_repeats(package_of):
    run_as_served(package_of([LINEAR, node("Identity", "plain", "logits")]), ROWS[:1])


LIKE = [node("RandomNormalLike", "plain", "noise"), node("Add", "plain noise", "logits")]
DRAWS = {
    "numbers like others": LIKE,
    "numbers of a seed": [node("RandomUniformLike", "plain", "noise", seed=1.0), node("Add", "plain noise", "logits")],
    "coins": [node("Sigmoid", "plain", "p"), node("Bernoulli", "p", "logits")],
    "classes": [
        node("Multinomial", "plain", "class", sample_size=2),
        node("Cast", "class", "logits", to=TensorProto.FLOAT),
    ],
    "dropout as in training": [helper.make_node("Dropout", ["plain", "ratio", "true"], ["logits"])],
    "statistics as in training": [
        helper.make_node(
            "BatchNormalization", ["plain", "one", "nil", "nil", "one"], ["logits", "m", "v"], training_mode=1
        )
    ],
}


def body_of(nodes: list[onnx.NodeProto]) -> onnx.GraphProto:
    return helper.make_graph(nodes, "body", [], [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)])


@pytest.mark.parametrize("nodes", DRAWS.values(), ids=DRAWS)
def test_what_draws_its_answer_is_refused_before_it_runs(package_of, nodes: list[onnx.NodeProto]):
    pair = {"one": np.ones(2, np.float32), "nil": np.zeros(2, np.float32)}
    with pytest.raises(CandidateError, match=r"draws random numbers|as in training"):
        package_of([LINEAR, *nodes], ratio=np.float32(0.5), true=np.array(True), **pair)


def test_what_draws_its_answer_is_found_within_branches_of_branches(package_of):
    inner = helper.make_node("If", ["true"], ["logits"], then_branch=body_of(LIKE), else_branch=body_of(LIKE))
    outer = helper.make_node("If", ["true"], ["logits"], then_branch=body_of([inner]), else_branch=body_of([inner]))
    with pytest.raises(CandidateError, match="draws random numbers"):
        package_of([LINEAR, outer], true=np.array(True))


@pytest.mark.parametrize("domain", ["com.microsoft", "example.custom"])
def test_an_operator_that_the_runtime_does_not_know_is_refused_by_its_name(package_of, domain: str):
    package = package_of([LINEAR, helper.make_node("Whatever", ["plain"], ["logits"], domain=domain)])
    with pytest.raises(CandidateError, match="Whatever"):
        run_as_served(package, ROWS)


def test_dropout_that_infers_is_let_through(package_of):
    dropout = helper.make_node("Dropout", ["plain", "ratio", "false"], ["logits"])
    run_as_served(package_of([LINEAR, dropout], ratio=np.float32(0.5), false=np.array(False)), ROWS)
