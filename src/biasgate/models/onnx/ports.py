"""What an ONNX graph takes and gives, as it says itself; importing this module imports onnx."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import onnx
from onnx import helper


@dataclass(frozen=True)
class Port:
    """One input or output.

    Attributes:
        name: In the graph.
        kind: Type of its values, as numpy calls it: ``float32``, ``int64``, ``string``; ``maps`` for one dictionary a
            sample, as ZipMap gives; the ONNX word for others.
        shape: The batch first; None where an axis is free. None as a whole where the graph does not say.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        axes = "any shape" if self.shape is None else str(["?" if axis is None else axis for axis in self.shape])
        return f"{self.name[:80]!r} ({self.kind} {axes})".replace("'?'", "?")


_RENAMED = {"float": "float32", "double": "float64"}


def inputs_of(model: onnx.ModelProto) -> tuple[Port, ...]:
    """What the graph must be given: old exporters list stored weights among its inputs too, which are left out."""
    stored = {tensor.name for tensor in model.graph.initializer}
    return tuple(_port(value) for value in model.graph.input if value.name not in stored)


def outputs_of(model: onnx.ModelProto) -> tuple[Port, ...]:
    """What the graph gives."""
    return tuple(map(_port, model.graph.output))


def listed(ports: Iterable[Port]) -> str:
    """Ports for people."""
    return ", ".join(map(str, ports)) or "none"


def _port(value: onnx.ValueInfoProto) -> Port:
    match value.type.WhichOneof("value"):
        case "tensor_type":
            tensor = value.type.tensor_type
            shape = tuple(map(_axis, tensor.shape.dim)) if tensor.HasField("shape") else None
            return Port(value.name, _kind(tensor.elem_type), shape)
        case "sequence_type" if value.type.sequence_type.elem_type.WhichOneof("value") == "map_type":
            return Port(value.name, "maps", None)
        case other:
            return Port(value.name, other or "no type", None)


def _kind(number: int) -> str:
    try:
        word = helper.tensor_dtype_to_string(number).removeprefix("TensorProto.").lower()
    except KeyError:
        return f"type {number}"
    return _RENAMED.get(word, word)


def _axis(axis: onnx.TensorShapeProto.Dimension) -> int | None:
    return axis.dim_value if axis.HasField("dim_value") and axis.dim_value >= 0 else None
