"""From readings to calibrated probabilities of the levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.detection.reader.ridge import Array
from biasgate.documents import Document


class LevelCalibration(Document):
    """Readings of models at each level, as validation shows them: Gaussian, a mean a level, one common covariance.

    With levels equally probable beforehand, Bayes' rule gives each level's probability (linear discriminant analysis).
    The covariance is that of a new reading, given what validation leaves unknown of means and covariance, so that few
    validation models give timid probabilities (after Geisser, Posterior odds for multivariate normal classifications,
    1964, whose Student's t is replaced by the Gaussian of equal variance: beyond the strongest level it stays sure).

    Attributes:
        names: Ordered from none to strongest.
        means: Mean readings at each level, ``[levels, readings]``.
        whitening: ``[readings, readings]``: times centred readings gives coordinates of unit variance.
    """

    names: tuple[str, ...]
    means: tuple[tuple[float, ...], ...]
    whitening: tuple[tuple[float, ...], ...]

    def probabilities(self, readings: Array) -> Array:
        """Probability of each level: ``[n, levels]`` for ``[n, readings]``."""
        away = (readings[:, None] - np.array(self.means)) @ np.array(self.whitening)
        exponent = -0.5 * (away**2).sum(axis=2)
        likelihood = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        return likelihood / likelihood.sum(axis=1, keepdims=True)


def calibrate_levels(readings: Array, levels: NDArray[np.int64], *, names: tuple[str, ...]) -> LevelCalibration:
    """Calibrates on validation models: readings ``[n, readings]`` and level indices ``[n]``, each level present.

    A hundred-thousandth of each reading's variance is added to its own, so that readings may depend on each other.
    """
    means = np.array([readings[levels == level].mean(axis=0) for level in range(len(names))])
    residuals = readings - means[levels]
    n, width = readings.shape
    covariance = residuals.T @ residuals / max(n - len(names) - width - 1, 1) * (1 + len(names) / n)
    covariance += np.diag(1e-5 * readings.var(axis=0) + 1e-12)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return LevelCalibration(
        names=names, means=tuple(map(tuple, means.tolist())), whitening=tuple(map(tuple, whitening.tolist()))
    )
