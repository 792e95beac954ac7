"""The linear head of an ONNX graph: found, cut off, replaced, whatever lies before it; importing this imports onnx."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from biasgate.errors import CandidateError
from biasgate.models.onnx.stored import stored_tensors
from biasgate.models.weights import as_float32

TAIL = {"Identity", "Softmax"}
"""Operators that may follow the head: they leave the order of the classes as it is."""
WEIGHT, BIAS = "biasgate.head.weight", "biasgate.head.bias"


@dataclass(frozen=True, eq=False)
class OnnxHead:
    """The last Gemm, or MatMul with or without an Add, of a graph with one output.

    Attributes:
        model: The graph that it is part of.
        nodes: The one or two nodes that it consists of.
        features: Name of the value that it takes.
        weight: ``[classes, features]``.
        bias: ``[classes]``; zeros where the graph adds none.
    """

    model: onnx.ModelProto
    nodes: tuple[onnx.NodeProto, ...]
    features: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def find_head(model: onnx.ModelProto, *, where: str) -> OnnxHead:
    """The linear head that the graph's output comes from.

    Raises:
        CandidateError: The graph has several outputs, or does not end in a linear layer with stored weights; names the
            operator that it ends in.
    """
    if len(model.graph.output) != 1:
        raise CandidateError(f"the graph has {len(model.graph.output)} outputs", where=where, fix="export one output")
    makers = {name: node for node in model.graph.node for name in node.output}
    constants = stored_tensors(model)
    node = makers.get(model.graph.output[0].name)
    while node is not None and node.op_type in TAIL:
        node = makers.get(node.input[0])
    if node is not None and node.op_type == "Gemm":
        return _gemm(model, node, constants, where=where)
    if node is not None and node.op_type == "Add":
        first, second = node.input
        for value, added in ((first, second), (second, first)):
            product = makers.get(value)
            if product is not None and product.op_type == "MatMul" and added in constants:
                bias = _array(added, constants, where=where).reshape(-1)
                return _head(
                    model, (product, node), product.input[0], _weight(product, constants, where).T, bias, where
                )
    if node is not None and node.op_type == "MatMul":
        weight = _weight(node, constants, where).T
        return _head(model, (node,), node.input[0], weight, np.zeros(len(weight), np.float32), where)
    raise CandidateError(
        f"the graph ends in {node.op_type if node else 'no operator'!r}, not in a linear head",
        where=where,
        fix="use a method that trains the whole network, and declare its architecture",
    )


def features_graph(head: OnnxHead) -> onnx.ModelProto:
    """The graph cut off before its head: the same input, the head's features as its only output."""
    cut = onnx.ModelProto()
    cut.CopyFrom(head.model)
    del cut.graph.output[:]
    shape = ["batch", head.weight.shape[1]]
    cut.graph.output.append(helper.make_tensor_value_info(head.features, onnx.TensorProto.FLOAT, shape))
    return cut


def with_onnx_head(head: OnnxHead, weight: NDArray[np.floating], bias: NDArray[np.floating]) -> onnx.ModelProto:
    """The same graph with another head: one Gemm in the place of the old nodes, all else byte for byte as it was."""
    edited = onnx.ModelProto()
    edited.CopyFrom(head.model)
    names = [node.output[0] for node in head.nodes]
    kept = [node for node in edited.graph.node if node.output[0] not in names[:-1]]
    place = next(index for index, node in enumerate(kept) if node.output[0] == names[-1])
    kept[place] = helper.make_node("Gemm", [head.features, WEIGHT, BIAS], [names[-1]], name="biasgate.head", transB=1)
    del edited.graph.node[:]
    edited.graph.node.extend(kept)
    stored = [tensor for tensor in edited.graph.initializer if tensor.name not in (WEIGHT, BIAS)]
    used = {name for node in kept for name in node.input}
    del edited.graph.initializer[:]
    edited.graph.initializer.extend(tensor for tensor in stored if tensor.name in used)
    for name, array in ((WEIGHT, weight), (BIAS, bias)):
        edited.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
    return edited


def _gemm(
    model: onnx.ModelProto, node: onnx.NodeProto, constants: dict[str, onnx.TensorProto], *, where: str
) -> OnnxHead:
    numbers = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    stored = _weight(node, constants, where)
    weight = (stored if numbers.get("transB", 0) else stored.T) * np.float32(numbers.get("alpha", 1.0))
    if numbers.get("transA", 0):
        raise CandidateError("the last Gemm takes its features transposed", where=where, fix="export the model again")
    if len(node.input) < 3 or not node.input[2]:
        bias = np.zeros(len(weight), np.float32)
    else:
        bias = _array(node.input[2], constants, where=where).reshape(-1) * np.float32(numbers.get("beta", 1.0))
    return _head(model, (node,), node.input[0], weight, bias, where)


def _head(
    model: onnx.ModelProto,
    nodes: tuple[onnx.NodeProto, ...],
    features: str,
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    where: str,
) -> OnnxHead:
    """Checked: a head is two or more classes of finite weights on two or more features."""
    if bias.size == 1:
        bias = np.full(len(weight), bias[0], np.float32)
    if min(weight.shape) < 2 or bias.shape != (len(weight),):
        shapes = f"{list(weight.shape)} and {list(bias.shape)}"
        raise CandidateError(f"weights of shape {shapes} are no head", where=where, fix="export the model again")
    return OnnxHead(model, nodes, features, np.ascontiguousarray(weight), bias)


def _weight(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto], where: str) -> NDArray[np.float32]:
    weight = _array(node.input[1], constants, where=where)
    if weight.ndim != 2:
        raise CandidateError(f"the head's weight has {weight.ndim} axes, not two", where=where)
    return weight


def _array(name: str, constants: dict[str, onnx.TensorProto], *, where: str) -> NDArray[np.float32]:
    if name not in constants:
        raise CandidateError(
            f"the head's weights ({name[:80]!r}) are computed, not stored", where=where, fix="export them as constants"
        )
    return as_float32(name, numpy_helper.to_array(constants[name]), where=where)
