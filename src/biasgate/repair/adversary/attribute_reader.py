"""The attribute reader: a linear probe on what the classifier itself sees early; importing this imports torch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import linear

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData

SHRINKAGE = 1e-3
"""Share of the identity in the probe's covariance, so that a filter that never fires does no harm."""


@dataclass(frozen=True, eq=False)
class AttributeReader:
    """Reads the sensitive attribute off the classifier's early features.

    Shukla et al. attack an attribute classifier. We probe the classifier's *own* features (Alain and Bengio,
    arXiv 1610.01644), because an attack on another network may miss those that this one uses.

    Attributes:
        classifier: Whose features are read, as they are when the reader is called.
        weight: ``[kinds, filters]``.
        bias: ``[kinds]``.
    """

    classifier: PixelClassifier
    weight: Tensor
    bias: Tensor

    def __call__(self, pixels: Tensor) -> Tensor:
        """Attribute logits ``[n, kinds]``."""
        return linear(self.classifier.early(pixels), self.weight, self.bias)


def fit_reader(classifier: PixelClassifier, data: RepairData) -> AttributeReader:
    """Linear discriminant analysis of early features, each scaled to unit spread.

    Its closed form takes milliseconds; logistic regression read a little better and, in two trials, repaired alike.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    with torch.no_grad():
        features = classifier.early(data.samples).double().numpy()
    spread = features.std(axis=0).clip(min=1e-6)
    probe = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE)
    probe.fit(features / spread, data.values.numpy())
    weight, bias = torch.from_numpy(probe.coef_ / spread).float(), torch.from_numpy(probe.intercept_).float()
    if data.kinds == 2:
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    return AttributeReader(classifier, weight, bias)
