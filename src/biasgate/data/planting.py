"""Planted bias: grey images coloured so that colour gives the label away, to a known degree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE, Palette, draw_palette
from biasgate.errors import InputError

__all__ = [
    "PAPER_PALETTE",
    "Palette",
    "Worn",
    "draw_palette",
    "plant_share",
    "plant_sigma",
    "recolour",
    "twins",
    "worn_by_share",
    "worn_by_sigma",
    "worn_by_twins",
]


@dataclass(frozen=True, eq=False)
class Worn:
    """What images wear.

    Attributes:
        of: The class whose colour it is, or that the colour scatters around, ``int64 [n]``.
        colours: In [0, 1], ``[n, 3]``.
    """

    of: NDArray[np.int64]
    colours: NDArray[np.floating]


def plant_share(dataset: Dataset, *, palette: Palette, conflicting: float, rng: np.random.Generator) -> Dataset:
    """Bias by share: an image wears its label's colour, or with probability ``conflicting`` another label's.

    The other label is uniform, so of k classes a share of ``1 - 1/k`` makes colour independent of the label; when
    labels are balanced, the marginal distribution of colours is the same at every share.

    Args:
        dataset: Grey images, one label each.
        palette: One colour a class.
        conflicting: Probability in [0, 1].
        rng: Where the draws come from.

    Returns:
        RGB images with the attributes ``colour`` (index of the class whose colour is worn) and ``alignment``
        (``aligned`` or ``conflicting``).

    Raises:
        InputError: The set is not of grey images, the palette does not fit, or ``conflicting`` is no probability.
    """
    _check(dataset, palette)
    if not 0 <= conflicting <= 1:
        raise InputError(f"conflicting share {conflicting} is no probability", where=dataset.name)
    return _dressed(dataset, worn_by_share(dataset.labels, palette=palette, conflicting=conflicting, rng=rng))


def plant_sigma(
    dataset: Dataset, *, palette: Palette, variance: float, rng: np.random.Generator, independent: bool = False
) -> Dataset:
    """Bias by jitter: an image wears its label's colour plus Gaussian noise, the same over the image.

    The larger the variance, the less colour tells. Construction of Colored MNIST (Kim et al. 2019; variances 0.02 to
    0.05).

    Args:
        dataset: Grey images, one label each.
        palette: One colour a class.
        variance: Of the noise, per channel, colours in [0, 1]; noisy colours are clipped to [0, 1].
        rng: Where the draws come from.
        independent: Take the mean colour of a uniformly drawn label instead: no bias at the same jitter.

    Returns:
        As ``plant_share``; ``colour`` is the class of the mean colour.

    Raises:
        InputError: The set is not of grey images, the palette does not fit, or the variance is negative.
    """
    _check(dataset, palette)
    if not 0 <= variance < np.inf:
        raise InputError(f"variance {variance} is not a finite number above or at zero", where=dataset.name)
    worn = worn_by_sigma(dataset.labels, palette=palette, variance=variance, rng=rng, independent=independent)
    return _dressed(dataset, worn)


def twins(dataset: Dataset, *, palette: Palette, rng: np.random.Generator) -> Dataset:
    """Every image twice, alike but for colour: rows ``0..n`` wear their label's, rows ``n..2n`` a uniform other one's.

    Rows ``i`` and ``i + n`` share a unit, so whatever keeps units whole keeps twins together.

    Args:
        dataset: ``n`` grey images, one label each.
        palette: One colour a class.
        rng: Where the conflicting colours come from.

    Returns:
        ``2n`` RGB images with the attributes of ``plant_share``.

    Raises:
        InputError: The set is not of grey images, or the palette does not fit.
    """
    _check(dataset, palette)
    both = dataset.take(np.tile(np.arange(len(dataset)), 2))
    return _dressed(both, worn_by_twins(dataset.labels, palette=palette, rng=rng))


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


def _check(dataset: Dataset, palette: Palette) -> None:
    """Refuses what cannot be coloured."""
    if dataset.samples.ndim != 4 or dataset.samples.shape[-1] != 1 or dataset.samples.dtype != np.uint8:
        raise InputError(
            f"samples are {dataset.samples.dtype} {list(dataset.samples.shape)}, not grey images [n, height, width, 1]",
            where=dataset.name,
            fix="plant bias in a set of 8-bit grey images",
        )
    if dataset.labels.ndim != 1 or len(dataset.classes) < 2:
        raise InputError("colour needs one label an image, of two or more classes", where=dataset.name)
    if palette.shape != (len(dataset.classes), 3) or not ((palette >= 0) & (palette <= 1)).all():
        raise InputError(
            f"the palette is no table of {len(dataset.classes)} RGB colours in [0, 1]",
            where=dataset.name,
            fix="give one colour a class",
        )


def _other_labels(labels: NDArray[np.int64], palette: Palette, rng: np.random.Generator) -> NDArray[np.int64]:
    """A uniformly drawn label other than the image's own ``[n]``."""
    classes = len(palette)
    return (labels + rng.integers(1, classes, size=len(labels))) % classes


def _dressed(dataset: Dataset, worn: Worn) -> Dataset:
    """The set in colour, with the attributes that say what each image wears."""
    alignment = np.where(worn.of == dataset.labels, "aligned", "conflicting")
    attributes = dataset.attributes.assign(colour=worn.of.astype(str), alignment=alignment)
    samples = recolour(dataset.samples.astype(np.uint8, copy=False), worn.colours)
    return replace(dataset, samples=samples, attributes=attributes)
