"""The images of an audit: those to learn from, and those to be measured on, clean and perturbed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.audit.perturb import Images, perturb
from biasgate.audit.spec import AuditSpec
from biasgate.data.dataset import Dataset
from biasgate.data.source import open_dataset
from biasgate.errors import InputError

CLEAN = "clean"


@dataclass(frozen=True, eq=False)
class Material:
    """An audit's data.

    Attributes:
        train: What models learn from.
        test: What they are measured on.
        views: The test images by the perturbation they went through, the clean ones first.
    """

    train: Dataset
    test: Dataset
    views: dict[str, Images]


def load_material(spec: AuditSpec) -> Material:
    """Opens both data sets and perturbs the test images.

    Raises:
        InputError: A set is not of 8-bit images of the architecture's size with one label each, or a test image is
            among those to learn from.
    """
    train, test = open_dataset(spec.train), open_dataset(spec.test)
    for dataset in (train, test):
        _check(dataset, spec)
    if shared := len(_fingerprints(train.array) & _fingerprints(test.array)):
        fix = "use disjoint roles, seeds or partitions"
        raise InputError(f"{shared} test images are also learned from", where=spec.name, fix=fix)
    images = test.array.astype(np.uint8, copy=False)
    made = {
        change.label: perturb(images, change, seed=spec.seed + place)
        for place, change in enumerate(spec.perturbations, 1)
    }
    return Material(train=train, test=test, views={CLEAN: images, **made})


def _check(dataset: Dataset, spec: AuditSpec) -> None:
    channels, *sides = spec.architecture.input if len(spec.architecture.input) == 3 else (0,)
    if dataset.samples.dtype != np.uint8 or dataset.samples.shape[1:] != (*sides, channels):
        found, wanted = list(dataset.samples.shape[1:]), [*sides, channels]
        raise InputError(f"samples are {dataset.samples.dtype} {found}, not 8-bit images {wanted}", where=dataset.name)
    if dataset.labels.ndim != 1:
        raise InputError("an audit needs one label an image", where=dataset.name, fix="choose one attribute as label")


def _fingerprints(images: NDArray[np.generic]) -> set[bytes]:
    return {image.tobytes() for image in images}
