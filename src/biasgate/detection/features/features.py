"""Weight features: named numbers read from a model's weights, without inference.

Each is invariant to permuting hidden units, to rescaling ReLU units and to turning the chroma plane. Groups, by prefix:

| group | reads |
|---|---|
| ``path`` | shares of path energy that start in luma or chroma, in each frequency band; the total |
| ``linear`` | the signed linear path to each layer: its colour shares, its chroma singular values, its coherence |
| ``spatial`` | the same with one layer's positions kept apart: what is even over them, what varies |
| ``selectivity`` | how strongly single units take in chroma, weighted by their importance, layer by layer |
| ``kernel`` | how much of each later kernel is flat, and how much of it inhibits |
| ``bias`` | biases against the energy that arrives |
| ``spectrum`` | ranks of the balanced weights and of the importances |
"""

from __future__ import annotations

from itertools import chain as joined

from biasgate.detection.features import energy, signed
from biasgate.detection.features.chain import chain
from biasgate.detection.features.paths import paths
from biasgate.models.weights import Weights

GROUPS = ("path", "linear", "spatial", "selectivity", "kernel", "bias", "spectrum")


def weight_features(weights: Weights) -> dict[str, float]:
    """All weight features of a model by name, ``<group>.<what>``; layers count from 1.

    Raises:
        CandidateError: The model is no chain of layers that starts with a convolution over 3 colour channels.
    """
    links = chain(weights)
    flows, maps = paths(links), signed.signed_maps(links)
    return dict(
        joined(
            energy.path(flows),
            signed.linear(links, maps, flows),
            signed.spatial(links, maps, flows),
            energy.selectivity(flows),
            energy.kernel(flows),
            energy.bias(flows),
            energy.spectrum(flows),
        )
    )


def group_of(feature: str) -> str:
    """The group that a feature belongs to."""
    return feature.split(".", 1)[0]
