"""Full fine-tuning: the whole network learns the repair data."""

from __future__ import annotations

import torch

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.training import Loss, TrainedMethod, weighted_loss


class FineTuning(TrainedMethod):
    """Trains the whole network on the repair data, all samples alike.

    On counterfactual pairs this is counterfactual data augmentation (Kaushik, Hovy and Lipton, "Learning the Difference
    that Makes a Difference with Counterfactually-Augmented Data", arXiv 1909.12434), and hard to beat. It needs the
    declared network.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
    """

    def loss(self, classifier: PixelClassifier, data: RepairData) -> Loss:
        """Mean cross-entropy."""
        return weighted_loss(data, torch.ones(len(data)))
