"""Unlearning on generated pairs: the counterfactual of an image is an attack on its attribute."""

from __future__ import annotations

from typing import ClassVar

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.last_layer import class_count, read_features
from biasgate.repair.heads.linear import LinearHead
from biasgate.repair.heads.newton import unlearn
from biasgate.repair.method import Need
from biasgate.repair.methods.unlearning import Unlearning
from biasgate.repair.pairs import generated_pairs


class UnlearningGenerated(Unlearning):
    """Unlearns as ``Unlearning`` does, on pairs that an attack on the attribute makes; pairs in the data are not used.

    Ours: Chen et al., arXiv 2310.12560, on the counterfactuals of Shukla et al., arXiv 2404.11819. It needs images of
    which the attribute is a colour, and the declared network, whose gradients the attack follows.
    """

    needs: ClassVar[frozenset[Need]] = Unlearning.needs | {Need.GRADIENTS, Need.IMAGES}
    cost: ClassVar[str] = "some seconds of one core for a small image network and some hundred images"

    def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
        """The head after the step on generated pairs."""
        samples, pairs = read_features(classifier, data), generated_pairs(classifier, data, seed=seed)
        return unlearn(samples, pairs, classes=class_count(classifier), damping=self.damping)
