"""A walk over an ONNX graph: what has been read so far, and tensors by name; importing this module imports onnx."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from biasgate.errors import CandidateError
from biasgate.models.weights import LayerWeights, as_float32, layer

_INTEGERS = {onnx.TensorProto.INT8, onnx.TensorProto.INT32, onnx.TensorProto.INT64, onnx.TensorProto.BOOL}


class OnnxReader:
    """What each kind of layer reads its nodes with.

    Attributes:
        constants: Stored tensors by name.
        layers: Those read so far, by the name of the value that each gives.
        uses: How many nodes and outputs take a value, by its name.
        where: The file, named in errors.
    """

    def __init__(self, graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto], *, where: str) -> None:
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.layers: dict[str, LayerWeights] = {}
        self.uses = Counter(name for node in nodes for name in node.input)
        self.uses.update(output.name for output in graph.output)
        self.where = where

    def keep(self, node: onnx.NodeProto, weight: NDArray[np.float32], bias: NDArray[np.float32] | None) -> None:
        """Adds the layer that a node is.

        Raises:
            CandidateError: See ``weights.layer``.
        """
        name = node.name or node.output[0]
        self.layers[node.output[0]] = layer(name, np.ascontiguousarray(weight), bias, where=self.where)

    def replace(self, value: str, output: str, by: LayerWeights) -> None:
        """Puts a layer that gives ``output`` in the place of the one that gave ``value``."""
        del self.layers[value]
        self.layers[output] = by

    def check_weightless(self, node: onnx.NodeProto) -> None:
        """Lets a node take integers and single numbers, and before the first layer what normalises the input.

        Raises:
            CandidateError: It takes another array of weights.
        """
        normalises_input = not self.layers and node.op_type in ("Add", "Sub", "Mul", "Div")
        for name in node.input:
            tensor = self.constants.get(name)
            if tensor is None or normalises_input or tensor.data_type in _INTEGERS:
                continue
            if int(np.prod(tensor.dims, dtype=object)) > 1:
                raise self.fault(node, f"takes an array of weights ({name[:80]!r}), which is not read there")

    def array(self, node: onnx.NodeProto, index: int) -> NDArray[np.float32]:
        """The tensor that a node takes as its input ``index``.

        Raises:
            CandidateError: It is not stored, or see ``tensor``.
        """
        name = node.input[index] if index < len(node.input) else ""
        if name not in self.constants:
            raise self.fault(node, f"takes weights ({name[:80]!r}) that are not stored but computed")
        return self.tensor(name)

    def tensor(self, name: str) -> NDArray[np.float32]:
        """A stored tensor.

        Raises:
            CandidateError: It is broken, or not of floats.
        """
        tensor = self.constants[name]
        try:
            if min(tensor.dims, default=1) < 1:
                raise ValueError("an axis below 1")
            array = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            shape = list(tensor.dims)
            raise CandidateError(
                f"tensor {name[:80]!r} of shape {shape} is broken: {error}", where=self.where
            ) from error
        return as_float32(name, array, where=self.where)

    def vector(self, array: NDArray[np.float32], length: int) -> NDArray[np.float32]:
        """A bias as ``[length]``; one number stands for all.

        Raises:
            CandidateError: It has another shape.
        """
        if array.size not in (1, length) or array.shape[:-1] != (1,) * (array.ndim - 1):
            raise CandidateError(f"a bias of shape {list(array.shape)} for {length} outputs", where=self.where)
        return np.broadcast_to(array.reshape(-1), (length,)).copy()

    def number(self, node: onnx.NodeProto, name: str, default: float) -> float:
        """A number among a node's attributes; NaN, which fits nowhere, where it is no number."""
        for attribute in node.attribute:
            if attribute.name == name:
                numbers = {onnx.AttributeProto.INT: attribute.i, onnx.AttributeProto.FLOAT: attribute.f}
                return numbers.get(attribute.type, math.nan)
        return default

    def fault(self, node: onnx.NodeProto, what: str, *, fix: str | None = None) -> CandidateError:
        """The error that says ``what`` is wrong with a node."""
        operator = ".".join(filter(None, (node.domain, node.op_type)))[:80]
        return CandidateError(f"node {node.name[:80]!r} ({operator!r}) {what}", where=self.where, fix=fix)
