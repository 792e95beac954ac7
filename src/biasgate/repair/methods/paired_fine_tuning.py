"""Paired fine-tuning: the whole network learns counterfactual pairs side by side, and to decide alike on both."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from biasgate.repair.data import RepairData
from biasgate.repair.paired_training import PairedMethod
from biasgate.repair.training import Loss


class PairedFineTuning(PairedMethod):
    """Trains the whole network on counterfactual pairs, whose halves are to be decided alike, rare classes adjusted.

    Full fine-tuning with three things added: the tie of ``PairedMethod`` (Garg et al., arXiv 1809.10610), the average
    of weights (Izmailov et al., arXiv 1803.05407) and logits adjusted by the frequency of their class (Menon et al.,
    arXiv 2007.07314), so that a rare class is not given up. It needs the declared network and pairs.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
        tie: μ, of the tie between the decisions on both halves of a pair, at the last step.
    """

    def untied(self, data: RepairData) -> Loss:
        """Cross-entropy of logits to which the logarithm of each class's frequency is added while they learn."""

        def loss(logits: Tensor, rows: Tensor) -> Tensor:
            counts = torch.bincount(data.labels, minlength=logits.shape[1]).clamp(min=1)
            return cross_entropy(logits + (counts / len(data)).log(), data.labels[rows])

        return loss
