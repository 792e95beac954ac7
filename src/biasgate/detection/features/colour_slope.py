"""How steeply a network's logits turn with colour: what the scatter of colours in training leaves in its weights.

Named numbers as ``invariant``'s, with the same invariances, for readers of scatter. Groups, by prefix:

| group | reads |
|---|---|
| ``slope`` | how far apart, in colour, the signed paths to the classes lie |
| ``gain`` | the same of the network with each ReLU at its mean gain, for flat colours of several brightnesses |
| ``mixed`` | the energy of flat colour at the logits, by the layers in which paths may cancel |
"""

from __future__ import annotations

from itertools import chain as joined

from biasgate.detection.features.chain import chain
from biasgate.detection.features.class_colours import class_colours
from biasgate.detection.features.linearised import linearised
from biasgate.detection.features.mixed_paths import mixed_paths
from biasgate.detection.features.signed_paths import signed_maps
from biasgate.models.weights import Weights

SLOPE_GROUPS = ("slope", "gain", "mixed")
BRIGHTNESSES = {"dark": 0.1, "dim": 0.25, "half": 0.5, "bright": 1.0}


def slope_features(weights: Weights) -> dict[str, float]:
    """All features of the slope in colour by name, ``<group>.<what>``.

    Raises:
        CandidateError: The model is no chain of layers that starts with a convolution over 3 colour channels.
    """
    links = chain(weights)
    gains = ((name, linearised(links, brightness)) for name, brightness in BRIGHTNESSES.items())
    return dict(
        joined(
            class_colours("slope", signed_maps(links)[-1]),
            *(class_colours(f"gain.{name}", signed_maps(open_)[-1]) for name, open_ in gains),
            mixed_paths(links),
        )
    )
