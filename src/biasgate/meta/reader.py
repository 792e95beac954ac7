"""A reader: ridge to the bias axis, then calibrated levels. Baselines are readers of other columns."""

from __future__ import annotations

import numpy as np

from biasgate.documents import Document
from biasgate.meta.levels import LevelCalibration, calibrate_levels
from biasgate.meta.ridge import Array, Ridge, fit_ridge


class Reader(Document):
    """From features to the bias axis and the levels.

    Attributes:
        ridge: To the bias axis (``biasgate.zoo.strength``).
        calibration: From there to levels.
    """

    ridge: Ridge
    calibration: LevelCalibration

    def read_off(self, features: Array) -> tuple[Array, Array]:
        """Readings on the axis ``[n]`` and level probabilities ``[n, levels]``."""
        readings = self.ridge.predict(features)
        return readings, self.calibration.probabilities(readings)


def fit_reader(
    *,
    train: tuple[Array, Array],
    validation: tuple[Array, np.ndarray],
    names: tuple[str, ...],
) -> Reader:
    """Fits on ``(features, axis values)`` and calibrates on ``(features, level indices)``."""
    ridge = fit_ridge(*train)
    features, levels = validation
    return Reader(ridge=ridge, calibration=calibrate_levels(ridge.predict(features), levels, names=names))
