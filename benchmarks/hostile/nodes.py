"""Graphs, good but for what a case changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from hostile.case import CHANNELS, CLASSES, SIDE


def value(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


INPUT, LOGITS = value("input", ["n", CHANNELS, SIDE, SIDE]), value("logits", ["n", CLASSES])


def model(
    nodes: list[NodeProto],
    tensors: Sequence[TensorProto] = (),
    *,
    inputs: Any = (INPUT,),
    outputs: Any = (LOGITS,),
    opset: int = 17,
    **fields: Any,
) -> ModelProto:
    graph = helper.make_graph(nodes, "graph", list(inputs), list(outputs), tensors)
    return helper.make_model(graph, **{"opset_imports": [helper.make_opsetid("", opset)], "ir_version": 9, **fields})


def dense(
    weight: np.ndarray | TensorProto | None = None, before: Sequence[NodeProto] = (), source: str = "input"
) -> ModelProto:
    """Flatten and one dense layer, with other nodes before it and another weight."""
    if weight is None:
        weight = np.ones((CLASSES, CHANNELS * SIDE * SIDE), np.float32)
    tensor = weight if isinstance(weight, TensorProto) else numpy_helper.from_array(weight, "w")
    nodes = [
        helper.make_node("Flatten", [source], ["flat"]),
        helper.make_node("Gemm", ["flat", "w"], ["logits"], transB=1),
    ]
    return model([*before, *nodes], [tensor])


def boolean(name: str) -> NodeProto:
    return _constant(name, TensorProto.BOOL, [], [True])


def integer(name: str, number: int) -> NodeProto:
    return _constant(name, TensorProto.INT64, [], [number])


def vector(name: str, *numbers: int) -> NodeProto:
    return _constant(name, TensorProto.INT64, [len(numbers)], numbers)


def _constant(name: str, kind: int, shape: list[int], values: Sequence[Any]) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=helper.make_tensor(f"{name}.t", kind, shape, values))
