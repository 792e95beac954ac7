"""What the models of a zoo are made from: the grey images of each role, and the coloured set of one model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biasgate.data.dataset import Dataset
from biasgate.data.palette import Palette, draw_palette
from biasgate.data.planting import plant_share, plant_sigma
from biasgate.data.source import open_dataset
from biasgate.data.splits import Role, role
from biasgate.zoo.plan import PlannedModel
from biasgate.zoo.spec import Split, ZooSpec

ROLES: dict[Split, Role] = {"train": "zoo_train", "validation": "zoo_validation", "test": "zoo_test"}


@dataclass(frozen=True)
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


def training_set(planned: PlannedModel, material: Material, rng: np.random.Generator) -> Dataset:
    """The model's own draw of its split's images, coloured at its planted strength.

    For ``sigma``, strength 1 is a colour independent of the label, at a jitter drawn from those of the other levels.
    """
    images = material.images[planned.split]
    rows = rng.permutation(len(images))[: planned.samples]
    chosen, palette = images.take(rows), palette_of(planned, material)
    if material.spec.planting == "share":
        return plant_share(chosen, palette=palette, conflicting=planned.strength, rng=rng)
    independent = planned.strength == 1
    others = [level.strength for level in material.spec.levels if level.strength < 1]
    variance = float(rng.choice(others)) if independent else planned.strength
    return plant_sigma(chosen, palette=palette, variance=variance, rng=rng, independent=independent)
