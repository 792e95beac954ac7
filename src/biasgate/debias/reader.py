"""The attribute reader: a linear probe on what the classifier itself sees early; importing this imports torch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import linear

from biasgate.debias.classifier import PixelClassifier
from biasgate.debias.material import Material

PENALTY = 10.0
"""Inverse strength of the probe's L2 penalty."""


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


def fit_reader(classifier: PixelClassifier, data: Material) -> AttributeReader:
    """Multinomial logistic regression from standardised early features to the attribute."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    with torch.no_grad():
        features = classifier.early(data.pixels).double().numpy()
    scaler = StandardScaler().fit(features)
    probe = LogisticRegression(C=PENALTY, max_iter=300).fit(scaler.transform(features), data.values.numpy())
    weight, bias = torch.from_numpy(probe.coef_), torch.from_numpy(probe.intercept_)
    if data.kinds == 2:
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    weight = weight / torch.from_numpy(scaler.scale_)
    return AttributeReader(classifier, weight.float(), (bias - weight @ torch.from_numpy(scaler.mean_)).float())
