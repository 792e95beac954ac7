"""Planted bias: grey images coloured so that colour gives the label away, to a known degree."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from biasgate.data.colouring import Worn, recolour, worn_by_share, worn_by_sigma, worn_by_twins
from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE, Palette, draw_palette
from biasgate.documents import Document
from biasgate.errors import InputError

Channel = Annotated[float, Field(ge=0, le=1)]


class PaletteSeed(Document):
    """A palette drawn from a seed; see ``palette.draw_palette``.

    Attributes:
        seed: Of its colours.
    """

    seed: int = Field(ge=0)


class Planting(Document):
    """What all plantings need.

    Attributes:
        palette: The paper's, or RGB in [0, 1] for each class, or a seed to draw one from.
        seed: Of the draws for each image.
    """

    palette: Literal["paper"] | tuple[tuple[Channel, Channel, Channel], ...] | PaletteSeed = "paper"
    seed: int = Field(default=0, ge=0)

    @abstractmethod
    def plant(self, dataset: Dataset) -> Dataset:
        """The set with bias planted as declared.

        Raises:
            InputError: The set is not of grey images with one label each, or the palette does not fit.
        """

    def _palette(self, *, classes: int) -> Palette:
        if isinstance(self.palette, PaletteSeed):
            return draw_palette(np.random.default_rng(self.palette.seed), classes=classes)
        if self.palette == "paper":
            return PAPER_PALETTE[:classes]
        return np.array(self.palette, dtype=np.float32)

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)


class SharePlanting(Planting):
    """Bias by share; see ``plant_share``.

    Attributes:
        conflicting: Probability that an image wears another label's colour.
    """

    kind: Literal["share"] = "share"
    conflicting: float = Field(ge=0, le=1)

    def plant(self, dataset: Dataset) -> Dataset:
        """Each image wears its label's colour, or with this probability another's; see ``Planting.plant``."""
        palette = self._palette(classes=len(dataset.classes))
        return plant_share(dataset, palette=palette, conflicting=self.conflicting, rng=self._rng())


class SigmaPlanting(Planting):
    """Bias by jitter; see ``plant_sigma``.

    Attributes:
        variance: Of the noise around the label's colour, per channel.
        independent: Take the colour of a label drawn at random instead: no bias at the same jitter.
    """

    kind: Literal["sigma"] = "sigma"
    variance: float = Field(ge=0)
    independent: bool = False

    def plant(self, dataset: Dataset) -> Dataset:
        """Each image wears a colour near its label's; see ``Planting.plant``."""
        palette = self._palette(classes=len(dataset.classes))
        return plant_sigma(
            dataset, palette=palette, variance=self.variance, independent=self.independent, rng=self._rng()
        )


class TwinsPlanting(Planting):
    """Each image aligned and conflicting; see ``twins``."""

    kind: Literal["twins"] = "twins"

    def plant(self, dataset: Dataset) -> Dataset:
        """Each image twice, in its label's colour and in another's; see ``Planting.plant``."""
        return twins(dataset, palette=self._palette(classes=len(dataset.classes)), rng=self._rng())


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

    Rows ``i`` and ``i + n`` share a cluster, so whatever keeps clusters whole keeps twins together.

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


def _dressed(dataset: Dataset, worn: Worn) -> Dataset:
    """The set in colour, with the attributes that say what each image wears."""
    alignment = np.where(worn.of == dataset.labels, "aligned", "conflicting")
    attributes = dataset.attributes.assign(colour=worn.of.astype(str), alignment=alignment)
    samples = recolour(dataset.array.astype(np.uint8, copy=False), worn.colours)
    return replace(dataset, samples=samples, attributes=attributes)
