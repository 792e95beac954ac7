"""The linear head of an ONNX graph: found, cut off, replaced, whatever lies before it; importing this imports onnx."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from biasgate.errors import CandidateError
from biasgate.models.onnx.stored import array_of, stored_tensors
from biasgate.models.weights import as_float32

TAIL = {"Cast", "Identity", "LogSoftmax", "Normalizer", "Softmax"}
"""Operators that may follow the head: they leave the order of the classes as it is."""
WEIGHT, BIAS, FEATURES = "biasgate.head.weight", "biasgate.head.bias", "biasgate.head.features"


@dataclass(frozen=True, eq=False)
class OnnxHead:
    """The last Gemm, MatMul with or without an Add, or linear classifier of scikit-learn, of a graph with one output.

    Attributes:
        model: The graph that it is part of.
        nodes: The one or two nodes that it consists of.
        features: Name of the value that it takes.
        weight: ``[classes, features]``.
        bias: ``[classes]``; zeros where the graph adds none.
        gives: Name of the value that it gives.
        probable: Whether that value is probabilities, by a softmax of its own.
    """

    model: onnx.ModelProto
    nodes: tuple[onnx.NodeProto, ...]
    features: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    gives: str
    probable: bool = False


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
    if node is not None and node.op_type == "LinearClassifier":
        return _classifier(model, node, where=where)
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
        fix="use a method that needs none (`biasgate repair-methods` says what each needs)",
    )


def features_graph(head: OnnxHead) -> onnx.ModelProto:
    """The graph cut off before its head: the same input, the head's features as its only output."""
    cut = onnx.ModelProto()
    cut.CopyFrom(head.model)
    cut.graph.node.append(_features(head))
    del cut.graph.output[:]
    shape = ["batch", head.weight.shape[1]]
    cut.graph.output.append(helper.make_tensor_value_info(FEATURES, onnx.TensorProto.FLOAT, shape))
    return cut


def with_onnx_head(head: OnnxHead, weight: NDArray[np.floating], bias: NDArray[np.floating]) -> onnx.ModelProto:
    """The same graph with another head: one Gemm in the place of the old nodes, all else byte for byte as it was."""
    edited = onnx.ModelProto()
    edited.CopyFrom(head.model)
    old = {name for node in head.nodes for name in node.output}
    place = next(index for index, node in enumerate(edited.graph.node) if head.gives in node.output)
    logits = f"{FEATURES}.logits" if head.probable else head.gives
    new = [
        _features(head),
        helper.make_node("Gemm", [FEATURES, WEIGHT, BIAS], [logits], name="biasgate.head", transB=1),
    ]
    if head.probable:
        new.append(helper.make_node("Softmax", [logits], [head.gives], name="biasgate.head.softmax", axis=1))
    nodes = list(edited.graph.node)
    kept = needed([*nodes[:place], *new, *nodes[place + 1 :]], [output.name for output in edited.graph.output])
    kept = [node for node in kept if node in new or not old.intersection(node.output)]
    del edited.graph.node[:]
    edited.graph.node.extend(kept)
    stored = [tensor for tensor in edited.graph.initializer if tensor.name not in (WEIGHT, BIAS)]
    used = {name for node in kept for name in node.input}
    del edited.graph.initializer[:]
    edited.graph.initializer.extend(tensor for tensor in stored if tensor.name in used)
    for name, array in ((WEIGHT, weight), (BIAS, bias)):
        edited.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
    return edited


def needed(nodes: Sequence[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """The nodes that outputs depend on, in order."""
    wanted, kept = set(outputs), list[onnx.NodeProto]()
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]


def _features(head: OnnxHead) -> onnx.NodeProto:
    """What the head takes, in single precision whatever the graph computes in."""
    return helper.make_node("Cast", [head.features], [FEATURES], name=FEATURES, to=onnx.TensorProto.FLOAT)


def _classifier(model: onnx.ModelProto, node: onnx.NodeProto, *, where: str) -> OnnxHead:
    """A linear classifier whose scores are a softmax; of two classes, σ(−s) and σ(s) are that of (−s / 2, s / 2)."""
    said = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    bias = np.array(said.get("intercepts", []), np.float32)
    weight = np.array(said.get("coefficients", []), np.float32).reshape(max(1, len(bias)), -1)
    mirrored = len(bias) == 2 and np.array_equal(weight[0], -weight[1]) and bias[0] == -bias[1]
    match said.get("post_transform", b"NONE"):
        case b"SOFTMAX":
            pass
        case b"LOGISTIC" if mirrored:
            weight, bias = weight * np.float32(0.5), bias * np.float32(0.5)
        case other:
            raise CandidateError(
                f"the scores of its linear classifier go through {other.decode(errors='replace')[:40]}, not a softmax",
                where=where,
                fix="export a model whose classes are told apart by one softmax (multinomial logistic regression)",
            )
    return replace(_head(model, (node,), node.input[0], weight, bias, where), gives=node.output[1], probable=True)


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
    return OnnxHead(model, nodes, features, np.ascontiguousarray(weight), bias, nodes[-1].output[0])


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
    return as_float32(name, array_of(constants[name], where=where), where=where)
