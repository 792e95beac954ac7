"""What a heatmap says, in numbers: one statistic an image, never one a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.data.regions import RegionMap

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RegionNumbers:
    """Heatmaps of one method, by image, label and region; ``r`` is relevance, ``p = |r|``, ``w`` a region's coverage.

    Attributes:
        parts: Relevance share (RRF) of each region, ``Σ w p / Σ p``; adds up to one ``[n, labels, regions]``.
        net: Signed relevance of each region, ``Σ w r``; adds up to the map's sum ``[n, labels, regions]``.
        share: RRF of the regions where the label shows ``[n, labels]``.
        density: Log of the mean of p inside those regions over the mean outside, both per area: zero when relevance
            lies anywhere alike ``[n, labels]``.
    """

    parts: Floats
    net: Floats
    share: Floats
    density: Floats


def region_numbers(maps: NDArray[np.float32], regions: RegionMap, labels: tuple[str, ...]) -> RegionNumbers:
    """Summarises heatmaps ``[n, labels, height, width]``; a map of zeros has share and density of an even one.

    That ``p`` is the absolute value is our reading: a label's regions matter for its absence as much as its presence.

    Raises:
        InputError: A label has no regions (see ``RegionMap.inside``).
    """
    height, width = maps.shape[2:]
    coverage, signed = regions.coverage(height, width), maps.astype(np.float64)
    size = np.abs(signed)
    even = size.sum(axis=(2, 3), keepdims=True) == 0
    size = np.where(even, 1.0, size)
    parts = _by_region(size, coverage) / size.sum(axis=(2, 3))[..., None]
    inside = np.stack([regions.inside(label, height, width) for label in labels])
    share = np.einsum("nlhw,lhw->nl", size, inside) / size.sum(axis=(2, 3))
    area = inside.mean(axis=(1, 2))
    tiny = np.finfo(float).tiny
    density = np.log(np.maximum(share, tiny) / area) - np.log(np.maximum(1 - share, tiny) / (1 - area))
    return RegionNumbers(parts=parts, net=_by_region(signed, coverage), share=share, density=density)


def _by_region(values: Floats, coverage: Floats) -> Floats:
    return np.einsum("nlhw,rhw->nlr", values, coverage)
