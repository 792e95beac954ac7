"""Invariant features: named numbers that do not change when the same network is written down another way.

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

from biasgate.detection.features import path_energy, signed_paths
from biasgate.detection.features.chain import chain
from biasgate.models.weights import Weights

INVARIANT_GROUPS = ("path", "linear", "spatial", "selectivity", "kernel", "bias", "spectrum")


def invariant_features(weights: Weights) -> dict[str, float]:
    """All invariant features of a model by name, ``<group>.<what>``; layers count from 1.

    Raises:
        CandidateError: The model is no chain of layers that starts with a convolution over 3 colour channels.
    """
    links = chain(weights)
    flows, maps = path_energy.paths(links), signed_paths.signed_maps(links)
    return dict(
        joined(
            path_energy.path(flows),
            signed_paths.linear(links, maps, flows),
            signed_paths.spatial(links, maps, flows),
            path_energy.selectivity(flows),
            path_energy.kernel(flows),
            path_energy.bias(flows),
            path_energy.spectrum(flows),
        )
    )
