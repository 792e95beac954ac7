"""Graphs as exporters write them: other types of numbers, several inputs and outputs, versions and layouts."""

from typing import Any

import numpy as np
import onnx
import pytest
from candidates import import_model
from onnx import TensorProto, helper, numpy_helper

from biasgate.errors import BiasgateError, CandidateError
from biasgate.models.as_served import run_as_served
from biasgate.models.card import InputContract

ROWS = (np.random.default_rng(0).integers(-9, 9, (60, 2)) / 2).astype(np.float32)
WEIGHT = np.array([[-3, 0], [3, 0]], np.float32)
LOGITS = ROWS @ WEIGHT.T
PROBABILITIES = 1 / (1 + np.exp(LOGITS[:, ::-1] - LOGITS))
GEMM = helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)
SOFTMAX = helper.make_node("Softmax", ["y"], ["probabilities"], axis=1)
SOFTMAX_Z = helper.make_node("Softmax", ["z"], ["probabilities"], axis=1)
LABEL = helper.make_node("ArgMax", ["y"], ["label"], axis=1, keepdims=0)
SIGMOID = helper.make_node("Sigmoid", ["y"], ["p"])
ML = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]


def port(name: str, kind: int, shape: list[Any] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


X, Y = port("x", TensorProto.FLOAT, ["n", 2]), port("y", TensorProto.FLOAT, ["n", 2])


@pytest.fixture
def said(card_of, tmp_path):
    """What a graph says of the rows, as its card declares it."""

    def answer(
        nodes, inputs=(X,), outputs=(Y,), *, weight=WEIGHT, card=(), columns=None, beside=False, **model
    ) -> np.ndarray:
        graph = helper.make_graph(nodes, "g", list(inputs), list(outputs), [numpy_helper.from_array(weight, "w")])
        versions = {"opset_imports": ML, "ir_version": 9, **model}
        folder = tmp_path / "submitted"
        folder.mkdir()
        place = {"save_as_external_data": True, "location": "model.onnx.data", "size_threshold": 0} if beside else {}
        onnx.save(helper.make_model(graph, **versions), folder / "model.onnx", **place)
        contract = InputContract(shape=(2,), layout="rows")
        fields = {"classes": ("no", "yes"), "input": contract, **dict(card)}
        (folder / "card.json").write_bytes(card_of(**fields).to_json())
        package = import_model(folder, tmp_path / "package")
        return run_as_served(package, ROWS, columns=columns)[0].logits

    return answer


PROBABLE = {"output": "probabilities"}


@pytest.mark.parametrize("kind", ["float16", "float64"])
def test_other_floats_are_fed_and_read(said, kind: str):
    number = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    found = said([GEMM], [port("x", number, ["n", 2])], [port("y", number, ["n", 2])], weight=WEIGHT.astype(kind))
    np.testing.assert_allclose(found, LOGITS, atol=1e-2)


def test_whole_numbers_are_fed_where_they_are_whole_and_refused_where_not(said):
    whole = [helper.make_node("Cast", ["i"], ["x"], to=TensorProto.FLOAT), GEMM]
    with pytest.raises(BiasgateError, match="takes int64, and the data has values that are none"):
        said(whole, [port("i", TensorProto.INT64, ["n", 2])])


def test_probabilities_beside_labels_are_found_by_what_they_are(said):
    outputs = [port("label", TensorProto.INT64, ["n"]), port("probabilities", TensorProto.FLOAT, ["n", 2])]
    found = said([GEMM, SOFTMAX, LABEL], outputs=outputs, card=PROBABLE)
    np.testing.assert_allclose(found, PROBABILITIES, atol=1e-6)


def test_probabilities_that_rounding_left_a_little_below_zero_are_zero(said):
    less = helper.make_node("Sub", ["probabilities", "little"], ["y"])
    little = helper.make_node("Constant", [], ["little"], value_float=3e-7)
    found = said([helper.make_node("Gemm", ["x", "w"], ["z"], transB=1), SOFTMAX_Z, little, less], card=PROBABLE)
    np.testing.assert_allclose(found, PROBABILITIES, atol=1e-6)
    assert found.min() == 0


@pytest.mark.parametrize("names", [{"classlabels_int64s": [0, 1]}, {"classlabels_strings": ["yes", "no"]}])
def test_dictionaries_are_read_by_the_names_of_classes_or_their_numbers(said, names):
    zipped = helper.make_node("ZipMap", ["probabilities"], ["maps"], domain="ai.onnx.ml", **names)
    key = TensorProto.INT64 if "classlabels_int64s" in names else TensorProto.STRING
    value = helper.make_map_type_proto(key, helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    outputs = [
        port("label", TensorProto.INT64, ["n"]),
        helper.make_value_info("maps", helper.make_sequence_type_proto(value)),
    ]
    found = said([GEMM, SOFTMAX, LABEL, zipped], outputs=outputs, card=PROBABLE)
    expected = PROBABILITIES if key == TensorProto.INT64 else PROBABILITIES[:, ::-1]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("shape", [["n", 1], ["n"]])
def test_one_number_stands_for_the_second_of_two_classes(said, shape: list[Any]):
    flat = [SIGMOID] if len(shape) == 2 else [SIGMOID, helper.make_node("Squeeze", ["p"], ["flat"])]
    outputs = [port("p" if len(shape) == 2 else "flat", TensorProto.FLOAT, shape)]
    found = said([GEMM, *flat], outputs=outputs, weight=WEIGHT[1:], card={**PROBABLE, "task": "binary"})
    second = 1 / (1 + np.exp(-LOGITS[:, 1]))
    np.testing.assert_allclose(found, np.stack([1 - second, second], axis=1), atol=1e-6)


def test_inputs_are_columns_of_the_table_by_their_names(said):
    codes = {"keys_strings": ["cook"], "values_floats": [1.0], "default_float": 0.0}
    chosen = [
        helper.make_node("LabelEncoder", ["job"], ["v"], domain="ai.onnx.ml", **codes),
        helper.make_node("Cast", ["u"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["f", "v"], ["x"], axis=1),
        GEMM,
    ]
    inputs = [port("job", TensorProto.STRING, ["n", 1]), port("u", TensorProto.DOUBLE, ["n", 1])]
    jobs = np.array(["cook", "nurse", "smith"])[np.arange(60) % 3]
    weight = np.array([[1, 0], [0, 1]], np.float32)
    found = said(chosen, inputs, columns={"u": ROWS[:, 0], "job": jobs}, weight=weight)
    np.testing.assert_allclose(found, np.stack([ROWS[:, 0], jobs == "cook"], axis=1))


def test_inputs_that_the_table_lacks_are_named_with_what_it_has(said):
    concat = helper.make_node("Concat", ["u", "other"], ["x"], axis=1)
    inputs = [port(name, TensorProto.FLOAT, ["n", 1]) for name in ("u", "other")]
    with pytest.raises(CandidateError, match=r"no column for 'other'.*as the data's columns \(u, v\)"):
        said([concat, GEMM], inputs, columns={"u": ROWS[:, 0], "v": ROWS[:, 1]})


def test_weights_beside_the_graph_are_packed_into_it(said):
    np.testing.assert_allclose(said([GEMM], beside=True), LOGITS)


REFUSED = {
    "labels alone": (
        {"nodes": [GEMM, LABEL], "outputs": [port("label", TensorProto.INT64, ["n"])]},
        "no output can be",
    ),
    "a newer IR": ({"nodes": [GEMM], "ir_version": 99}, r"IR version 99, ONNX Runtime reads up to \d+"),
    "a newer opset": ({"nodes": [GEMM], "opset_imports": [helper.make_opsetid("", 99)]}, r"opset 99, .* up to \d+"),
    "probabilities that are logits": ({"nodes": [GEMM], "card": PROBABLE}, "outputs reach from"),
    "logits that are probabilities": (
        {"nodes": [GEMM, SOFTMAX], "outputs": [port("probabilities", TensorProto.FLOAT, ["n", 2])]},
        "look like probabilities",
    ),
    "an operator that nobody has": (
        {"nodes": [helper.make_node("Gemn", ["x", "w"], ["y"])]},
        "ONNX Runtime has no operator Gemn: export",
    ),
    "an operator that its library does not have": (
        {"nodes": [helper.make_node("Gemn", ["x", "w"], ["y"], domain="com.microsoft")]},
        "ONNX Runtime has no operator com.microsoft:Gemn: export",
    ),
    "an operator of another runtime": (
        {
            "nodes": [helper.make_node("Gemm", ["x", "w"], ["y"], domain="com.acme")],
            "opset_imports": [*ML, helper.make_opsetid("com.acme", 1)],
        },
        "ONNX Runtime has no operator com.acme:Gemm: export",
    ),
    "another width": ({"nodes": [GEMM], "inputs": [port("x", TensorProto.FLOAT, ["n", 5])]}, r"\[\?, 5\].*'batch', 2"),
}


@pytest.mark.parametrize(("made", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_said_with_what_was_found(said, made: dict[str, Any], sentence: str):
    with pytest.raises(CandidateError, match=sentence):
        said(**made)


@pytest.mark.parametrize(("layout", "shape", "other"), [("NCHW", (3, 4, 4), "NHWC"), ("NHWC", (4, 4, 3), "NCHW")])
def test_axes_that_are_free_and_images_that_lie_otherwise_end_in_the_card_that_may_fit(
    card_of, tmp_path, layout: Any, shape: tuple[int, ...], other: str
):
    last = [helper.make_node("GlobalAveragePool", ["t"], ["p"]), helper.make_node("Flatten", ["p"], ["q"])]
    turn = helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2] if other == "NHWC" else [0, 1, 2, 3])
    nodes = [turn, *last, helper.make_node("Gemm", ["q", "w"], ["y"], transB=1)]
    weight = numpy_helper.from_array(np.ones((2, 3), np.float32), "w")
    graph = helper.make_graph(nodes, "g", [port("x", TensorProto.FLOAT, ["n", "a", "b", "c"])], [Y], [weight])
    onnx.save(helper.make_model(graph, opset_imports=ML, ir_version=9), tmp_path / "model.onnx")
    card = card_of(classes=("no", "yes"), input=InputContract(shape=shape, layout=layout))
    (tmp_path / "card.json").write_bytes(card.to_json())
    package = import_model(tmp_path, tmp_path / "package")
    turned = list(shape[1:] + shape[:1] if layout == "NCHW" else shape[-1:] + shape[:-1])
    with pytest.raises(CandidateError) as refused:
        run_as_served(package, np.zeros((30, 4, 4, 3), np.uint8))
    assert f"say in the card: layout {other}, shape {turned}" in str(refused.value)
