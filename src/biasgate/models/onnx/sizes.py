"""Whether all that is read of a graph meets the image, by the sizes that it declares; this module imports onnx.

A weight that meets padding alone changes nothing, and a sum that spreads one value over all places, or a mean that
counts padding in, weighs one branch against the other. No weight tells of these: they follow from sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper

from biasgate.models.onnx.plain import Beside, called
from biasgate.models.onnx.reader import OnnxReader

SEEN = 1 / 3
"""Share of a convolution's places, along each axis, at which each of its weights meets the image."""
MOST = 1 << 24
"""Most weights times places along an axis, and pixels of a stride."""

Shapes = Mapping[str, tuple[int, ...]]
"""Of values by name, 0 for a size that the graph does not say."""


def unseen(model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], reader: OnnxReader) -> str:
    """Why some weights or branches may count for less than they are; empty where none do.

    Args:
        model: As the file has it.
        nodes: Those that its outputs depend on, in order.
        reader: After it has read them all.
    """
    shapes = _shapes(model, nodes, reader)
    try:
        for node in nodes:
            match node.op_type:
                case "Conv":
                    _check_taps(node, shapes, reader)
                case "AveragePool":
                    _check_mean(node)
                case "Add" if sums(node, reader):
                    _check_sum(node, shapes)
                case _:
                    pass
    except Beside as beside:
        return str(beside)
    return ""


def sums(node: onnx.NodeProto, reader: OnnxReader) -> bool:
    """Whether a node adds two values, neither of them stored."""
    return node.op_type == "Add" and reader.constants.keys().isdisjoint(node.input)


def _shapes(model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], reader: OnnxReader) -> Shapes:
    """As its operators give them, whatever else the graph says; stored tensors count by their sizes alone."""
    bare = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    bare.graph.name = "sizes"
    bare.graph.node.extend(node for node in nodes if reader.constants.keys().isdisjoint(node.output))
    bare.graph.input.extend(value for value in model.graph.input if value.name not in reader.constants)
    bare.graph.input.extend(
        helper.make_tensor_value_info(name, tensor.data_type, list(tensor.dims))
        for name, tensor in reader.constants.items()
    )
    try:
        found = onnx.shape_inference.infer_shapes(bare).graph
    except onnx.shape_inference.InferenceError:
        return {}
    values = (*found.input, *found.value_info)
    return {value.name: tuple(size.dim_value for size in value.type.tensor_type.shape.dim) for value in values}


def _check_taps(node: onnx.NodeProto, shapes: Shapes, reader: OnnxReader) -> None:
    """Each weight of a convolution meets the image at many of its places, and each place meets some of the image."""
    if not _padded(node):
        return
    kernel = reader.constants[node.input[1]].dims[2:]
    given, gives = (shapes.get(name, ())[2:] for name in (node.input[0], node.output[0]))
    if len(given) != 2 or len(gives) != 2 or not all((*given, *gives)):
        raise Beside(f"{called(node)} pads an image whose size the graph does not say")
    strides, dilations = _numbers(node, "strides", [1] * 2), _numbers(node, "dilations", [1] * 2)
    for axis, places in enumerate(gives):
        if places * kernel[axis] > MOST:
            raise Beside(f"{called(node)} takes too large an image")
        at = np.arange(places)[:, None] * strides[axis] + np.arange(kernel[axis]) * dilations[axis]
        at -= _before(node, axis, padding=max(int(at[-1, -1]) + 1 - given[axis], 0))
        seen = (at >= 0) & (at < given[axis])
        if seen.mean(axis=0).min() < SEEN or not seen.any(axis=1).all():
            raise Beside(f"{called(node)} has weights or places that meet little but padding")


def _before(node: onnx.NodeProto, axis: int, *, padding: int) -> int:
    """How much of the padding along an axis lies before the image; ``padding`` is what its windows need in all."""
    match _attributes(node).get("auto_pad"):
        case b"SAME_UPPER":
            return padding // 2
        case b"SAME_LOWER":
            return padding - padding // 2
        case _:
            return _numbers(node, "pads", [0] * 4)[axis]


def _check_mean(node: onnx.NodeProto) -> None:
    """No mean counts what lies beyond the edge."""
    said = _attributes(node)
    if said.get("count_include_pad") and (_padded(node) or said.get("ceil_mode")):
        raise Beside(f"{called(node)} counts padding into its means")


def _check_sum(node: onnx.NodeProto, shapes: Shapes) -> None:
    """Two branches are of one size, which the graph says."""
    first, second = (shapes.get(name, ())[1:] for name in node.input)
    if first != second or not first or not all(first):
        raise Beside(f"{called(node)} sums branches that are not, or are not said to be, of one size")


def _padded(node: onnx.NodeProto) -> bool:
    """Whether a window may reach beyond the image."""
    automatic = _attributes(node).get("auto_pad", b"NOTSET")
    return automatic != b"VALID" and (automatic != b"NOTSET" or any(_numbers(node, "pads", [0] * 4)))


def _numbers(node: onnx.NodeProto, name: str, default: list[int]) -> list[int]:
    """What a node says of its windows, as many numbers as there are in ``default``."""
    numbers = _attributes(node).get(name, default)
    if not isinstance(numbers, list) or len(numbers) != len(default) or max(map(abs, numbers)) > MOST:
        raise Beside(f"{called(node)} has windows of no image ({name})")
    return numbers


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
