"""Graphs that ask for terabytes."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from hostile.candidate import graph
from hostile.case import CHANNELS, CLASSES, SIDE, Named
from hostile.nodes import dense, integer, model, vector

MANY = 1 << 20


def cases() -> Named:
    yield from _made_of_nothing()
    yield from _grown_inputs()
    yield from _chains()


def _made_of_nothing() -> Named:
    constant = helper.make_node("ConstantOfShape", ["s"], ["b"])
    yield "a constant of 2^40 values", graph(bomb(vector("s", MANY, MANY), constant)), True
    random = helper.make_node("RandomNormal", [], ["b"], shape=[MANY, MANY])
    yield "random numbers, 2^40", graph(bomb(random)), True
    ends = [integer("z", 0), integer("e", 1 << 60), integer("o", 1)]
    counted = helper.make_node("Range", ["z", "e", "o"], ["k"])
    cast = helper.make_node("Cast", ["k"], ["b"], to=TensorProto.FLOAT)
    yield "a range of 2^60", graph(bomb(*ends, counted, cast)), True
    pair = helper.make_tensor("v.t", TensorProto.FLOAT, [2], [0.0, 1.0])
    given = [vector("i", *range(1024)), integer("d", 1 << 40), helper.make_node("Constant", [], ["v"], value=pair)]
    identity = helper.make_node("OneHot", ["i", "d", "v"], ["b"])
    yield "an identity matrix of 2^40", graph(bomb(*given, identity)), True


def bomb(*nodes: NodeProto) -> ModelProto:
    """The last node's output ``b`` becomes one number that is added to the logits."""
    total = helper.make_node("ReduceMean", ["b"], ["mean"], keepdims=0)
    good = dense()
    good.graph.node[-1].output[0] = "plain"
    added = helper.make_node("Add", ["plain", "mean"], ["logits"])
    return model([*nodes, total, *good.graph.node, added], [*good.graph.initializer])


def _grown_inputs() -> Named:
    for name, operator, inputs, numbers in (
        ("expanded", "Expand", ["input", "s"], (1 << 30, CHANNELS, SIDE, SIDE)),
        ("tiled", "Tile", ["input", "s"], (1, 1, MANY, MANY)),
        ("padded", "Pad", ["input", "s"], (0, 0, MANY, MANY, 0, 0, 0, 0)),
        ("resized", "Resize", ["input", "", "", "s"], (1, CHANNELS, MANY, MANY)),
    ):
        grown = helper.make_node(operator, inputs, ["out"])
        reduced = helper.make_node("ReduceMean", ["out"], ["small"], axes=[2, 3])
        flat = helper.make_node("Flatten", ["small"], ["logits"])
        yield f"an input {name} to terabytes", graph(model([vector("s", *numbers), grown, reduced, flat])), True
    padded = [
        helper.make_node("Conv", ["input", "k"], ["out"], pads=[MANY] * 4),
        helper.make_node("GlobalAveragePool", ["out"], ["p"]),
        helper.make_node("Flatten", ["p"], ["logits"]),
    ]
    kernel = numpy_helper.from_array(np.ones((CLASSES, CHANNELS, 1, 1), np.float32), "k")
    yield "a convolution with a million pixels of padding", graph(model(padded, [kernel])), True


def _chains() -> Named:
    chain = [helper.make_node("Identity", ["input"], ["i0"])]
    chain += [helper.make_node("Add", [f"i{k}", f"i{k}"], [f"i{k + 1}"]) for k in range(50_000)]
    yield "a chain of fifty thousand nodes", graph(dense(before=chain, source="i50000")), False
    doubled = [helper.make_node("Identity", ["input"], ["c1"])]
    doubled += [helper.make_node("Concat", [f"c{k}", f"c{k}"], [f"c{k + 1}"], axis=2) for k in range(1, 40)]
    yield "forty doublings", graph(dense(before=doubled, source="c40")), True
