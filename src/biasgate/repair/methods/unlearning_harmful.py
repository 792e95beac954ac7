"""Unlearning of harmful samples: those that raise the bias most are replaced by their counterfactuals."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.bias import Pairs
from biasgate.repair.heads.last_layer import class_count, read_features
from biasgate.repair.heads.linear import LinearHead
from biasgate.repair.heads.newton import unlearn_samples
from biasgate.repair.method import Need
from biasgate.repair.methods.unlearning import Unlearning
from biasgate.repair.pairs import pair_rows


class UnlearningHarmful(Unlearning):
    """Finds by influence functions the samples that the bias comes from, and replaces each by its counterfactual.

    Chen et al., "Fast Model Debias with Machine Unlearning", arXiv 2310.12560, with the repair data in the place of the
    training data. It needs a linear last layer and counterfactual pairs in the data.

    Attributes:
        damping: λ of the head's penalty and Hessian.
        share: Largest share of the paired samples that is replaced.
    """

    needs: ClassVar[frozenset[Need]] = Unlearning.needs | {Need.PAIRS}

    share: float = Field(default=0.5, gt=0, le=1)

    def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
        """The head after the step that replaces harmful samples."""
        samples, sides = read_features(classifier, data), pair_rows(data)
        aligned, conflicting = map(samples.take, sides)
        return unlearn_samples(
            samples.take(np.concatenate(sides)),
            samples.take(np.concatenate(sides[::-1])),
            Pairs(aligned, conflicting),
            classes=class_count(classifier),
            damping=self.damping,
            count=int(self.share * 2 * len(aligned)),
        )
