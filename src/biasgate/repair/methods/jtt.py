"""JTT, just train twice: what the model gets wrong counts more."""

from __future__ import annotations

import torch
from pydantic import Field

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.training import Loss, TrainedMethod, weighted_loss


class Jtt(TrainedMethod):
    """Trains the whole network with more weight on the samples that it got wrong before.

    Liu et al., "Just Train Twice: Improving Group Robustness without Training Group Information", arXiv 2107.09044; the
    candidate itself is the first of the two trainings. It needs the declared network, and learns without the attribute.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
        upweight: How many times a sample counts that the model got wrong.
    """

    upweight: float = Field(default=5.0, ge=1)

    def loss(self, classifier: PixelClassifier, data: RepairData) -> Loss:
        """Cross-entropy with these weights."""
        with torch.no_grad():
            wrong = classifier(data.samples).argmax(dim=1) != data.labels
        return weighted_loss(data, 1 + (self.upweight - 1) * wrong.float())
