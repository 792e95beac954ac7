"""Graphs of operators and functions that do not exist, load code or multiply."""

from __future__ import annotations

from typing import Any

from onnx import FunctionProto, helper

from hostile.candidate import graph
from hostile.case import Named, Write
from hostile.nodes import dense, model

IMPORTS = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]


def cases() -> Named:
    yield from _operators()
    yield from _functions()


def _operators() -> Named:
    def through(operator: str, domain: str = "", **attributes: Any) -> Write:
        node = helper.make_node(operator, ["input"], ["out"], domain=domain, **attributes)
        made = dense(before=[node], source="out")
        if domain:
            made.opset_import.append(helper.make_opsetid(domain, 1))
        return graph(made)

    yield "an operator of an unknown domain", through("Evil", "com.evil"), True
    yield "Python in a graph", through("PyOp", "ai.onnx.contrib", module="os", code="import os"), True
    yield "a library to load", through("Load", "com.evil", library="/tmp/evil.so"), True
    yield "an operator that does not exist", through("Rlu"), True
    yield "an operator without a name", through(""), True
    yield "a name with escape codes", through("\x1b[2J\x1b[31mRelu"), True
    yield "an operator of Microsoft's", through("Gelu", "com.microsoft"), False


def _functions() -> Named:
    yield "a function that calls itself", _called(_local("F", "F")), True
    shadow = helper.make_function("", "Relu", ["x"], ["y"], [helper.make_node("Identity", ["x"], ["y"])], IMPORTS[:1])
    relu = [helper.make_node("Relu", ["input"], ["out"]), *dense(source="out").graph.node]
    yield "a function that takes Relu's place", graph(model(relu, _weights(), functions=[shadow])), True
    doubling = [_local(f"F{k}", f"F{k + 1}", f"F{k + 1}") for k in range(28)]
    last = helper.make_function("local", "F28", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], IMPORTS)
    yield "functions that inline to 2^28 nodes", _called(*doubling, last), True


def _local(name: str, *calls: str) -> FunctionProto:
    """A function that calls others of its domain, one after the other."""
    values = ["x", *(f"m{place}" for place in range(1, len(calls))), "y"]
    nodes = [
        helper.make_node(call, [values[place]], [values[place + 1]], domain="local") for place, call in enumerate(calls)
    ]
    return helper.make_function("local", name, ["x"], ["y"], nodes, IMPORTS)


def _called(*functions: FunctionProto) -> Write:
    """A graph whose input goes through the first of its functions."""
    call = helper.make_node(functions[0].name, ["input"], ["out"], domain="local")
    nodes = [call, *dense(source="out").graph.node]
    return graph(model(nodes, _weights(), functions=functions, opset_imports=IMPORTS))


def _weights() -> list[Any]:
    return [*dense().graph.initializer]
