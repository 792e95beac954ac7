"""A graph's own functions, put where they are called; importing this module imports onnx."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

import onnx
from onnx.checker import ValidationError
from onnx.inliner import inline_local_functions

from biasgate.errors import CandidateError
from biasgate.models.onnx.form import check_form

MOST_NODES = 100_000
"""Most nodes of a graph with its functions in place; twenty functions that call each other twice have a million."""
Key = tuple[str, str]


def inlined(model: onnx.ModelProto, *, where: str) -> onnx.ModelProto:
    """The same graph without functions; the graph itself where it has none.

    Raises:
        CandidateError: It would have too many nodes, or its functions do not fit their calls.
    """
    if not model.functions:
        return model
    bodies = {(function.domain, function.name): list(_all(function.node)) for function in model.functions}
    calls = {key: _called(body) & bodies.keys() for key, body in bodies.items()}
    try:
        order = [*TopologicalSorter(calls).static_order()]
    except CycleError:
        raise CandidateError("a function of the graph calls itself", where=where, fix="export it again") from None
    sizes: dict[Key, int] = {}
    for key in order:
        sizes[key] = _size(bodies[key], sizes)
    if (size := _size(_all(model.graph.node), sizes)) > MOST_NODES:
        shown = f"{size:,}" if size < 10**12 else "over a trillion"
        what = f"with its functions in place, the graph has {shown} operators; {MOST_NODES:,} are read"
        raise CandidateError(what, where=where, fix="export it without functions")
    try:
        plain = inline_local_functions(model)
    except (RuntimeError, ValidationError) as error:
        said = " ".join(str(error).split())[-200:]
        what = f"its functions do not fit their calls: {said}"
        raise CandidateError(what, where=where, fix="export it again") from None
    check_form(plain, where=where)
    return plain


def _size(nodes: Iterable[onnx.NodeProto], sizes: dict[Key, int]) -> int:
    return sum(1 + sizes.get((node.domain, node.op_type), 0) for node in nodes)


def _called(nodes: Iterable[onnx.NodeProto]) -> set[Key]:
    return {(node.domain, node.op_type) for node in nodes}


def _all(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """Nodes, and those of the graphs within them; without recursion."""
    waiting = list(nodes)
    while waiting:
        yield (node := waiting.pop())
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                waiting.extend(graph.node)
