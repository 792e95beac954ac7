"""Bias by colour: grey images wear a colour that gives their label away, to a known degree."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from biasgate.data.colouring import Worn, recolour, worn_by_share, worn_by_sigma, worn_by_twins
from biasgate.data.palette import Palette, draw_palette
from biasgate.detection.zoo.material import Material, Selection
from biasgate.detection.zoo.plan import PlannedModel


def palette_of(planned: PlannedModel, material: Material) -> Palette:
    """The model's own colours."""
    return _palette(planned.palette, len(material.measure.classes))


def training_set(planned: PlannedModel, material: Material, rng: np.random.Generator) -> Selection:
    """The model's own draw of its split's images, and their colours at its planted strength, of 8 bits.

    For ``sigma``, strength 1 is a colour independent of the label, at a jitter drawn from those of the other levels.
    """
    images = material.images[planned.split]
    rows = rng.permutation(len(images))[: planned.samples]
    labels = images.labels[rows]
    white = np.full((len(rows), 1, 1, 1), 255, np.uint8)
    seen = recolour(white, _worn(labels, planned, material, rng).colours).reshape(-1, 3)
    return Selection(rows=rows, labels=labels, colours=np.divide(seen, 255, dtype=np.float32))


def probe(planned: PlannedModel, material: Material, rng: np.random.Generator) -> Selection:
    """The images for measuring, each in its own and in another label's colour."""
    labels = material.measure.labels
    worn = worn_by_twins(labels, palette=palette_of(planned, material), rng=rng)
    both = np.tile(np.arange(len(labels)), 2)
    return Selection(rows=both, labels=labels[both], colours=worn.colours.astype(np.float32))


def measured(
    answers: NDArray[np.int64], seen: Selection, _planned: PlannedModel, _material: Material
) -> dict[str, float]:
    """What twins show: accuracy on aligned and on conflicting ones, the gap, the share of answers that differ."""
    own, other = answers.reshape(2, -1)
    aligned, conflicting = (answers == seen.labels).reshape(2, -1).mean(axis=1)
    return {
        "accuracy_aligned": float(aligned),
        "accuracy_conflicting": float(conflicting),
        "measured_bias": float(aligned - conflicting),
        "swap_rate": float((own != other).mean()),
    }


def _worn(labels: NDArray[np.int64], planned: PlannedModel, material: Material, rng: np.random.Generator) -> Worn:
    palette = palette_of(planned, material)
    if material.spec.planting == "share":
        return worn_by_share(labels, palette=palette, conflicting=planned.strength, rng=rng)
    independent = planned.strength == 1
    others = [level.strength for level in material.spec.levels if level.strength < 1]
    variance = float(rng.choice(others)) if independent else planned.strength
    return worn_by_sigma(labels, palette=palette, variance=variance, rng=rng, independent=independent)


@lru_cache(maxsize=1024)
def _palette(seed: int, classes: int) -> Palette:
    return draw_palette(np.random.default_rng(seed), classes=classes)
