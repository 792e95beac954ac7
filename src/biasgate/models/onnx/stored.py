"""The tensors that a graph stores, by the name of the value that each gives; importing this module imports onnx."""

from __future__ import annotations

from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from biasgate.errors import CandidateError


def stored_tensors(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """Initializers, and values of Constant nodes: parts of the graph itself, no copies."""
    found = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                found[node.output[0]] = attribute.t
    return found


def array_of(tensor: onnx.TensorProto, *, where: str) -> NDArray[Any]:
    """What a stored tensor holds.

    Raises:
        CandidateError: Its bytes are not those of its type and shape.
    """
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        what = f"tensor {tensor.name[:80]!r} of shape {list(tensor.dims)[:16]} is broken: {str(error)[:200]}"
        raise CandidateError(what, where=where, fix="export the model again") from error
