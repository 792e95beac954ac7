"""The shape that each declared layer gives, found without building the network."""

from __future__ import annotations

import math
from collections.abc import Iterable

from biasgate.errors import InputError
from biasgate.models.architecture import Architecture, Conv, Dense, Dropout, Flatten, Layer, Norm, Pool, Relu, Residual

Shape = tuple[int, ...]

MAX_VALUES = 1 << 26
"""Most values that one sample may have after a layer: what a card declares must not exhaust memory."""


def layer_shapes(architecture: Architecture) -> list[Shape]:
    """Shape of one sample before the first layer and after each: ``len(layers) + 1`` shapes.

    Raises:
        InputError: A layer does not fit what reaches it, or the last is not dense; names the layer.
    """
    if not isinstance(architecture.layers[-1], Dense):
        raise InputError(
            "the last layer is not dense", where=architecture.name, fix="end with a dense layer of one unit a class"
        )
    if math.prod(architecture.input) > MAX_VALUES:
        raise InputError(f"input {architecture.input} has over {MAX_VALUES:,} values", where=architecture.name)
    return _walk(architecture.layers, architecture.input, where=f"{architecture.name}, layers")


def output_shape(architecture: Architecture) -> Shape:
    """Shape of one sample's logits: ``(classes,)``; see ``layer_shapes``."""
    return layer_shapes(architecture)[-1]


def layer_shape(layer: Layer, shape: Shape, *, where: str) -> Shape:
    """Shape of one sample after ``layer``, given its ``shape`` before.

    Raises:
        InputError: The layer does not fit; ``where`` names it.
    """
    match layer:
        case Conv():
            channels_first = _image(layer.kind, shape, where=where)
            reach = layer.dilation * (layer.kernel - 1) + 1
            sides = [(side + 2 * layer.padding - reach) // layer.stride + 1 for side in channels_first[1:]]
            return _positive((layer.out, *sides), layer.kind, shape, where=where)
        case Pool(how="global"):
            return (_image(layer.kind, shape, where=where)[0], 1, 1)
        case Pool():
            channels, *sides = _image(layer.kind, shape, where=where)
            return _positive((channels, *(side // layer.size for side in sides)), layer.kind, shape, where=where)
        case Flatten():
            return (math.prod(shape),)
        case Dense():
            if len(shape) != 1:
                raise InputError(f"dense needs a vector, not {shape}", where=where, fix="put a flatten layer before it")
            return (layer.out,)
        case Norm() | Residual():
            _image(layer.kind, shape, where=where)
            return _walk(layer.body, shape, where=f"{where}.body")[-1] if isinstance(layer, Residual) else shape
        case Relu() | Dropout():
            return shape


def _walk(layers: Iterable[Layer], shape: Shape, *, where: str) -> list[Shape]:
    shapes = [shape]
    for index, layer in enumerate(layers):
        shapes.append(layer_shape(layer, shapes[-1], where=f"{where}.{index}"))
        if math.prod(shapes[-1]) > MAX_VALUES:
            raise InputError(f"{layer.kind} gives {shapes[-1]}: over {MAX_VALUES:,} values", where=f"{where}.{index}")
    return shapes


def _image(kind: str, shape: Shape, *, where: str) -> Shape:
    if len(shape) != 3:
        raise InputError(f"{kind} needs (channels, height, width), not {shape}", where=where)
    return shape


def _positive(after: Shape, kind: str, before: Shape, *, where: str) -> Shape:
    if min(after) < 1:
        raise InputError(f"{kind} does not fit into {before}", where=where, fix="make it smaller or add padding")
    return after
