"""What the models of a zoo are made from: the grey images of each role, and what one model sees of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.data.palette import Palette, draw_palette
from biasgate.data.planting import plant_share, plant_sigma
from biasgate.data.source import open_dataset
from biasgate.data.splits import Role, role
from biasgate.zoo.plan import PlannedModel
from biasgate.zoo.spec import Split, ZooSpec

ROLES: dict[Split, Role] = {"train": "zoo_train", "validation": "zoo_validation", "test": "zoo_test"}


@dataclass(frozen=True, eq=False)
class Material:
    """The spec of a zoo with its images.

    Attributes:
        spec: The zoo.
        images: Grey images each split's models learn from; disjoint.
        measure: Grey images every model's bias is measured on; disjoint from all of those.
    """

    spec: ZooSpec
    images: dict[Split, Dataset]
    measure: Dataset


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What one model learns from: ``grey image * colour``, never multiplied out.

    Attributes:
        rows: Indices into its split's images, ``int64 [n]``.
        labels: ``int64 [n]``.
        colours: The colour that each image wears, ``float32 [n, 3]`` in [0, 1]: that of a white pixel once planted.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    colours: NDArray[np.float32]


def load_material(spec: ZooSpec) -> Material:
    """Opens the spec's data set and deals its units out to the splits."""
    dataset = open_dataset(spec.dataset)
    return Material(
        spec=spec,
        images={split: role(dataset, name) for split, name in ROLES.items()},
        measure=role(dataset, "measure"),
    )


def palette_of(planned: PlannedModel, material: Material) -> Palette:
    """The model's own colours."""
    return draw_palette(np.random.default_rng(planned.palette), classes=len(material.measure.classes))


def training_set(planned: PlannedModel, material: Material, rng: np.random.Generator) -> TrainingSet:
    """The model's own draw of its split's images, and their colours at its planted strength.

    For ``sigma``, strength 1 is a colour independent of the label, at a jitter drawn from those of the other levels.
    """
    images = material.images[planned.split]
    rows = rng.permutation(len(images))[: planned.samples]
    white = replace(images.take(rows), samples=np.full((len(rows), 1, 1, 1), 255, np.uint8))
    worn = _planted(white, planned, material, rng).samples.reshape(-1, 3)
    return TrainingSet(rows=rows, labels=images.labels[rows], colours=np.divide(worn, 255, dtype=np.float32))


def _planted(images: Dataset, planned: PlannedModel, material: Material, rng: np.random.Generator) -> Dataset:
    palette = palette_of(planned, material)
    if material.spec.planting == "share":
        return plant_share(images, palette=palette, conflicting=planned.strength, rng=rng)
    independent = planned.strength == 1
    others = [level.strength for level in material.spec.levels if level.strength < 1]
    variance = float(rng.choice(others)) if independent else planned.strength
    return plant_sigma(images, palette=palette, variance=variance, rng=rng, independent=independent)
