"""The layers of an architecture in their places, each with the shapes before and after, without building them."""

from __future__ import annotations

import math

from biasgate.errors import InputError
from biasgate.models.architecture import Architecture
from biasgate.models.chain import MAX_VALUES, place
from biasgate.models.layer import Placed, Shape


def placed(architecture: Architecture) -> list[Placed]:
    """The layers in their places.

    Raises:
        InputError: A layer does not fit what reaches it, or the last gives no logits; names the layer.
    """
    if not architecture.layers[-1].gives_logits:
        raise InputError(
            "the last layer is not dense", where=architecture.name, fix="end with a dense layer of one unit a class"
        )
    if math.prod(architecture.input) > MAX_VALUES:
        raise InputError(f"input {architecture.input} has over {MAX_VALUES:,} values", where=architecture.name)
    return place(architecture.layers, architecture.input, name="layers", where=f"{architecture.name}, layers")


def layer_shapes(architecture: Architecture) -> list[Shape]:
    """Shape of one sample before the first layer and after each: ``len(layers) + 1`` shapes.

    Raises:
        InputError: See ``placed``.
    """
    return [architecture.input, *(part.after for part in placed(architecture))]
