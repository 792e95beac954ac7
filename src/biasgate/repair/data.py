"""What a repair learns from: samples, labels and the sensitive attribute, as tensors; importing this imports torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError

GROUPS = ("aligned", "conflicting")


@dataclass(frozen=True, eq=False)
class Material:
    """All that a method may know: samples, labels, and what their owner wrote down about each.

    Attributes:
        samples: Images ``float32 [n, channels, height, width]`` in [0, 1], or rows ``float32 [n, features]`` as stored.
        labels: ``int64 [n]``.
        values: Value of the sensitive attribute, ``int64 [n]``, below ``kinds``.
        kinds: Number of values; 2 or more.
        aligned: Whether the attribute agrees with the label as it did in training, ``bool [n]``.
        units: What each sample is of, ``int64 [n]``: an image coloured twice is one unit.
    """

    samples: Tensor
    labels: Tensor
    values: Tensor
    kinds: int
    aligned: Tensor
    units: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Tensor) -> Material:
        """The same with only these rows."""
        return Material(
            samples=self.samples[rows],
            labels=self.labels[rows],
            values=self.values[rows],
            kinds=self.kinds,
            aligned=self.aligned[rows],
            units=self.units[rows],
        )


def material(dataset: Dataset, *, attribute: str) -> Material:
    """Takes from a data set what a repair needs.

    Args:
        dataset: 8-bit images or rows, one label each, with ``attribute`` and ``alignment`` (``aligned`` or
            ``conflicting``).
        attribute: The sensitive attribute that decisions shall not lean on.

    Raises:
        InputError: The set is of neither images nor rows, holds NaN, is multi-label, lacks an attribute, or one has
            too few values.
    """
    samples = _tensor(dataset)
    kinds, values = np.unique(dataset.attribute(attribute), return_inverse=True)
    groups = dataset.attribute("alignment")
    if len(kinds) < 2:
        raise InputError(
            f"attribute {attribute!r} has {len(kinds)} value", where=dataset.name, fix="repair needs at least two"
        )
    if set(groups) != set(GROUPS):
        raise InputError(
            f"alignment has the values {sorted(set(groups))}",
            where=dataset.name,
            fix="repair needs both 'aligned' and 'conflicting' samples, and no others",
        )
    return Material(
        samples=samples,
        labels=torch.from_numpy(dataset.labels),
        values=torch.from_numpy(values.astype(np.int64)),
        kinds=len(kinds),
        aligned=torch.from_numpy(groups == "aligned"),
        units=torch.from_numpy(dataset.units),
    )


def _tensor(dataset: Dataset) -> Tensor:
    """Samples as ``Material`` holds them."""
    stored, images = dataset.samples, dataset.samples.ndim == 4
    if dataset.labels.ndim != 1 or not (stored.ndim == 2 or (images and stored.dtype == np.uint8)):
        raise InputError("samples are neither 8-bit images nor rows with one label each", where=dataset.name)
    if not np.isfinite(stored).all():
        raise InputError("samples hold NaN or infinities", where=dataset.name, fix="fill or drop what is missing")
    return torch.from_numpy(stored).permute(0, 3, 1, 2).float() / 255 if images else torch.from_numpy(stored)
