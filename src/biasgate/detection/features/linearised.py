"""A network whose every ReLU is replaced by the gain that it has on average: what else signed paths can be read off.

A signed path lets every ReLU through. Units pass about half, and which half depends on their biases. Statistical
linearisation (Gelb and Vander Velde 1968) replaces a ReLU by its best linear fit for a Gaussian input of mean m and
standard deviation s: the gain is Φ(m/s), the mean passed on is m Φ(m/s) + s φ(m/s). No image is needed: the input is
one flat colour, each channel of mean 1/2 and variance 1/12, as of a colour drawn evenly, times a brightness.
"""

from __future__ import annotations

from dataclasses import replace
from math import erf, sqrt

import numpy as np

from biasgate.detection.features.chain import Array, Link
from biasgate.detection.features.named import TINY

MEAN, SPREAD = 1 / 2, 1 / np.sqrt(12)


def linearised(links: tuple[Link, ...], brightness: float) -> tuple[Link, ...]:
    """The same links, each unit's outgoing weights times its gain; biases stay.

    Args:
        links: A network.
        brightness: Of the flat colours, in (0, 1]: the dimmer, the more do biases decide what passes.
    """
    slope = brightness * links[0].summed
    mean = MEAN * slope.sum(axis=1) + links[0].bias
    found = [links[0]]
    for link in links[1:]:
        spread = SPREAD * np.sqrt((slope**2).sum(axis=1) + TINY)
        gain = _below(mean / spread)
        passed = mean * gain + spread * np.exp(-((mean / spread) ** 2) / 2) / np.sqrt(2 * np.pi)
        found.append(replace(link, weight=link.weight * gain[None, :, None]))
        slope, mean = link.summed @ (gain[:, None] * slope), link.summed @ passed + link.bias
    return tuple(found)


def _below(z: Array) -> Array:
    """The share of a standard Gaussian below each value."""
    return np.array([(1 + erf(value / sqrt(2))) / 2 for value in z.tolist()])
