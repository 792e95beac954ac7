"""A network as a chain of linear maps with ReLU between: the form that features are read from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.weights import LayerWeights, Weights

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Link:
    """One linear map.

    Attributes:
        weight: ``[out, in, taps]``; the taps are a convolution's kernel positions, or the image positions that a
            flatten layer hands to a dense one.
        bias: ``[out]``.
        kernel: Height and width of a convolution's kernel; (1, 1) for a dense layer.
    """

    weight: Array
    bias: Array
    kernel: tuple[int, int]

    @cached_property
    def summed(self) -> Array:
        """Weights ``[out, in]`` summed over the taps: what an even input meets."""
        return self.weight.sum(axis=2)

    @cached_property
    def power(self) -> Array:
        """Squared weights ``[out, in]`` summed over the taps."""
        return np.einsum("oit,oit->oi", self.weight, self.weight)


def chain(weights: Weights) -> tuple[Link, ...]:
    """The links in order, in double precision.

    Raises:
        CandidateError: The first layer is no convolution over 3 channels, or the layers do not follow one another:
            such a model has no features.
    """
    if len(weights.layers) < 2 or weights.layers[0].kind != "conv":
        raise CandidateError("features need a convolution over 3 colour channels, then further layers")
    links: list[Link] = []
    for layer in weights.layers:
        links.append(_link(layer, channels=len(links[-1].bias) if links else 3))
    return tuple(links)


def _link(layer: LayerWeights, *, channels: int) -> Link:
    weight = layer.weight.astype(np.float64)
    fits = weight.shape[1] == channels if layer.kind == "conv" else weight.shape[1] % channels == 0
    if not fits:
        raise CandidateError(
            f"a layer of shape {list(weight.shape)} does not follow {channels} channels", where=layer.name
        )
    kernel = (weight.shape[2], weight.shape[3]) if layer.kind == "conv" else (1, 1)
    return Link(weight.reshape(len(weight), channels, -1), layer.bias.astype(np.float64), kernel)
