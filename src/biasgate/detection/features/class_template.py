"""The class template: which edges of brightness, and where, speak for which class.

It tells tasks apart: networks of one task weigh the same shapes for the same classes, whoever trained them, and a
network of another task does not. Colour is left out, since palettes differ, and so is flat brightness.
"""

from __future__ import annotations

import numpy as np

from biasgate.detection.features.chain import Array, arrives, chain
from biasgate.detection.features.colour import BANDS, bands
from biasgate.detection.features.signed_paths import onwards, signed_maps
from biasgate.models.weights import Weights

TEMPLATE = "template"
WAVES = BANDS.index("low")


def class_template(weights: Weights) -> dict[str, float]:
    """Of each class at each kernel position of the last convolution, the signed path from each wave of brightness.

    ``template.<class>.<position>.<wave>``: waves are the first layer's cosine frequencies of order 1 and 2. The mean
    over classes and the mean over positions are taken off and the whole has length 1, so that it is invariant to
    permuting and rescaling hidden units; a network with one convolution has none.

    Raises:
        CandidateError: The model is no chain of layers that starts with a convolution over 3 colour channels.
    """
    links = chain(weights)
    spatial = [place for place, link in enumerate(links) if place and link.weight.shape[2] > 1]
    if not spatial:
        return {}
    last, waves = spatial[-1], bands(*links[0].kernel).ravel() == WAVES
    brightness = arrives(links[last], signed_maps(links))[:, 0, waves]
    here = np.tensordot(links[last].weight, brightness, axes=([1], [0]))
    seen = np.tensordot(onwards(links)[last], here, axes=1)
    seen = seen - seen.mean(axis=0)
    seen = seen - seen.mean(axis=1, keepdims=True)
    return _named(seen / max(float(np.linalg.norm(seen)), np.finfo(float).tiny))


def _named(template: Array) -> dict[str, float]:
    return {
        f"{TEMPLATE}.{label}.{position}.{wave}": float(value)
        for (label, position, wave), value in np.ndenumerate(template)
    }
