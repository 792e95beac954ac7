"""Graphs that go round or branch."""

from __future__ import annotations

from onnx import ModelProto, NodeProto, TensorProto, helper

from hostile.candidate import graph
from hostile.case import Named
from hostile.nodes import boolean, dense, integer, value


def cases() -> Named:
    yield "a loop without end", graph(loop(helper.make_node("Relu", ["x"], ["y"]))), True
    yield "a loop that doubles its tensor", graph(loop(helper.make_node("Concat", ["x", "x"], ["y"], axis=0))), True
    yield "a loop of ten million turns", graph(loop(helper.make_node("Relu", ["x"], ["y"]), turns=10_000_000)), False
    rows = [value("row", [None] * 3)], [value("o", [None] * 3)]
    body = helper.make_graph([helper.make_node("Identity", ["row"], ["o"])], "scan", *rows)
    scan = helper.make_node("Scan", ["input"], ["out"], body=body, num_scan_inputs=1)
    yield "a scan", graph(dense(before=[scan], source="out")), False
    for depth in (6, 12):
        nested = graph(dense(before=[boolean("yes"), branches(depth)], source=f"r{depth}"))
        yield f"branches within branches, {2 << depth} leaves", nested, False
    leaf = helper.make_graph([helper.make_node("Relu", ["input"], ["r"])], "b", [], [value("r", [None] * 4)])
    wrong = helper.make_node("If", ["input"], ["out"], then_branch=leaf, else_branch=leaf)
    yield "a branch on a float", graph(dense(before=[wrong], source="out")), True


def branches(depth: int) -> NodeProto:
    """An ``If`` whose branches hold such nodes again, ``depth`` deep."""
    node = helper.make_node("Relu", ["input"], ["r0"])
    for level in range(1, depth + 1):
        inner = helper.make_graph([node], str(level - 1), [], [value(f"r{level - 1}", [None] * 4)])
        node = helper.make_node("If", ["yes"], [f"r{level}"], then_branch=inner, else_branch=inner)
    return node


def loop(body_node: NodeProto, *, turns: int = (1 << 63) - 1) -> ModelProto:
    """``x`` goes round for ever through one node before the dense layer gets it."""
    shape = [None] * 4
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["again"]), body_node],
        "body",
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("x", shape)],
        [value("again", [], TensorProto.BOOL), value("y", shape)],
    )
    before = [
        integer("turns", turns),
        boolean("yes"),
        helper.make_node("Loop", ["turns", "yes", "input"], ["out"], body=body),
    ]
    return dense(before=before, source="out")
