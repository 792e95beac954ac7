"""Bias by composition: most of the people that a model learns from are of one subgroup, all labels equally often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.detection.zoo.material import Material, Selection
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.errors import InputError


def training_set(planned: PlannedModel, material: Material, rng: np.random.Generator) -> Selection:
    """The model's own draw: the planted share from the subgroup of its level, the rest from the others, all equal.

    Every subgroup has equally many of each label, so that neither labels nor the other subgroups' sizes tell it.

    Raises:
        InputError: The split has too few images of a subgroup and label.
    """
    images = material.images[planned.split]
    subgroups, classes = subgroups_of(images, material), len(images.classes)
    others = len(material.spec.levels) - 1
    rows: list[NDArray[np.int64]] = []
    for level in material.spec.levels:
        share = planned.strength if level.name == planned.level else (1 - planned.strength) / others
        wanted = round(planned.samples * share / classes)
        for label in range(classes):
            there = np.flatnonzero((subgroups == level.name) & (images.labels == label))
            if len(there) < wanted:
                raise InputError(
                    f"{len(there)} images of {images.classes[label]}, {level.name}, where {wanted} are needed",
                    where=material.spec.name,
                    fix="use a larger data set or fewer samples",
                )
            rows.append(rng.permutation(there)[:wanted])
    chosen = rng.permutation(np.concatenate(rows))
    return Selection(rows=chosen, labels=images.labels[chosen])


def probe(_planned: PlannedModel, material: Material, _rng: np.random.Generator) -> Selection:
    """The images for measuring, as they are."""
    return Selection(rows=np.arange(len(material.measure)), labels=material.measure.labels)


def measured(
    answers: NDArray[np.int64], seen: Selection, planned: PlannedModel, material: Material
) -> dict[str, float]:
    """Accuracy in each subgroup, labels weighed alike; the favoured one's minus the mean of the others'."""
    subgroups, right = subgroups_of(material.measure, material)[seen.rows], answers == seen.labels
    accuracy = {
        level.name: float(
            np.mean([right[(subgroups == level.name) & (seen.labels == c)].mean() for c in np.unique(seen.labels)])
        )
        for level in material.spec.levels
    }
    others = float(np.mean([value for name, value in accuracy.items() if name != planned.level]))
    return {
        **{f"accuracy_{name}": value for name, value in accuracy.items()},
        "accuracy_aligned": accuracy[planned.level],
        "accuracy_conflicting": others,
        "measured_bias": accuracy[planned.level] - others,
    }


def subgroups_of(images: Dataset, material: Material) -> NDArray[np.str_]:
    """Each image's subgroup ``[n]``.

    Raises:
        InputError: The data set has no such attribute.
    """
    return images.attribute(material.spec.attribute or "")
