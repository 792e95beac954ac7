"""Out-of-distribution (OOD): is a model unlike all that the meta-classifier has learned from?"""

from __future__ import annotations

from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np

from biasgate.detection.reader.ridge import Array
from biasgate.documents import Document

SHRINKAGE = 0.2
FALSE_ALARM = 0.05
KNOTS = 65


class OutOfDistribution(Document):
    """Mahalanobis distance of normal scores to the training models, with a limit set on validation models.

    A feature's normal score is the Gaussian quantile of its rank among the training models: features are far from
    Gaussian, their dependence less so (the nonparanormal of Liu, Lafferty and Wasserman 2009). Beyond the training
    models' range the score goes on, by one a standard deviation.

    Attributes:
        knots: Of each feature, its quantiles in training, evenly spread.
        spread: Standard deviation of each feature in training; 1 where it was constant.
        centre: Of each normal score.
        whitening: ``[features, features]``: times the centred scores gives coordinates of unit variance.
        limit: A model at a larger distance is out of distribution.
    """

    knots: tuple[tuple[float, ...], ...]
    spread: tuple[float, ...]
    centre: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]
    limit: float

    @cached_property
    def _arrays(self) -> tuple[Array, Array, Array, Array]:
        return np.array(self.knots), np.array(self.spread), np.array(self.centre), np.array(self.whitening)

    def distance(self, features: Array) -> Array:
        """Root mean squared whitened score, ``[n]`` for ``[n, features]``; about 1 for a training model."""
        knots, spread, centre, whitening = self._arrays
        return _distance(_scores(features, knots, spread), centre, whitening)


def fit_out_of_distribution(train: Array, validation: Array, *, false_alarm: float = FALSE_ALARM) -> OutOfDistribution:
    """Correlations are shrunk by a fifth to the identity; ``false_alarm`` of validation is beyond the limit."""
    from sklearn.covariance import empirical_covariance, shrunk_covariance
    from sklearn.preprocessing import StandardScaler

    features: Any = StandardScaler().fit(train)
    knots, spread = np.quantile(train, _probabilities(KNOTS), axis=0).T, features.scale_
    scaler: Any = StandardScaler().fit(_scores(train, knots, spread))
    standard = scaler.transform(_scores(train, knots, spread))
    correlation = shrunk_covariance(empirical_covariance(standard, assume_centered=True), SHRINKAGE)
    whitening = np.linalg.inv(np.linalg.cholesky(correlation)).T / scaler.scale_[:, None]
    distances = _distance(_scores(validation, knots, spread), scaler.mean_, whitening)
    return OutOfDistribution(
        knots=tuple(map(tuple, knots.tolist())),
        spread=tuple(spread.tolist()),
        centre=tuple(scaler.mean_.tolist()),
        whitening=tuple(map(tuple, whitening.tolist())),
        limit=float(np.quantile(distances, 1 - false_alarm, method="higher")),
    )


def _probabilities(count: int) -> Array:
    return (np.arange(count) + 0.5) / count


@lru_cache(maxsize=8)
def _quantiles(count: int) -> Array:
    """Of the standard Gaussian at ``_probabilities``."""
    return np.array([NormalDist().inv_cdf(p) for p in _probabilities(count).tolist()])


def _scores(features: Array, knots: Array, spread: Array) -> Array:
    """Normal scores ``[n, features]``; ``knots`` are ``[features, knots]``."""
    quantiles = _quantiles(knots.shape[1])
    columns = zip(features.T, knots, strict=True)
    inside = np.stack([np.interp(values, known, quantiles) for values, known in columns], axis=1)
    lowest, highest = knots[:, 0], knots[:, -1]
    beyond = np.maximum(features - highest, 0) + np.minimum(features - lowest, 0)
    return inside + beyond / spread


def _distance(scores: Array, centre: Array, whitening: Array) -> Array:
    return np.sqrt((((scores - centre) @ whitening) ** 2).mean(axis=1))
