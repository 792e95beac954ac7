"""Head refit: the last layer is fitted again to the repair data."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.last_layer import balanced_features, class_count
from biasgate.repair.heads.linear import LinearHead
from biasgate.repair.heads.method import HeadMethod
from biasgate.repair.heads.refit import refit


class HeadRefit(HeadMethod):
    """Fits the last layer to the repair data, in which every label × aligned or conflicting counts alike.

    Logistic regression with an L2 penalty, as in Rosenfeld, Ravikumar and Risteski, arXiv 2202.06856: what
    ``Unlearning`` starts from, without its step. It needs a linear last layer.

    Attributes:
        damping: λ of the penalty.
    """

    cost: ClassVar[str] = "under a second of one core for a head of some hundred parameters"

    damping: float = Field(gt=0)

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two dampings."""
        return cls(damping=0.003), cls(damping=0.01)

    def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
        """The optimum of the penalised loss."""
        return refit(balanced_features(classifier, data), classes=class_count(classifier), damping=self.damping)
