"""A network as linear maps with ReLU between, each taking a sum of others: the form that features are read from.

Branches that are summed (residual blocks) are several sources of the map behind them; a depthwise convolution is a map
that is diagonal in its channels. Attention is the map of its values: its weights are taken at their mean over places,
which is a mean like a pool's, and paths pass pools as they are. So a plain chain is a network in which each map has one
source, the one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

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
        sources: Places of the links whose outputs, summed, it takes; none for the first, which takes the image.
    """

    weight: Array
    bias: Array
    kernel: tuple[int, int]
    sources: tuple[int, ...]

    @cached_property
    def summed(self) -> Array:
        """Weights ``[out, in]`` summed over the taps: what an even input meets."""
        return self.weight.sum(axis=2)

    @cached_property
    def power(self) -> Array:
        """Squared weights ``[out, in]`` summed over the taps."""
        return np.einsum("oit,oit->oi", self.weight, self.weight)


def arrives(at: Link, given: Sequence[Array]) -> Array:
    """The sum of what a link's sources give: ``[in, …]``, where ``given`` is ``[units, …]`` a link."""
    return reduce(np.add, (given[source] for source in at.sources))


def backwards(links: Sequence[Link], last: Array, step: Callable[[Array, Link], Array]) -> tuple[Array, ...]:
    """From each link's units to the logits, ``[…, units]``: the sum over all links that take what it gives.

    Args:
        links: In the order of the forward pass.
        last: Of the last link's units.
        step: From ``[…, out]`` of a link to ``[…, in]``.
    """
    found: dict[int, Array] = {len(links) - 1: last}
    for place in range(len(links) - 1, 0, -1):
        entering = step(found[place], links[place])
        for source in links[place].sources:
            found[source] = found[source] + entering if source in found else entering
    return tuple(found[place] for place in range(len(links)))


def chain(weights: Weights) -> tuple[Link, ...]:
    """The links in order, in double precision; layers that no path leads from to the last are left out.

    Raises:
        CandidateError: The first layer is no convolution over 3 channels, or the layers do not follow one another:
            such a model has no features.
    """
    layers = weights.layers
    if len(layers) < 2 or layers[0].kind != "conv":
        raise CandidateError("features need a convolution over 3 colour channels, then further layers")
    row = [(place - 1,) if place else () for place in range(len(layers))]
    sources = [flow.sources for flow in weights.wiring or ()] or row
    links: dict[int, Link] = {}
    for place in _on_paths(sources):
        channels = {len(links[source].bias) for source in sources[place]} if place else {3}
        taken = tuple(list(links).index(source) for source in sources[place])
        links[place] = _link(layers[place], given=channels.pop() if len(channels) == 1 else 0, sources=taken)
    return tuple(links.values())


def _on_paths(sources: Sequence[tuple[int, ...]]) -> list[int]:
    """Those that the last depends on, in order."""
    found = {len(sources) - 1}
    for place in range(len(sources) - 1, -1, -1):
        if place in found:
            found.update(sources[place])
    return sorted(found)


def _link(layer: LayerWeights, *, given: int, sources: tuple[int, ...]) -> Link:
    """The map of a layer that ``given`` channels reach."""
    weight = layer.weight.astype(np.float64)
    out, width = weight.shape[:2]
    groups = given // width if layer.kind == "conv" and sources else 1
    fits = groups * width == given and out % groups == 0 if layer.kind == "conv" else given and width % given == 0
    if not fits:
        raise CandidateError(
            f"a layer of shape {list(weight.shape)} does not follow {given} channels", where=layer.name
        )
    kernel = (weight.shape[2], weight.shape[3]) if layer.kind == "conv" else (1, 1)
    whole = _ungrouped(weight.reshape(out, width, -1), groups) if groups > 1 else weight.reshape(out, given, -1)
    return Link(whole, layer.bias.astype(np.float64), kernel, sources)


def _ungrouped(weight: Array, groups: int) -> Array:
    """A convolution in groups ``[out, in / groups, taps]`` as one that is zero between them ``[out, in, taps]``."""
    out, width, taps = weight.shape
    whole = np.zeros((groups, out // groups, groups, width, taps))
    own = np.arange(groups)
    whole[own, :, own] = weight.reshape(groups, out // groups, width, taps)
    return whole.reshape(out, groups * width, taps)
