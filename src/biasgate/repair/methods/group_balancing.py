"""Group balancing: every group counts as much as any other."""

from __future__ import annotations

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.groups import balancing_weights
from biasgate.repair.training import Loss, TrainedMethod, weighted_loss


class GroupBalancing(TrainedMethod):
    """Trains the whole network with weights under which every label × aligned or conflicting counts alike.

    The reweighting baseline of Sagawa et al., arXiv 1911.08731. It needs the declared network.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
    """

    def loss(self, classifier: PixelClassifier, data: RepairData) -> Loss:
        """Cross-entropy with weights inverse to the size of a sample's group."""
        return weighted_loss(data, balancing_weights(data))
