"""Who gained and who lost by a repair, on samples that no trial learned from; importing this module imports torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.repair_record import Change
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import SIDES, RepairData
from biasgate.repair.heads.bias import mean_of

FEWEST = 2
"""Clusters that an interval needs."""


Decisions = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Class index of each sample, as the original decides and as the repaired network does."""


def changes(decisions: Decisions, data: RepairData, *, attribute: str, values: NDArray[np.str_]) -> tuple[Change, ...]:
    """Accuracy before and after, of all samples, of aligned and conflicting ones, and of each value of the attribute.

    Args:
        decisions: What was decided before and after.
        data: Samples, labels and values.
        attribute: Name of the attribute.
        values: Value of each sample in words ``[n]``.
    """
    right = [decided == data.labels.numpy() for decided in decisions]
    aligned = data.aligned.numpy()
    groups: list[tuple[dict[str, str], NDArray[np.bool_]]] = [({}, np.ones(len(data), dtype=bool))]
    groups += [({"alignment": side}, aligned == (side == SIDES[0])) for side in SIDES]
    groups += [({attribute: value}, values == value) for value in map(str, np.unique(values))]
    return tuple(_change(group, right[0][rows], right[1][rows], data.clusters.numpy()[rows]) for group, rows in groups)


def decisions_of(before: PixelClassifier, after: PixelClassifier, data: RepairData) -> Decisions:
    """Of a model and of what came of it."""
    with torch.no_grad():
        first, second = (classifier(data.samples).argmax(dim=1).numpy() for classifier in (before, after))
    return first, second


def _change(
    group: dict[str, str], before: NDArray[np.bool_], after: NDArray[np.bool_], clusters: NDArray[np.int64]
) -> Change:
    return Change(
        subgroup=group,
        samples=len(before),
        before=float(before.mean()),
        after=float(after.mean()),
        mended=int((after & ~before).sum()),
        broken=int((before & ~after).sum()),
        difference=_paired(after.astype(float) - before, clusters),
    )


def _paired(differences: NDArray[np.float64], clusters: NDArray[np.int64]) -> Estimate | None:
    """Mean difference with an interval over clusters; a cluster counts by its samples."""
    _, codes = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(codes)
    if len(sizes) < FEWEST:
        return None
    weighed = np.bincount(codes, weights=differences) * len(sizes) / len(differences)
    return mean_of(weighed, 0.95)
