"""Reweighing: samples count so that attribute and label are independent."""

from __future__ import annotations

import torch

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.training import Loss, TrainedMethod, weighted_loss


class Reweighing(TrainedMethod):
    """Trains the whole network with weights under which the attribute says nothing about the label.

    Kamiran and Calders, "Data preprocessing techniques for classification without discrimination", 2012: a sample with
    the attribute's value a and the label y counts P(a) P(y) / P(a, y). It needs the declared network.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
    """

    def loss(self, classifier: PixelClassifier, data: RepairData) -> Loss:
        """Cross-entropy with these weights."""
        joint = torch.zeros(data.kinds, int(data.labels.max()) + 1).index_put(
            (data.values, data.labels), torch.ones(len(data)), accumulate=True
        )
        expected = joint.sum(dim=1, keepdim=True) * joint.sum(dim=0, keepdim=True) / len(data)
        return weighted_loss(data, (expected / joint)[data.values, data.labels])
