"""LEACE: the attribute is erased from the features, and the eraser folded into the head."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.heads.last_layer import class_count, read_features
from biasgate.repair.heads.linear import Array, LinearHead
from biasgate.repair.heads.method import HeadMethod
from biasgate.repair.heads.refit import refit


class Leace(HeadMethod):
    """Erases the attribute from the features, so that no linear reader finds it, and fits the last layer to the rest.

    Belrose et al., "LEACE: Perfect linear concept erasure in closed form", arXiv 2306.03819. The eraser is affine,
    x ↦ Px + b, so that a head on erased features is one on features: θ(Px + b) has the weights WP. In the repair data
    label and attribute should be about independent, or the label goes too. It needs a linear last layer.

    Attributes:
        damping: λ of the head that is fitted to the erased features.
    """

    cost: ClassVar[str] = "under a second of one core for some hundred features"

    damping: float = Field(gt=0)

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two dampings."""
        return cls(damping=0.003), cls(damping=0.01)

    def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
        """The head on erased features, as a head on features."""
        samples = read_features(classifier, data)
        projection, offset = eraser(samples.features, data.values.numpy())
        erased = replace(samples, features=samples.features @ projection.T + offset)
        head = refit(erased, classes=class_count(classifier), damping=self.damping)
        return LinearHead.of(head.weight @ projection, head.bias + head.weight @ offset)


def eraser(features: Array, values: NDArray[np.int64]) -> tuple[Array, Array]:
    """P ``[d, d]`` and b ``[d]``: after x ↦ Px + b the attribute's values have equal means.

    P = I − W⁻¹ U Uᵀ W, where W = Σ^(−1/2) whitens the features under the covariance of Ledoit and Wolf, and U spans
    what whitening makes of their covariances with each value but one, which the others give away.

    Args:
        features: Features ``[n, d]``.
        values: Each one's value of the attribute ``[n]``.
    """
    from scipy.linalg import orth
    from sklearn.covariance import LedoitWolf

    fitted = LedoitWolf().fit(features)
    variances, axes = np.linalg.eigh(fitted.covariance_)
    spread = np.sqrt(variances.clip(min=1e-12))
    shares = values[:, None] == np.unique(values)[1:]
    crossed = (features - fitted.location_).T @ (shares - shares.mean(axis=0)) / len(features)
    span = orth(axes / spread @ axes.T @ crossed)
    projection = np.eye(len(spread)) - (axes * spread @ axes.T) @ span @ span.T @ (axes / spread @ axes.T)
    return projection, fitted.location_ - projection @ fitted.location_
