"""Ridge regression on standardised features: the learner of every reader, small enough to read as JSON."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biasgate.documents import Document

Array = NDArray[np.float64]

PENALTIES = np.logspace(-1, 5, 31)


class Ridge(Document):
    """``intercept + Σ weight · (feature - centre) / scale``.

    Attributes:
        centre: Mean of each feature in training.
        scale: Standard deviation of each feature in training; 1 where it was constant.
        weights: One a feature.
        intercept: Mean target in training.
        penalty: Chosen by leave-one-out error on the training models.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    penalty: float

    @cached_property
    def _arrays(self) -> tuple[Array, Array, Array]:
        return np.array(self.centre), np.array(self.scale), np.array(self.weights)

    def terms(self, features: Array) -> Array:
        """What each feature adds to the intercept: ``[n, features]``."""
        centre, scale, weights = self._arrays
        return (features - centre) / scale * weights

    def predict(self, features: Array) -> Array:
        """Predictions ``[n]`` for ``[n, features]``."""
        return self.intercept + self.terms(features).sum(axis=1)


def standardise(features: Array) -> tuple[Array, Array, Array]:
    """Features with mean 0 and standard deviation 1, and the centre and scale that make them so."""
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    return (features - centre) / scale, centre, scale


def fit_ridge(features: Array, target: Array) -> Ridge:
    """Fits ``[n, features]`` to ``[n]``; the penalty has the least leave-one-out error (closed form, one SVD)."""
    standard, centre, scale = standardise(features)
    mean = target.mean()
    left, singular, right = np.linalg.svd(standard, full_matrices=False)
    projected = left.T @ (target - mean)

    def loo_error(penalty: float) -> float:
        shrink = singular**2 / (singular**2 + penalty)
        residual = target - mean - left @ (shrink * projected)
        leverage = (left**2) @ shrink + 1 / len(target)
        return float(np.mean((residual / np.maximum(1 - leverage, 1e-6)) ** 2))

    penalty = float(min(PENALTIES, key=loo_error))
    weights = right.T @ (singular / (singular**2 + penalty) * projected)
    return Ridge(
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
        weights=tuple(weights.tolist()),
        intercept=float(mean),
        penalty=penalty,
    )
