"""What a repair learns from: pixels, labels and the sensitive attribute, as tensors; importing this imports torch."""

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
    """All that a method may know: images, labels, and what their owner wrote down about each.

    Attributes:
        pixels: ``float32 [n, channels, height, width]`` in [0, 1].
        labels: ``int64 [n]``.
        values: Value of the sensitive attribute, ``int64 [n]``, below ``kinds``.
        kinds: Number of values; 2 or more.
        aligned: Whether the attribute agrees with the label as it did in training, ``bool [n]``.
    """

    pixels: Tensor
    labels: Tensor
    values: Tensor
    kinds: int
    aligned: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Tensor) -> Material:
        """The same with only these rows."""
        return Material(
            pixels=self.pixels[rows],
            labels=self.labels[rows],
            values=self.values[rows],
            kinds=self.kinds,
            aligned=self.aligned[rows],
        )


def material(dataset: Dataset, *, attribute: str) -> Material:
    """Takes from a data set what a repair needs.

    Args:
        dataset: 8-bit images, one label each, with ``attribute`` and ``alignment`` (``aligned`` or ``conflicting``).
        attribute: The sensitive attribute that decisions shall not lean on.

    Raises:
        InputError: The set is not of images, is multi-label, lacks an attribute, or one has too few values.
    """
    if dataset.samples.ndim != 4 or dataset.samples.dtype != np.uint8 or dataset.labels.ndim != 1:
        raise InputError(
            "samples are not 8-bit images with one label each",
            where=dataset.name,
            fix="adversarial repair changes colours or pixels: give images",
        )
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
        pixels=torch.from_numpy(dataset.samples).permute(0, 3, 1, 2).float() / 255,
        labels=torch.from_numpy(dataset.labels),
        values=torch.from_numpy(values.astype(np.int64)),
        kinds=len(kinds),
        aligned=torch.from_numpy(groups == "aligned"),
    )
