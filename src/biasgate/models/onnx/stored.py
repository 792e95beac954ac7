"""The tensors that a graph stores, by the name of the value that each gives; importing this module imports onnx."""

from __future__ import annotations

import onnx


def stored_tensors(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """Initializers, and values of Constant nodes: parts of the graph itself, no copies."""
    found = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                found[node.output[0]] = attribute.t
    return found
