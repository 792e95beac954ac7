"""A graph is read as its layers only where it is nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from biasgate.errors import CandidateError
from biasgate.models.architecture import Architecture
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.network import drawn
from biasgate.models.onnx.graph import onnx_graph
from biasgate.models.reading import read_weights

NETWORK = Architecture(
    name="small",
    input=(3, 8, 8),
    layers=(
        Conv(out=4, kernel=3), Norm(), Relu(), Pool(),
        Conv(out=5, kernel=3), Relu(), Flatten(), Dense(out=6), Relu(), Dense(out=3),
    ),
)  # fmt: skip
Change = Callable[["Graph"], None]


class Graph:
    """The network's graph while it is changed."""

    def __init__(self) -> None:
        self.model = onnx_graph(drawn(NETWORK, init="kaiming_normal", seed=3))
        self.nodes = {node.op_type: node for node in self.model.graph.node}

    def store(self, name: str, value: Any, kind: type = np.float32) -> str:
        self.model.graph.initializer.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def put(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:
        node = helper.make_node(operator, inputs, [output], **attributes)
        self.model.graph.node.append(node)
        return node

    def first(self, operator: str, others: list[str], **attributes: Any) -> None:
        """Puts a node between the input and the first layer."""
        node = helper.make_node(operator, ["input", *others], [f"seen{len(self.model.graph.node)}"], **attributes)
        for taker in self.model.graph.node:
            taker.input[:] = [node.output[0] if name == "input" else name for name in taker.input]
        self.model.graph.node.insert(0, node)

    def last(self, operator: str, others: list[str], **attributes: Any) -> None:
        """Puts a node between the last layer and the output."""
        given = f"given{len(self.model.graph.node)}"
        for maker in self.model.graph.node:
            maker.output[:] = [given if name == "logits" else name for name in maker.output]
        self.put(operator, [given, *others], "logits", **attributes)

    def swap(self, operator: str, by: str, others: tuple[str, ...] = (), **attributes: Any) -> None:
        """Puts another operator in the place of the last one of its kind."""
        old = self.nodes[operator]
        new = helper.make_node(by, [old.input[0], *others], list(old.output), **attributes)
        old.CopyFrom(new)

    def by_colour(self) -> str:
        """A rule of whole numbers that sees the mean colour alone; the name of its logits."""
        start = len(self.model.graph.node)
        self.put("ReduceMean", ["input"], "mean", axes=[2, 3], keepdims=0)
        self.put("Cast", [self.store("whole", np.eye(3) * 1000, np.int64)], "rule", to=TensorProto.FLOAT)
        self.put("MatMul", ["mean", "rule"], "colour")
        added = list(self.model.graph.node)[start:]
        del self.model.graph.node[start:]
        for place, node in enumerate(added):
            self.model.graph.node.insert(place, node)
        return "colour"


def zeroed_beside_whole_numbers(graph: Graph) -> None:
    colour = graph.by_colour()
    graph.last("Mul", [graph.store("zero", 0)])
    graph.last("Add", [colour])


def a_mean_beside(graph: Graph) -> None:
    graph.model.graph.node.insert(0, helper.make_node("ReduceMean", ["input"], ["m"], axes=[1, 2, 3], keepdims=0))
    graph.model.graph.node.insert(
        1, helper.make_node("Unsqueeze", ["m", graph.store("one", [1], np.int64)], ["beside"])
    )
    graph.last("Add", ["beside"])


def gated_by_the_batch(graph: Graph) -> None:
    colour = graph.by_colour()
    graph.put("Shape", ["input"], "shape")
    graph.put("Gather", ["shape", graph.store("first", 0, np.int64)], "size")
    graph.put("Cast", ["size"], "gate", to=TensorProto.FLOAT)
    graph.put("Mul", [colour, "gate"], "gated")
    graph.last("Add", ["gated"])


def scaled_by_the_batch(graph: Graph) -> None:
    graph.put("Shape", ["input"], "shape")
    graph.put("Gather", ["shape", graph.store("first", 0, np.int64)], "size")
    graph.put("Cast", ["size"], "gate", to=TensorProto.FLOAT)
    graph.last("Mul", ["gate"])


def replaced_where(graph: Graph) -> None:
    graph.last("Where", [graph.store("never", [False], bool), graph.by_colour()])


def behind_a_cast(graph: Graph) -> None:
    (gemm,) = [node for node in graph.model.graph.node if node.op_type == "Gemm" and "logits" not in node.output][:1]
    stored = {tensor.name: tensor for tensor in graph.model.graph.initializer}[gemm.input[1]]
    half = numpy_helper.from_array(numpy_helper.to_array(stored).astype(np.float16))
    graph.model.graph.node.insert(0, helper.make_node("Constant", [], ["half"], value=half))
    graph.model.graph.node.insert(1, helper.make_node("Cast", ["half"], ["whole"], to=TensorProto.FLOAT))
    gemm.input[1] = "whole"


def given_twice(graph: Graph) -> None:
    graph.model.graph.initializer.append(graph.model.graph.initializer[0])


def two_outputs(graph: Graph) -> None:
    graph.model.graph.output.append(helper.make_tensor_value_info(graph.nodes["Flatten"].output[0], 1, ["b", None]))


def skipped(graph: Graph) -> None:
    graph.put("Identity", ["logits"], "again")
    graph.model.graph.node[-2].input[0] = graph.nodes["Flatten"].output[0]


def dilated(conv: onnx.NodeProto) -> onnx.NodeProto:
    """The convolution of 3×3 pixels with its outer weights in padding nearly everywhere."""
    return helper.make_node("Conv", list(conv.input), list(conv.output), dilations=[6, 6], pads=[5] * 4)


EVASIONS: dict[str, Change] = {
    "zeroed beside whole numbers": zeroed_beside_whole_numbers,
    "a mean beside": a_mean_beside,
    "gated by the batch": gated_by_the_batch,
    "scaled by the batch": scaled_by_the_batch,
    "replaced where": replaced_where,
    "behind a cast": behind_a_cast,
    "given twice": given_twice,
    "two outputs": two_outputs,
    "a layer skipped": skipped,
    "weights that meet padding": lambda graph: graph.model.graph.node[0].CopyFrom(dilated(graph.model.graph.node[0])),
    "normalised by the batch": lambda graph: graph.nodes["BatchNormalization"].output.extend(["mean", "variance"]),
    "a mean over padding": lambda graph: graph.swap(
        "MaxPool", "AveragePool", kernel_shape=[8, 8], strides=[4, 4], pads=[5] * 4, count_include_pad=1
    ),
    "outputs scaled": lambda graph: graph.last("Mul", [graph.store("s", 1e-3)]),
    "outputs turned over": lambda graph: graph.last("Sub", [graph.store("s", 0)]),
    "outputs clipped": lambda graph: graph.last("Clip", [graph.store("low", -1), graph.store("high", 1)]),
    "outputs clipped by a minimum": lambda graph: graph.last("Min", [graph.store("most", 1)]),
    "outputs by a condition": lambda graph: graph.last("Where", [graph.store("never", [False], bool), "logits"]),
    "a softmax over the batch": lambda graph: graph.last("Softmax", [], axis=0),
    "a channel scaled": lambda graph: graph.first("Mul", [graph.store("s", [[[1]], [[1]], [[1e4]]])]),
    "a channel moved": lambda graph: graph.first("Add", [graph.store("s", [[[0]], [[3]], [[0]]])]),
    "all but the batch flattened away": lambda graph: graph.swap("Flatten", "Flatten", axis=0),
    "whole numbers only": lambda graph: graph.first("Cast", [], to=TensorProto.INT32),
    "pixels weighed": lambda graph: graph.first("Mul", [graph.store("s", np.ones((8, 8)))]),
    "input cut anew": lambda graph: graph.first("Reshape", [graph.store("to", [-1, 3, 8, 8], np.int64)]),
    "input turned": lambda graph: graph.first("Transpose", [], perm=[0, 1, 3, 2]),
    "a rectifier left out": lambda graph: graph.swap("Relu", "Identity"),
    "another function": lambda graph: graph.swap("Relu", "Tanh"),
    "values scaled between": lambda graph: graph.swap("Relu", "Mul", (graph.store("s", 2),)),
    "the image with channels last": lambda graph: graph.swap("Flatten", "Transpose", perm=[0, 2, 3, 1]),
}


def normalised(graph: Graph) -> None:
    graph.first("Div", [graph.store("sd", np.reshape([0.229, 0.224, 0.225], (1, 3, 1, 1)))])
    graph.first("Sub", [graph.store("mean", np.reshape([0.485, 0.456, 0.406], (3, 1, 1)))])
    graph.first("Div", [graph.store("most", 255)])


def flattened_by_its_size(graph: Graph) -> None:
    image = graph.nodes["Flatten"].input[0]
    place = list(graph.model.graph.node).index(graph.nodes["Flatten"])
    rest = graph.store("rest", [-1], np.int64)
    for node in (
        helper.make_node("Concat", ["length", rest], ["to"], axis=0),
        helper.make_node("Unsqueeze", ["batch", graph.store("axis", [0], np.int64)], ["length"]),
        helper.make_node("Gather", ["shape", graph.store("zero", 0, np.int64)], ["batch"]),
        helper.make_node("Shape", [image], ["shape"]),
    ):
        graph.model.graph.node.insert(place, node)
    graph.swap("Flatten", "Reshape", ("to",))


def turned_where_each_channel_is_one_pixel(graph: Graph) -> None:
    flatten = graph.nodes["Flatten"]
    place = list(graph.model.graph.node).index(flatten)
    graph.model.graph.node.insert(
        place, helper.make_node("Transpose", [flatten.input[0]], ["turned"], perm=[0, 2, 3, 1])
    )
    graph.nodes["Flatten"].input[0] = "turned"


PLAIN: dict[str, Change] = {
    "channels last where each is one pixel": turned_where_each_channel_is_one_pixel,
    "as exported": lambda graph: None,
    "normalised": normalised,
    "flattened by its size": flattened_by_its_size,
    "flattened to a stored size": lambda graph: graph.swap(
        "Flatten", "Reshape", (graph.store("to", [-1, 5], np.int64),)
    ),
    "channels last": lambda graph: graph.first("Transpose", [], perm=[0, 3, 1, 2]),
    "whole numbers of the input": lambda graph: graph.first("Cast", [], to=TensorProto.FLOAT),
    "probabilities": lambda graph: graph.last("Softmax", [], axis=1),
    "half precision at the end": lambda graph: graph.last("Cast", [], to=TensorProto.FLOAT16),
}


def reason(graph: Graph, folder: Path) -> str:
    """Why the file is not read, or what its weights leave unexplained."""
    file = folder / "model.onnx"
    file.write_bytes(graph.model.SerializeToString())
    try:
        return read_weights(file).unexplained
    except CandidateError as error:
        return str(error)


@pytest.mark.parametrize("kind", EVASIONS)
def test_what_a_graph_does_beside_its_layers_is_said(kind: str, tmp_path: Path) -> None:
    graph = Graph()
    EVASIONS[kind](graph)
    assert reason(graph, tmp_path)


@pytest.mark.parametrize("kind", PLAIN)
def test_a_chain_as_people_export_it_is_explained_by_its_layers(kind: str, tmp_path: Path) -> None:
    graph = Graph()
    PLAIN[kind](graph)
    assert reason(graph, tmp_path) == ""


def test_named_tensors_have_no_graph_that_could_say_otherwise(tmp_path: Path) -> None:
    state = drawn(NETWORK, init="torch", seed=1).state_dict()
    torch.save(state, tmp_path / "model.pt")
    assert read_weights(tmp_path / "model.pt").unexplained == ""
