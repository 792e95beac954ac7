"""What images wear: a colour for each, drawn in one of three ways, and how grey images take it on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.data.palette import Palette


@dataclass(frozen=True, eq=False)
class Worn:
    """What images wear.

    Attributes:
        of: The class whose colour it is, or that the colour scatters around, ``int64 [n]``.
        colours: In [0, 1], ``[n, 3]``.
    """

    of: NDArray[np.int64]
    colours: NDArray[np.floating]


def worn_by_share(labels: NDArray[np.int64], *, palette: Palette, conflicting: float, rng: np.random.Generator) -> Worn:
    """What ``plant_share`` dresses images of these labels in."""
    flips = rng.random(len(labels)) < conflicting
    worn = np.where(flips, _other_labels(labels, palette, rng), labels)
    return Worn(worn, palette[worn])


def worn_by_sigma(
    labels: NDArray[np.int64], *, palette: Palette, variance: float, rng: np.random.Generator, independent: bool = False
) -> Worn:
    """What ``plant_sigma`` dresses images of these labels in."""
    worn = rng.integers(len(palette), size=len(labels)) if independent else labels
    noise = rng.normal(scale=np.sqrt(variance), size=(len(labels), 3))
    return Worn(worn, np.clip(palette[worn] + noise, 0, 1))


def worn_by_twins(labels: NDArray[np.int64], *, palette: Palette, rng: np.random.Generator) -> Worn:
    """What ``twins`` of these labels wear: ``[2n]``."""
    worn = np.concatenate([labels, _other_labels(labels, palette, rng)])
    return Worn(worn, palette[worn])


def recolour(grey: NDArray[np.uint8], colours: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Images in which full intensity becomes a colour and black stays black: ``rgb = grey * colour``, rounded.

    Args:
        grey: ``[n, height, width, 1]``.
        colours: ``[n, 3]`` in [0, 1].

    Returns:
        ``[n, height, width, 3]``.
    """
    factors = colours.astype(np.float32)[:, None, None, :]
    images = np.empty((*grey.shape[:3], 3), dtype=np.uint8)
    for channel in range(3):
        images[..., channel] = grey[..., 0] * factors[..., channel] + np.float32(0.5)
    return images


def _other_labels(labels: NDArray[np.int64], palette: Palette, rng: np.random.Generator) -> NDArray[np.int64]:
    """A uniformly drawn label other than the image's own ``[n]``."""
    classes = len(palette)
    return (labels + rng.integers(1, classes, size=len(labels))) % classes
