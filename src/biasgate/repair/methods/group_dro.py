"""GroupDRO: the group that is worst off counts most."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.groups import balancing_weights, groups_of
from biasgate.repair.training import Loss, TrainedMethod


class GroupDro(TrainedMethod):
    """Trains the whole network for the group with the highest loss, a group being label × aligned or conflicting.

    Group distributionally robust optimisation: Sagawa et al., arXiv 1911.08731. It needs the declared network.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
        step: η, how fast weight moves to groups with a high loss.
    """

    step: float = Field(default=0.01, gt=0)

    def loss(self, classifier: PixelClassifier, data: RepairData) -> Loss:
        """That of the worst group; see ``worst_group_loss``."""
        return worst_group_loss(data, step=self.step)


def worst_group_loss(data: RepairData, *, step: float) -> Loss:
    """Σ_g q_g L_g over the groups of a batch, where q_g grows by exp(η L_g); samples are weighed by group.

    Args:
        data: Samples that are learned from.
        step: η.
    """
    groups, weights = groups_of(data), balancing_weights(data)
    share = (torch.bincount(groups) > 0).float()
    share = share / share.sum()

    def loss(logits: Tensor, rows: Tensor) -> Tensor:
        nonlocal share
        losses = cross_entropy(logits, data.labels[rows], reduction="none")
        totals = torch.zeros_like(share).index_add(0, groups[rows], weights[rows] * losses)
        counts = torch.zeros_like(share).index_add(0, groups[rows], weights[rows])
        means = totals / counts.clamp(min=1e-9)
        share = share * (step * means.detach()).exp()
        share = share / share.sum()
        return share @ means

    return loss
