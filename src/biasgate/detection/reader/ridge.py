"""Ridge regression on standardised features: the learner of every reader, small enough to read as JSON."""

from __future__ import annotations

from functools import cached_property
from typing import Any

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


def fit_ridge(features: Array, target: Array) -> Ridge:
    """Fits ``[n, features]`` to ``[n]``; the penalty has the least leave-one-out error."""
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    scaler: Any = StandardScaler().fit(features)
    learned: Any = RidgeCV(PENALTIES).fit(scaler.transform(features), target)
    return Ridge(
        centre=tuple(scaler.mean_.tolist()),
        scale=tuple(scaler.scale_.tolist()),
        weights=tuple(learned.coef_.tolist()),
        intercept=float(learned.intercept_),
        penalty=float(learned.alpha_),
    )
