"""What the models of a zoo are made from: the images of each role, and what one model sees of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.data.source import open_dataset
from biasgate.data.splits import Role, role
from biasgate.detection.zoo.spec import Split, ZooSpec

ROLES: dict[Split, Role] = {"train": "zoo_train", "validation": "zoo_validation", "test": "zoo_test"}


@dataclass(frozen=True, eq=False)
class Material:
    """The spec of a zoo with its images.

    Attributes:
        spec: The zoo.
        images: Images each split's models learn from; disjoint.
        measure: Images every model's bias is measured on; disjoint from all of those.
    """

    spec: ZooSpec
    images: dict[Split, Dataset]
    measure: Dataset


@dataclass(frozen=True, eq=False)
class Selection:
    """Images that one model learns from or is measured on; of grey ones ``grey image * colour``, never multiplied out.

    Attributes:
        rows: Indices into the images of its split, or into those for measuring, ``int64 [n]``.
        labels: ``int64 [n]``.
        colours: The colour that each grey image wears, ``float32 [n, 3]`` in [0, 1].
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    colours: NDArray[np.float32] | None = None


def load_material(spec: ZooSpec) -> Material:
    """Opens the spec's data set and deals its clusters out to the splits."""
    dataset = open_dataset(spec.dataset)
    return Material(
        spec=spec,
        images={split: role(dataset, name) for split, name in ROLES.items()},
        measure=role(dataset, "measure"),
    )
