"""Fast unlearning: one Newton step of the last layer that forgets what the attribute gives away."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.last_layer import balanced_features, class_count
from biasgate.repair.heads.linear import LinearHead
from biasgate.repair.heads.method import HeadMethod
from biasgate.repair.heads.newton import unlearn
from biasgate.repair.pairs import found_pairs, pair_rows


class Unlearning(HeadMethod):
    """Moves the last layer by one Newton step away from aligned samples and towards their conflicting counterparts.

    Our reading of Chen et al., "Fast Model Debias with Machine Unlearning", arXiv 2310.12560; see ``heads.newton``. It
    needs a linear last layer. Counterfactual pairs in the data are used; without any, samples of one label are matched.

    Attributes:
        damping: λ of the head's penalty and Hessian.
    """

    cost: ClassVar[str] = "a second of one core for a head of some hundred parameters"

    damping: float = Field(gt=0)

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two dampings."""
        return cls(damping=0.003), cls(damping=0.01)

    def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
        """The head after the step; every label × aligned or conflicting counts alike, as in what chooses (ours)."""
        samples, aligned = balanced_features(classifier, data), data.aligned.numpy()
        sides = None if len(pair_rows(data)[0]) else (samples.take(aligned), samples.take(~aligned))
        pairs, classes = found_pairs(samples, data), class_count(classifier)
        return unlearn(samples, pairs, classes=classes, damping=self.damping, sides=sides)
