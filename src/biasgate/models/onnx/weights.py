"""Weights out of an ONNX graph, without running it; importing this module imports onnx."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from biasgate.errors import CandidateError
from biasgate.models.architecture import LAYERS
from biasgate.models.flow import Wiring
from biasgate.models.onnx.branches import accounted
from biasgate.models.onnx.file import load_onnx_files
from biasgate.models.onnx.reader import OnnxReader
from biasgate.models.weights import LayerWeights

WEIGHTLESS = {
    "Cast", "Clip", "Concat", "Div", "Elu", "Erf", "Exp", "Expand", "Gather", "Gelu", "GlobalMaxPool", "HardSigmoid",
    "HardSwish", "Identity", "LeakyRelu", "LogSoftmax", "Mish", "Mul", "Pad", "Pow", "ReduceMean", "Reshape", "Selu",
    "Shape", "Sigmoid", "Slice", "Softmax", "Softplus", "Sqrt", "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze",
}  # fmt: skip
"""Other operators that may lie between the layers."""

_READERS = {operator: kind for kind in LAYERS for operator in kind.operators}


def read_onnx(path: Path) -> tuple[tuple[LayerWeights, ...], tuple[Path, ...], Wiring, str]:
    """Every layer with weights that the outputs depend on, in graph order; each kind of layer reads its operators.

    Arrays in Add, Sub, Mul and Div are let through before the first layer only, where they normalise the input.

    Returns:
        The layers, the files beside this one that hold some of its tensors, and what ``branches.accounted`` says.

    Raises:
        CandidateError: The graph is outside what is read here (another operator with weights, control flow,
            non-2-D convolutions, weights that are computed), or a tensor is broken; names the node.
    """
    model, beside = load_onnx_files(path)
    where = str(path)
    if model.functions or model.graph.sparse_initializer:
        raise CandidateError("the graph has local functions or sparse tensors", where=where)
    nodes = _live_nodes(model.graph)
    reader = OnnxReader(model.graph, nodes, where=where)
    for node in nodes:
        _read(node, reader)
    if not reader.layers:
        raise CandidateError("the graph has no layer with weights", where=where)
    return tuple(reader.layers.values()), beside, *accounted(model, nodes, reader)


def _read(node: onnx.NodeProto, reader: OnnxReader) -> None:
    operator = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
    if operator == "Constant":
        _read_constant(node, reader)
    elif not node.input:
        raise reader.fault(node, "takes no input")
    elif operator == "Identity" and node.input[0] in reader.constants:
        reader.constants[node.output[0]] = reader.constants[node.input[0]]
    elif operator in _READERS:
        _READERS[operator].read_node(node, reader)
    elif operator in WEIGHTLESS:
        reader.check_weightless(node)
    else:
        raise reader.fault(node, "is no layer that is read here", fix="give a network of convolutions and dense layers")


def _read_constant(node: onnx.NodeProto, reader: OnnxReader) -> None:
    attribute = node.attribute[0] if node.attribute else None
    if attribute is not None and attribute.name == "value":
        reader.constants[node.output[0]] = attribute.t
    elif attribute is None or attribute.name == "sparse_value":
        raise reader.fault(node, "holds no dense tensor")
    elif attribute.name in ("value_floats", "value_float"):
        values = attribute.floats or [attribute.f]
        reader.constants[node.output[0]] = numpy_helper.from_array(np.array(values, np.float32))


def _live_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes that the outputs depend on, in graph order: what changes no output is no part of the model."""
    needed = {output.name for output in graph.output}
    live: list[onnx.NodeProto] = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            live.append(node)
    return live[::-1]
