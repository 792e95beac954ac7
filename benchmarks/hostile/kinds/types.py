"""Graphs whose inputs or outputs no contract fits."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, helper

from hostile.candidate import graph
from hostile.case import CHANNELS, CLASSES, SIDE, Named, Write
from hostile.nodes import dense, model, value


def cases() -> Named:
    yield from _inputs()
    yield from _outputs()


def _inputs() -> Named:
    def takes(*shape: int | str) -> Write:
        return graph(model([*dense().graph.node], [*dense().graph.initializer], inputs=[value("input", [*shape])]))

    texts = value("t", ["n"], TensorProto.STRING)
    yield "an input of texts", graph(model([helper.make_node("Identity", ["t"], ["logits"])], inputs=[texts])), True
    yield "a fixed batch of zero", takes(0, CHANNELS, SIDE, SIDE), True
    yield "a fixed batch of 2^40", takes(1 << 40, CHANNELS, SIDE, SIDE), True
    yield "a fixed batch below zero", takes(-7, CHANNELS, SIDE, SIDE), False
    yield "an input of another shape", takes("n", 1, 4, 4), True


def _outputs() -> Named:
    numbers = value("o", ["n", CLASSES])

    def gives(*nodes: NodeProto, output: ValueInfoProto = numbers) -> Write:
        return graph(model([*dense().graph.node, *nodes], [*dense().graph.initializer], outputs=[output]))

    for name, kind in {"integers": TensorProto.INT64, "texts": TensorProto.STRING}.items():
        cast = helper.make_node("Cast", ["logits"], ["o"], to=kind)
        yield f"an output of {name}", gives(cast, output=value("o", ["n", CLASSES], kind)), True
    yield "too few classes", graph(dense(np.ones((2, 192), np.float32))), True
    yield "too many classes", graph(dense(np.ones((5000, 192), np.float32))), True
    mean = helper.make_node("ReduceMean", ["logits"], ["o"], keepdims=0)
    yield "one number for all samples", gives(mean, output=value("o", [])), True
    root, negative = helper.make_node("Sqrt", ["m"], ["o"]), helper.make_node("Neg", ["logits"], ["m"])
    yield "NaN for outputs", gives(root), True
    yield "roots of negative numbers", gives(negative, root), False
    over = [helper.make_node("Exp", ["logits"], ["m"]), helper.make_node("Exp", ["m"], ["o"])]
    yield "outputs that overflow", gives(*over), False
    sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, ["n", CLASSES])
    made = helper.make_node("SequenceConstruct", ["logits"], ["s"])
    yield "an output that is a sequence", gives(made, output=sequence), True
