"""Every list of nodes that an ONNX model holds, however deep; importing this module imports onnx."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import onnx


@dataclass(frozen=True, eq=False)
class Scope:
    """A graph, the body of a condition or loop, or a local function.

    Attributes:
        nodes: In order.
        stored: The tensors that lie beside them: initializers, sparse ones in parts.
    """

    nodes: Sequence[onnx.NodeProto]
    stored: Sequence[onnx.TensorProto]

    @property
    def tensors(self) -> Iterator[onnx.TensorProto]:
        """Those stored, and those in attributes of nodes."""
        yield from self.stored
        for node in self.nodes:
            for attribute in node.attribute:
                yield attribute.t
                yield from attribute.tensors
                for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    yield sparse.values
                    yield sparse.indices


def scopes_of(model: onnx.ModelProto) -> Iterator[Scope]:
    """Those of its graph, of graphs within nodes, of local functions and of training steps; without recursion."""
    graphs = [model.graph]
    for step in model.training_info:
        graphs += (step.initialization, step.algorithm)
    for function in model.functions:
        yield (scope := Scope(function.node, ()))
        graphs += _within(scope.nodes)
    while graphs:
        graph = graphs.pop()
        sparse = [part for tensor in graph.sparse_initializer for part in (tensor.values, tensor.indices)]
        yield (scope := Scope(graph.node, [*graph.initializer, *sparse]))
        graphs += _within(scope.nodes)


def _within(nodes: Sequence[onnx.NodeProto]) -> Iterator[onnx.GraphProto]:
    for node in nodes:
        for attribute in node.attribute:
            yield from (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs
