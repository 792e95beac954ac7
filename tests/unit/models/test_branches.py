"""Networks whose branches are summed: what each layer takes is told alike by a declaration and by a graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from biasgate.models.architecture import Architecture
from biasgate.models.flow import Flow
from biasgate.models.layers.attention import Attention
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.layers.residual import Residual
from biasgate.models.network import drawn
from biasgate.models.onnx.graph import onnx_graph
from biasgate.models.reading import read_weights
from biasgate.models.wiring import wiring_of

STEM, HEAD = (Conv(out=4, kernel=3), Norm(), Relu()), (Pool(how="global"), Flatten(), Dense(out=3))
SAME = Residual(body=(Conv(out=4, kernel=3, padding=1), Norm(), Relu(), Conv(out=4, kernel=3, padding=1), Norm()))
WIDER = Residual(body=(Conv(out=6, kernel=3, stride=2, padding=1), Norm()))
DEPTHWISE = (Conv(out=4, kernel=3, padding=1, groups=4), Norm(), Relu(), Conv(out=5, kernel=1), Norm(), Relu())
ATTENDING = Residual(body=(Attention(out=4, heads=2), Conv(out=4, kernel=1), Norm()))


def network(*layers: object) -> Architecture:
    return Architecture.build({"name": "small", "input": (3, 8, 8), "layers": (*STEM, *layers, *HEAD)}, where="test")


RESIDUAL = network(SAME, Relu(), WIDER, Relu())
Change = Callable[[onnx.ModelProto], None]


def words(architecture: Architecture) -> list[str]:
    return [flow.words for flow in wiring_of(architecture)]


def test_a_layer_behind_a_sum_takes_both_branches() -> None:
    assert words(RESIDUAL) == [
        "sample", "relu(1)", "relu(2)", "relu(3+relu(1))", "relu(3+relu(1))", "relu(4+5)"
    ]  # fmt: skip
    assert [flow.sources for flow in wiring_of(RESIDUAL)] == [(), (0,), (1,), (0, 2), (0, 2), (3, 4)]


def test_keys_and_queries_weigh_values_and_lie_on_no_path() -> None:
    found = wiring_of(network(ATTENDING, Relu()))
    assert [flow.words for flow in found[1:]] == ["relu(1)"] * 3 + ["attention(2·3; 4)", "relu(5+relu(1))"]
    assert [flow.sources for flow in found[4:]] == [(3,), (0, 4)]


@pytest.mark.parametrize("layers", [(), DEPTHWISE], ids=["plain", "depthwise"])
def test_layers_in_a_row_need_no_wiring(layers: tuple[object, ...]) -> None:
    assert wiring_of(network(*layers)) == ()


def read(architecture: Architecture, folder: Path, change: Change = lambda _: None) -> tuple[list[str], str]:
    """What the layers of a graph take in words, and what they leave unexplained."""
    model = onnx_graph(drawn(architecture, init="kaiming_normal", seed=1))
    change(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    weights = read_weights(folder / "model.onnx")
    return [flow.words for flow in weights.wiring or ()], weights.unexplained


@pytest.mark.parametrize("layers", [(SAME, Relu()), (SAME, Relu(), WIDER, Relu()), (SAME, Pool())], ids=str)
def test_a_graph_tells_what_its_declaration_tells(layers: tuple[object, ...], tmp_path: Path) -> None:
    assert read(network(*layers), tmp_path) == (words(network(*layers)), "")


def test_a_depthwise_graph_is_a_plain_chain(tmp_path: Path) -> None:
    assert read(network(*DEPTHWISE), tmp_path) == ([], "")


def test_sums_count_alike_whichever_branch_is_written_first(tmp_path: Path) -> None:
    def turned(model: onnx.ModelProto) -> None:
        for node in model.graph.node:
            if node.op_type == "Add":
                node.input[:] = list(node.input)[::-1]

    assert read(RESIDUAL, tmp_path, turned) == (words(RESIDUAL), "")


def put_last(model: onnx.ModelProto, operator: str, others: list[str], **attributes: Any) -> None:
    model.graph.node[-1].output[0] = "given"
    model.graph.node.append(helper.make_node(operator, ["given", *others], ["logits"], **attributes))


def stored(model: onnx.ModelProto, name: str, value: object) -> str:
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
    return name


def swapped(model: onnx.ModelProto, old: str, new: str, others: tuple[str, ...] = (), **attributes: Any) -> None:
    """Puts another operator in the place of the last one of its kind."""
    node = [node for node in model.graph.node if node.op_type == old][-1]
    node.CopyFrom(helper.make_node(new, [node.input[0], *others], list(node.output), **attributes))


def a_colour_beside(model: onnx.ModelProto) -> None:
    model.graph.node.insert(0, helper.make_node("GlobalAveragePool", ["input"], ["mean"]))
    model.graph.node.insert(1, helper.make_node("Flatten", ["mean"], ["beside"]))
    put_last(model, "Add", ["beside"])


def a_rule_of_computed_weights(model: onnx.ModelProto) -> None:
    whole = helper.make_node("Constant", [], ["whole"], value=numpy_helper.from_array(np.eye(3, dtype=np.int64)))
    cast = helper.make_node("Cast", ["whole"], ["rule"], to=TensorProto.FLOAT)
    pool = helper.make_node("GlobalAveragePool", ["input"], ["mean"])
    flat, product = helper.make_node("Flatten", ["mean"], ["m"]), helper.make_node("MatMul", ["m", "rule"], ["beside"])
    for place, node in enumerate((whole, cast, pool, flat, product)):
        model.graph.node.insert(place, node)
    put_last(model, "Add", ["beside"])


def the_input_pooled(model: onnx.ModelProto) -> None:
    model.graph.node[0].input[0] = "pooled"
    model.graph.node.insert(0, helper.make_node("MaxPool", ["input"], ["pooled"], kernel_shape=[1, 1]))


def a_sum(model: onnx.ModelProto) -> tuple[int, onnx.NodeProto]:
    """The first sum of two branches, and its place."""
    return next((place, node) for place, node in enumerate(model.graph.node) if node.op_type == "Add")


def before_a_sum(operator: str, **attributes: Any) -> Change:
    def change(model: onnx.ModelProto) -> None:
        place, node = a_sum(model)
        model.graph.node.insert(place, helper.make_node(operator, [node.input[0]], ["branch"], **attributes))
        model.graph.node[place + 1].input[0] = "branch"

    return change


def with_windows(*windows: dict[str, Any]) -> Change:
    """Gives the two convolutions within the first block other attributes."""

    def change(model: onnx.ModelProto) -> None:
        nodes = [node for node in model.graph.node if node.op_type == "Conv"][1:3]
        for node, window in zip(nodes, windows, strict=True):
            kept = [attribute for attribute in node.attribute if attribute.name not in {*window, "pads"}]
            del node.attribute[:]
            node.attribute.extend([*kept, *(helper.make_attribute(*pair) for pair in window.items())])

    return change


def sizes_left_open(model: onnx.ModelProto) -> None:
    for side, name in zip(model.graph.input[0].type.tensor_type.shape.dim[2:], "hw", strict=True):
        side.dim_param = name


def a_place_chosen_by_a_dense_layer(model: onnx.ModelProto) -> None:
    """The last layer weighs columns instead of channels, of which there are as many."""
    pool = model.graph.node[-4]
    stored(model, "columns", np.ones((3, 3)))
    del model.graph.node[-4:]
    for node in (
        helper.make_node("MatMul", [pool.input[0], "columns"], ["seen"]),
        helper.make_node("GlobalAveragePool", ["seen"], pool.output),
        helper.make_node("Flatten", pool.output, ["logits"]),
    ):
        model.graph.node.append(node)


def channels_pooled(model: onnx.ModelProto) -> None:
    place = next(place for place, node in enumerate(model.graph.node) if node.op_type == "Flatten")
    flatten = model.graph.node[place]
    model.graph.initializer.append(numpy_helper.from_array(np.array([0, 1, 6, 1]), "side by side"))
    model.graph.initializer.append(numpy_helper.from_array(np.array([0, 6]), "flat"))
    nodes = (
        helper.make_node("Reshape", [flatten.input[0], "side by side"], ["beside"]),
        helper.make_node("MaxPool", ["beside"], ["largest"], kernel_shape=[3, 1], pads=[1, 0, 1, 0]),
        helper.make_node("Reshape", ["largest", "flat"], list(flatten.output)),
    )
    model.graph.node.remove(flatten)
    for node in reversed(nodes):
        model.graph.node.insert(place, node)


def summed_again_and_again(model: onnx.ModelProto) -> None:
    place, node = a_sum(model)
    last = node.output[0]
    node.output[0] = "sum0"
    for time in range(1, 60):
        given = last if time == 59 else f"sum{time}"
        model.graph.node.insert(place + time, helper.make_node("Add", [f"sum{time - 1}"] * 2, [given]))


def whole_numbers_for_a_size(model: onnx.ModelProto) -> None:
    swapped(model, "Flatten", "Reshape", ("to",))
    model.graph.node.insert(0, helper.make_node("Constant", [], ["to"], value_ints=[0, 6]))


def ended_twice(model: onnx.ModelProto) -> None:
    put_last(model, "Softmax", [], axis=1)
    model.graph.node[-1].output[0] = "probabilities"
    model.graph.node.append(helper.make_node("Softmax", ["probabilities"], ["logits"], axis=1))


EVASIONS: dict[str, Change] = {
    "a branch spread over places": before_a_sum("GlobalAveragePool"),
    "a branch scaled by padding": before_a_sum(
        "AveragePool", kernel_shape=[5, 5], pads=[2, 2, 2, 2], count_include_pad=1
    ),
    "a branch scaled by a window beyond the edge": before_a_sum(
        "AveragePool", kernel_shape=[99, 99], strides=[99, 99], ceil_mode=1, count_include_pad=1
    ),
    "weights that meet padding": with_windows(*[{"dilations": [5, 5], "pads": [5] * 4}] * 2),
    "places that meet padding": with_windows({"pads": [4, 4, 0, 0]}, {"pads": [0] * 4}),
    "windows of three axes": with_windows(*[{"strides": [1] * 3, "pads": [1] * 4}] * 2),
    "pads of one side": with_windows(*[{"pads": [1]}] * 2),
    "an image of a size that is left open": sizes_left_open,
    "a place chosen by a dense layer": a_place_chosen_by_a_dense_layer,
    "channels pooled": channels_pooled,
    "summed again and again": summed_again_and_again,
    "whole numbers for a size": whole_numbers_for_a_size,
    "ended twice": ended_twice,
    "a colour beside": a_colour_beside,
    "a rule of computed weights": a_rule_of_computed_weights,
    "the input pooled": the_input_pooled,
    "outputs scaled": lambda model: put_last(model, "Mul", [stored(model, "s", 1e-3)]),
    "outputs doubled": lambda model: put_last(model, "Add", ["given"]),
    "a softmax in the middle": lambda model: swapped(model, "Relu", "Softmax", axis=1),
    "another function": lambda model: swapped(model, "Relu", "Tanh"),
    "a branch scaled": lambda model: swapped(model, "Add", "Mul", (stored(model, "s", 0.0),)),
    "branches multiplied": lambda model: next(n for n in model.graph.node if n.op_type == "Add").MergeFrom(
        onnx.NodeProto(op_type="Mul")
    ),
}


@pytest.mark.parametrize("kind", EVASIONS)
def test_what_else_a_graph_with_branches_does_is_said(kind: str, tmp_path: Path) -> None:
    wiring, unexplained = read(RESIDUAL, tmp_path, EVASIONS[kind])
    assert unexplained
    assert wiring == []


KEPT: dict[str, Change] = {
    "padded as other exporters say it": with_windows(*[{"auto_pad": "SAME_UPPER"}] * 2),
    "a mean within the image": before_a_sum("AveragePool", kernel_shape=[1, 1], count_include_pad=1),
    "probabilities": lambda model: put_last(model, "Softmax", [], axis=1),
}


@pytest.mark.parametrize("kind", ["another function", "a colour beside", "a branch spread over places"])
def test_the_node_that_is_no_part_is_named(kind: str, tmp_path: Path) -> None:
    operator = {"another function": "Tanh", "a colour beside": "GlobalAveragePool"}.get(kind, "Add")
    assert f"({operator!r})" in read(RESIDUAL, tmp_path, EVASIONS[kind])[1]


@pytest.mark.parametrize("kind", KEPT)
def test_the_same_network_said_otherwise_is_read_alike(kind: str, tmp_path: Path) -> None:
    assert read(RESIDUAL, tmp_path, KEPT[kind]) == (words(RESIDUAL), "")


def test_a_second_rectifier_changes_no_value_in_words() -> None:
    both = (Flow.of(2) + Flow.of(0).rectified()).rectified()
    assert both.words == "relu(3+relu(1))"
    assert both.rectified() == both
    assert (Flow.of(0).rectified() + Flow.of(1).rectified()).rectified().words == "relu(relu(1)+relu(2))"


@pytest.mark.parametrize("kind", ["a rectifier left out", "a branch left out"])
def test_another_network_of_the_same_layers_takes_other_things(kind: str, tmp_path: Path) -> None:
    change: dict[str, Change] = {
        "a rectifier left out": lambda model: swapped(model, "Relu", "Identity"),
        "a branch left out": lambda model: next(n for n in model.graph.node if n.op_type == "Add").input.__setitem__(
            1, next(n for n in model.graph.node if n.op_type == "Add").input[0]
        ),
    }
    wiring, _ = read(RESIDUAL, tmp_path, change[kind])
    assert wiring != words(RESIDUAL)


def test_attention_in_a_graph_is_not_read_as_a_chain(tmp_path: Path) -> None:
    wiring, unexplained = read(network(ATTENDING, Relu()), tmp_path)
    assert wiring == []
    assert "node 'layers.3.body.0" in unexplained


def test_named_tensors_alone_tell_no_wiring(tmp_path: Path) -> None:
    state = drawn(RESIDUAL, init="torch", seed=1).state_dict()
    save_file({name: value.numpy() for name, value in state.items()}, tmp_path / "m.safetensors")
    assert read_weights(tmp_path / "m.safetensors").wiring is None
