"""Graphs that are wired wrongly, or hold what no graph should."""

from __future__ import annotations

import numpy as np
from onnx import helper, numpy_helper

from hostile.candidate import graph
from hostile.case import CHANNELS, CLASSES, SIDE, Named
from hostile.nodes import INPUT, LOGITS, dense, model, value

GOOD = dense().graph
BODY, TENSORS = [*GOOD.node], [*GOOD.initializer]


def cases() -> Named:
    yield from _wires()
    yield from _ends()
    yield from _versions()
    yield from _names()
    for name, axis in {"an attribute of the wrong type": "one", "an axis out of range": 1 << 60}.items():
        flatten = helper.make_node("Flatten", ["input"], ["f"], axis=axis)
        yield name, graph(dense(before=[flatten], source="f")), True
    gone = dense()
    gone.ClearField("graph")
    yield "no graph", graph(gone), True


def _wires() -> Named:
    cycle = [helper.make_node("Add", ["input", "q"], ["p"]), helper.make_node("Relu", ["p"], ["q"])]
    yield "a cycle", graph(dense(before=cycle, source="q")), True
    own = helper.make_node("Relu", ["p"], ["p"])
    yield "a node that takes its own output", graph(dense(before=[own], source="p")), True
    yield "nodes in the wrong order", graph(model(BODY[::-1], TENSORS)), True
    yield "two nodes with one output", graph(model([*BODY, BODY[-1]], TENSORS)), True
    twice = [helper.make_node("Relu", ["input"], ["x"], name="n"), helper.make_node("Relu", ["x"], ["y"], name="n")]
    yield "two nodes with one name", graph(dense(before=twice, source="y")), False
    yield "an input that nothing gives", graph(dense(source="nowhere")), True
    yield "no node", graph(model([], TENSORS)), True


def _ends() -> Named:
    """Inputs and outputs of the graph."""
    yield "an output that nothing gives", graph(model(BODY, TENSORS, outputs=[value("else", ["n", CLASSES])])), True
    yield "no output", graph(model(BODY, TENSORS, outputs=[])), True
    yield "no input", graph(model(BODY, TENSORS, inputs=[])), True
    yield "two inputs", graph(model(BODY, TENSORS, inputs=[INPUT, value("other", [1])])), True
    yield "two outputs", graph(model(BODY, TENSORS, outputs=[LOGITS, value("flat", ["n", 192])])), False
    nodes = [*BODY, helper.make_node("Identity", ["logits"], ["logits_too"])]
    alike = [LOGITS, value("logits_too", ["n", CLASSES])]
    yield "two outputs alike", graph(model(nodes, TENSORS, outputs=alike)), True
    many = [INPUT, *(value(f"i{k}", ["n", 1]) for k in range(2_000))]
    yield "two thousand inputs", graph(model(BODY, TENSORS, inputs=many)), True
    ones = numpy_helper.from_array(np.ones((1, CHANNELS, SIDE, SIDE), np.float32), "input")
    yield "an initializer that is the input", graph(model(BODY, [*TENSORS, ones])), False
    weights = [INPUT, value("w", [CLASSES, 192])]
    yield "weights that are an input", graph(model(BODY, TENSORS, inputs=weights)), False
    yield "weights that are only an input", graph(model(BODY, inputs=weights)), True


def _versions() -> Named:
    yield "no opset", graph(model(BODY, TENSORS, opset_imports=[])), False
    for number in (0, -1, 6, 9_999, (1 << 62)):
        yield f"opset {number}", graph(model(BODY, TENSORS, opset=number)), number != 6
    for number in (0, 99, 1 << 40):
        yield f"IR version {number}", graph(model(BODY, TENSORS, ir_version=number)), number > 0


def _names() -> Named:
    long = dense()
    long.graph.node[0].name = "n" * 1_000_000
    yield "a name of a million letters", graph(long), False
    escaped = dense()
    escaped.graph.name = escaped.graph.node[0].name = "\x1b]0;owned\x07</script><script>alert(1)</script>\u202e"
    yield "names with escape codes and markup", graph(escaped), False
    bad = dense().SerializeToString().replace(b"flat", b"\xff\xfe\xfd\xfc")
    yield "names that are no text", graph(bad), True
    documented = dense()
    documented.doc_string = "d" * 30_000_000
    yield "thirty megabytes of documentation", graph(documented), False
