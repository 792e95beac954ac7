"""From a reading on the bias axis to calibrated probabilities of the levels."""

from __future__ import annotations

import numpy as np

from biasgate.documents import Document
from biasgate.meta.ridge import Array


class LevelCalibration(Document):
    """Readings of models at each level, as validation shows them: Gaussian, one mean a level, one common spread.

    With levels equally probable beforehand, Bayes' rule gives each level's probability (one-dimensional linear
    discriminant analysis). The level ``none`` is a point of the axis like the others: see ``biasgate.zoo.strength``.

    Attributes:
        names: Ordered from none to strongest.
        means: Mean reading at each level; isotonic.
        spread: Standard deviation of readings within a level.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    spread: float

    def probabilities(self, readings: Array) -> Array:
        """Probability of each level: ``[n, levels]`` for readings ``[n]``."""
        exponent = -0.5 * ((readings[:, None] - np.array(self.means)) / self.spread) ** 2
        likelihood = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        return likelihood / likelihood.sum(axis=1, keepdims=True)


def calibrate_levels(readings: Array, levels: np.ndarray, *, names: tuple[str, ...]) -> LevelCalibration:
    """Calibrates on validation models: readings ``[n]`` and level indices ``[n]``, each level present."""
    from scipy.optimize import isotonic_regression

    counts = np.bincount(levels, minlength=len(names))
    means = np.bincount(levels, weights=readings, minlength=len(names)) / counts
    ordered = isotonic_regression(means, weights=counts).x
    residuals = readings - ordered[levels]
    spread = np.sqrt((residuals**2).sum() / (len(readings) - len(names)))
    return LevelCalibration(names=names, means=tuple(ordered.tolist()), spread=float(spread))
