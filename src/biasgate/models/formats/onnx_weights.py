"""Weights out of an ONNX graph, without running it; importing this module imports onnx."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from biasgate.errors import CandidateError
from biasgate.models.formats.onnx_file import load_onnx_files
from biasgate.models.weights import LayerWeights, as_float32, fold, layer

WEIGHTLESS = {
    "Add", "AveragePool", "Cast", "Clip", "Concat", "Constant", "Div", "Dropout", "Elu", "Erf", "Exp", "Expand",
    "Flatten", "Gather", "Gelu", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity",
    "LeakyRelu", "LogSoftmax", "MaxPool", "Mish", "Mul", "Pad", "Pow", "ReduceMean", "Relu", "Reshape", "Selu",
    "Shape", "Sigmoid", "Slice", "Softmax", "Softplus", "Sqrt", "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze",
}  # fmt: skip
"""Operators that may lie between the layers; they may take integers and single numbers, but no arrays of weights."""

_INTEGERS = {onnx.TensorProto.INT8, onnx.TensorProto.INT32, onnx.TensorProto.INT64, onnx.TensorProto.BOOL}


def read_onnx(path: Path) -> tuple[tuple[LayerWeights, ...], tuple[Path, ...]]:
    """Every Conv, Gemm and MatMul (+ Add) that the outputs depend on, in graph order.

    BatchNormalization is folded into the convolution before it. Arrays in Add, Sub, Mul and Div are let through before
    the first layer only, where they normalise the input.

    Returns:
        The layers, and the files beside this one that hold some of its tensors.

    Raises:
        CandidateError: The graph is outside what is read here (another operator with weights, control flow, grouped or
            non-2-D convolutions, weights that are computed), or a tensor is broken; names the node.
    """
    model, beside = load_onnx_files(path)
    return _Reader(model, where=str(path)).read(), beside


class _Reader:
    """One walk over a graph."""

    def __init__(self, model: onnx.ModelProto, *, where: str) -> None:
        self.model, self.where = model, where
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self.layers: dict[str, LayerWeights] = {}
        self.uses: Counter[str] = Counter()

    def read(self) -> tuple[LayerWeights, ...]:
        """See ``read_onnx``."""
        if self.model.functions or self.model.graph.sparse_initializer:
            raise CandidateError("the graph has local functions or sparse tensors", where=self.where)
        nodes = _live_nodes(self.model.graph)
        self.uses.update(name for node in nodes for name in node.input)
        self.uses.update(output.name for output in self.model.graph.output)
        for node in nodes:
            self._visit(node)
        if not self.layers:
            raise CandidateError("the graph has no layer with weights", where=self.where)
        return tuple(self.layers.values())

    def _visit(self, node: onnx.NodeProto) -> None:
        operator = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        match operator:
            case "Conv":
                self._conv(node)
            case "Gemm":
                self._gemm(node)
            case "MatMul":
                self._layer(node, self._array(node, 1).T, None)
            case "Constant":
                self._constant(node)
            case _ if not node.input:
                raise self._fault(node, "takes no input")
            case "BatchNormalization":
                self._norm(node)
            case "Identity" if node.input[0] in self.constants:
                self.constants[node.output[0]] = self.constants[node.input[0]]
            case "Add" if self._adds_bias(node):
                pass
            case _ if operator in WEIGHTLESS:
                self._check_weightless(node)
            case _:
                raise self._fault(
                    node, "is no layer that is read here", fix="give a network of convolutions and dense layers"
                )

    def _conv(self, node: onnx.NodeProto) -> None:
        if _attribute(node, "group", 1) != 1:
            raise self._fault(node, "is a grouped convolution, which is not read")
        weight = self._array(node, 1)
        if weight.ndim != 4:
            raise self._fault(node, f"has a weight of shape {list(weight.shape)}; only 2-D convolutions are read")
        self._layer(node, weight, self._array(node, 2) if len(node.input) > 2 and node.input[2] else None)

    def _gemm(self, node: onnx.NodeProto) -> None:
        weight = self._array(node, 1)
        transposed = _attribute(node, "transB", 0)
        if _attribute(node, "transA", 0) != 0 or transposed not in (0, 1) or weight.ndim != 2:
            raise self._fault(node, "is no dense layer")
        weight = weight if transposed else weight.T
        bias = None
        if len(node.input) > 2 and node.input[2]:
            bias = self._vector(self._array(node, 2), len(weight)) * np.float32(_attribute(node, "beta", 1.0))
        self._layer(node, weight * np.float32(_attribute(node, "alpha", 1.0)), bias)

    def _layer(self, node: onnx.NodeProto, weight: NDArray[np.float32], bias: NDArray[np.float32] | None) -> None:
        name = node.name or node.output[0]
        self.layers[node.output[0]] = layer(name, np.ascontiguousarray(weight), bias, where=self.where)

    def _norm(self, node: onnx.NodeProto) -> None:
        conv = self.layers.get(node.input[0])
        if conv is None or self.uses[node.input[0]] != 1 or _attribute(node, "training_mode", 0):
            raise self._fault(node, "does not follow a convolution directly")
        scale, shift, mean, variance = (self._array(node, index) for index in range(1, 5))
        epsilon = _attribute(node, "epsilon", 1e-5)
        folded = fold(conv, scale=scale, shift=shift, mean=mean, variance=variance, epsilon=epsilon, where=self.where)
        self._replace(node, node.input[0], folded)

    def _adds_bias(self, node: onnx.NodeProto) -> bool:
        """Reads ``Add`` as the bias of the MatMul before it, where it is one."""
        if len(node.input) != 2:
            return False
        for value, constant in ((node.input[0], node.input[1]), (node.input[1], node.input[0])):
            before = self.layers.get(value)
            if before and before.kind == "dense" and constant in self.constants and self.uses[value] == 1:
                bias = self._vector(self._tensor(constant), len(before.bias)) + before.bias
                self._replace(node, value, layer(before.name, before.weight, bias, where=self.where))
                return True
        return False

    def _replace(self, node: onnx.NodeProto, value: str, by: LayerWeights) -> None:
        del self.layers[value]
        self.layers[node.output[0]] = by

    def _constant(self, node: onnx.NodeProto) -> None:
        attribute = node.attribute[0] if node.attribute else None
        if attribute is not None and attribute.name == "value":
            self.constants[node.output[0]] = attribute.t
        elif attribute is None or attribute.name == "sparse_value":
            raise self._fault(node, "holds no dense tensor")
        elif attribute.name in ("value_floats", "value_float"):
            values = attribute.floats or [attribute.f]
            self.constants[node.output[0]] = numpy_helper.from_array(np.array(values, np.float32))

    def _check_weightless(self, node: onnx.NodeProto) -> None:
        normalises_input = not self.layers and node.op_type in ("Add", "Sub", "Mul", "Div")
        for name in node.input:
            tensor = self.constants.get(name)
            if tensor is None or normalises_input or tensor.data_type in _INTEGERS:
                continue
            if int(np.prod(tensor.dims, dtype=object)) > 1:
                raise self._fault(node, f"takes an array of weights ({name[:80]!r}), which is not read there")

    def _array(self, node: onnx.NodeProto, index: int) -> NDArray[np.float32]:
        name = node.input[index] if index < len(node.input) else ""
        if name not in self.constants:
            raise self._fault(node, f"takes weights ({name[:80]!r}) that are not stored but computed")
        return self._tensor(name)

    def _tensor(self, name: str) -> NDArray[np.float32]:
        tensor = self.constants[name]
        try:
            if min(tensor.dims, default=1) < 1:
                raise ValueError("an axis below 1")
            array = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            shape = list(tensor.dims)
            raise CandidateError(
                f"tensor {name[:80]!r} of shape {shape} is broken: {error}", where=self.where
            ) from error
        return as_float32(name, array, where=self.where)

    def _vector(self, array: NDArray[np.float32], length: int) -> NDArray[np.float32]:
        if array.size not in (1, length) or array.shape[:-1] != (1,) * (array.ndim - 1):
            raise CandidateError(f"a bias of shape {list(array.shape)} for {length} outputs", where=self.where)
        return np.broadcast_to(array.reshape(-1), (length,)).copy()

    def _fault(self, node: onnx.NodeProto, what: str, *, fix: str | None = None) -> CandidateError:
        operator = ".".join(filter(None, (node.domain, node.op_type)))[:80]
        return CandidateError(f"node {node.name[:80]!r} ({operator!r}) {what}", where=self.where, fix=fix)


def _live_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes that the outputs depend on, in graph order: what changes no output is no part of the model."""
    needed = {output.name for output in graph.output}
    live: list[onnx.NodeProto] = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            live.append(node)
    return live[::-1]


def _attribute(node: onnx.NodeProto, name: str, default: float) -> float:
    """A number among a node's attributes; NaN, which fits nowhere, where it is no number."""
    for attribute in node.attribute:
        if attribute.name == name:
            numbers = {onnx.AttributeProto.INT: attribute.i, onnx.AttributeProto.FLOAT: attribute.f}
            return numbers.get(attribute.type, math.nan)
    return default
