"""What methods that move the last layer alone have in common; importing this imports torch."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from biasgate.models.torch_network import TorchNetwork
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.last_layer import with_head
from biasgate.repair.heads.linear import LinearHead
from biasgate.repair.method import Need, RepairMethod, Watch


class HeadMethod(RepairMethod):
    """Repairs the last layer on fixed features, and so any graph that ends in a linear head."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.LINEAR_HEAD})
    changes: ClassVar[str] = "the last layer's weights alone"

    @abstractmethod
    def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
        """Another head for the classifier's features.

        Args:
            classifier: Model to repair; it is not changed.
            data: Samples to learn from.
            seed: Source of all randomness.
        """

    def fit(self, classifier: PixelClassifier, data: RepairData, *, seed: int, watch: Watch) -> TorchNetwork:  # noqa: ARG002
        """A copy of the network with that head; there are no rounds to watch."""
        return with_head(classifier.network, self.head(classifier, data, seed=seed))
