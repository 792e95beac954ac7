"""Counterfactuals, then the head: the adversarial curriculum, and unlearning on the features that it made."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from biasgate.models.torch_network import TorchNetwork
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.last_layer import with_head
from biasgate.repair.method import Need, Watch
from biasgate.repair.methods.adversarial import Adversarial
from biasgate.repair.methods.unlearning import Unlearning


class Combined(Adversarial):
    """Takes the network through the adversarial curriculum, then unlearns what bias its last layer has left.

    Ours, of Shukla et al., arXiv 2404.11819, and Chen et al., arXiv 2310.12560: ``Adversarial``, then ``Unlearning``.
    It needs images and a declared network whose last layer is linear.

    Attributes:
        family: How counterfactuals may differ from their originals, as in ``adversary.attack``.
        radius: Size of the attack in the last round, in units of the family.
        weight: λ, of the counterfactuals' loss in the last round.
        tie: μ, of the tie between the decisions on original and counterfactual.
        damping: λ of the head's penalty and Hessian, as in ``Unlearning``.
    """

    needs: ClassVar[frozenset[Need]] = Adversarial.needs | Unlearning.needs
    cost: ClassVar[str] = Adversarial.cost

    damping: float = Field(default=0.003, gt=0)

    def fit(self, classifier: PixelClassifier, data: RepairData, *, seed: int, watch: Watch) -> TorchNetwork:
        """The curriculum's network with an unlearned head."""
        learned = classifier.over(super().fit(classifier, data, seed=seed, watch=watch))
        return with_head(learned.network, Unlearning(damping=self.damping).head(learned, data, seed=seed))
