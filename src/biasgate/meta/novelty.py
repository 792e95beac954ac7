"""Novelty: is a model unlike all that the meta-classifier has learned from?"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from biasgate.documents import Document
from biasgate.meta.ridge import Array, standardise

SHRINKAGE = 0.1
FALSE_ALARM = 0.05


class Novelty(Document):
    """Mahalanobis distance to the training models, with a limit set on validation models.

    Attributes:
        centre: Of each feature.
        whitening: ``[features, features]``: times the centred features gives coordinates of unit variance.
        limit: Distances above it are novel.
    """

    centre: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]
    limit: float

    @cached_property
    def _arrays(self) -> tuple[Array, Array]:
        return np.array(self.centre), np.array(self.whitening)

    def distance(self, features: Array) -> Array:
        """Root mean squared whitened coordinate, ``[n]`` for ``[n, features]``; about 1 for a training model."""
        return _distance(features, *self._arrays)


def fit_novelty(train: Array, validation: Array) -> Novelty:
    """Training's correlations are shrunk by a tenth to the identity; the limit lets 95 % of validation pass."""
    standard, centre, scale = standardise(train)
    correlation = (1 - SHRINKAGE) * (standard.T @ standard) / len(standard) + SHRINKAGE * np.eye(standard.shape[1])
    whitening = np.linalg.inv(np.linalg.cholesky(correlation)).T / scale[:, None]
    limit = np.quantile(_distance(validation, centre, whitening), 1 - FALSE_ALARM, method="higher")
    return Novelty(centre=tuple(centre.tolist()), whitening=tuple(map(tuple, whitening.tolist())), limit=float(limit))


def _distance(features: Array, centre: Array, whitening: Array) -> Array:
    return np.sqrt((((features - centre) @ whitening) ** 2).mean(axis=1))
