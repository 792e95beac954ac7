"""Groups of label × aligned or conflicting, and how much a sample of each counts; importing this imports torch."""

from __future__ import annotations

import torch
from torch import Tensor

from biasgate.repair.data import RepairData


def groups_of(data: RepairData) -> Tensor:
    """Label × aligned or conflicting, ``int64 [n]``."""
    return 2 * data.labels + data.aligned


def balancing_weights(data: RepairData) -> Tensor:
    """1 / size of the sample's group ``[n]``, mean 1."""
    groups = groups_of(data)
    weights = 1 / torch.bincount(groups)[groups].float()
    return weights / weights.mean()
