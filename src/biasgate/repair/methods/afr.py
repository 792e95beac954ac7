"""AFR, automatic feature reweighting: what the model is unsure of counts more in its last layer."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.last_layer import class_count, head_of, read_features
from biasgate.repair.heads.linear import LinearHead
from biasgate.repair.heads.method import HeadMethod
from biasgate.repair.heads.refit import refit


class Afr(HeadMethod):
    """Fits the last layer again with more weight on samples whose label the model finds unlikely.

    Qiu et al., "Simple and Fast Group Robustness by Automatic Feature Reweighting", arXiv 2306.11074: a sample counts
    exp(−γ p(y | x)) over the size of its class, and the head is held near the model's own. It learns without the
    attribute, and needs a linear last layer.

    Attributes:
        focus: γ, how much more unlikely samples count.
        damping: λ of the penalty on the distance from the model's own head.
    """

    cost: ClassVar[str] = "under a second of one core for a head of some hundred parameters"

    focus: float = Field(gt=0)
    damping: float = Field(default=0.003, gt=0)

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two focuses."""
        return cls(focus=4.0), cls(focus=10.0)

    def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
        """The optimum of the weighted loss near the model's own head."""
        samples, own = read_features(classifier, data), head_of(classifier.network)
        believed = np.exp(-own.losses(samples))
        weights = np.exp(-self.focus * believed) / np.bincount(samples.labels)[samples.labels]
        weighed = replace(samples, weights=weights)
        return refit(weighed, classes=class_count(classifier), damping=self.damping, towards=own)
