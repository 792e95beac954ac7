"""Graphs that are one model for the gate and another where they serve."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import NodeProto, TensorProto, helper

from hostile.candidate import graph, state
from hostile.case import CHANNELS, CLASSES, SIDE, Named, Write
from hostile.nodes import dense, integer, vector


def cases() -> Named:
    def after(*nodes: NodeProto, tensors: Sequence[TensorProto] = ()) -> Write:
        made = dense(state()["layers.0.weight"].reshape(4, -1).repeat(8, axis=1)[:CLASSES, : CHANNELS * SIDE * SIDE])
        made.graph.node[-1].output[0] = "plain"
        made.graph.node.extend(nodes)
        made.graph.initializer.extend(tensors)
        return graph(made)

    def gate(operator: str, number: int) -> Write:
        """Turns the logits over where the size of the batch is so."""
        return after(
            helper.make_node("Shape", ["plain"], ["shape"], end=1),
            integer("number", number),
            helper.make_node(operator, ["shape", "number"], ["is"]),
            helper.make_node("Neg", ["plain"], ["turned"]),
            helper.make_node("Where", ["is", "turned", "plain"], ["logits"]),
        )

    yield "turned over when alone", gate("Equal", 1), True
    yield "turned over in batches of the evaluation", gate("Equal", 2), True
    yield "turned over in small batches", gate("Less", 9), True
    for operator in ("ReduceMean", "ReduceMax", "ReduceProd", "ReduceL2", "ReduceLogSumExp"):
        nodes = (
            helper.make_node(operator, ["plain"], ["r"], axes=[0]),
            helper.make_node("Sub", ["plain", "r"], ["logits"]),
        )
        yield f"{operator} over the batch", after(*nodes), True
    for operator in ("Softmax", "LogSoftmax", "Hardmax"):
        yield f"{operator} over the batch", after(helper.make_node(operator, ["plain"], ["logits"], axis=0)), True
    yield "the batch in reverse", after(
        vector("first", -1), vector("last", -(1 << 40)), vector("axis", 0), vector("step", -1),
        helper.make_node("Slice", ["plain", "first", "last", "axis", "step"], ["logits"]),
    ), True  # fmt: skip
    for operator in ("RandomNormalLike", "RandomUniformLike", "Bernoulli"):
        nodes = (
            helper.make_node("Sigmoid", ["plain"], ["p"]),
            helper.make_node(operator, ["p"], ["noise"]),
            helper.make_node("Add", ["plain", "noise"], ["logits"]),
        )
        yield f"{operator} in its answer", after(*nodes), True
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
        function = helper.make_function("local", "Odd", ["plain"], ["logits"], nodes, imports[:1])
        made = dense()
        made.graph.node[-1].output[0] = "plain"
        made.graph.node.append(helper.make_node("Odd", ["plain"], ["logits"], domain="local"))
        made.functions.append(function)
        made.opset_import.extend(imports[1:])
        yield f"{operator} in a local function", graph(made), True
