"""A reader: is there bias, and how much? Two ridges, then calibrated levels. Baselines are readers of other columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.detection.reader.levels import LevelCalibration, calibrate_levels
from biasgate.detection.reader.ridge import Array, Ridge, fit_ridge
from biasgate.documents import Document


class Reader(Document):
    """From features to the bias axis and the levels.

    Attributes:
        presence: To 1 for a model with planted bias, 0 for one of the level none.
        strength: To the bias axis (``biasgate.detection.zoo.strength``).
        calibration: From both readings to levels.
    """

    presence: Ridge
    strength: Ridge
    calibration: LevelCalibration

    @property
    def names(self) -> tuple[str, ...]:
        """The levels, from none to strongest."""
        return self.calibration.names

    def probabilities(self, features: Array) -> Array:
        """Probability of each level ``[n, levels]``."""
        return self.read_off(features)[1]

    def terms(self, features: Array, _named: int) -> Array:
        """What each feature adds to the reading on the axis, whatever the level ``[n, features]``."""
        return self.strength.terms(features)

    def read_off(self, features: Array) -> tuple[Array, Array]:
        """Readings on the axis ``[n]`` and level probabilities ``[n, levels]``."""
        readings = self.strength.predict(features)
        return readings, self.calibration.probabilities(np.column_stack([readings, self.presence.predict(features)]))


def fit_reader(
    *,
    train: tuple[Array, Array, NDArray[np.int64]],
    validation: tuple[Array, NDArray[np.int64]],
    names: tuple[str, ...],
    graded: NDArray[np.bool_] | None = None,
) -> Reader:
    """Fits on ``(features, axis values, level indices)`` and calibrates on ``(features, level indices)``.

    Args:
        train: Models to learn from.
        validation: Others.
        names: Of the levels, the first of them none.
        graded: Which train models have a place on the axis: all by default. Under ``sigma`` the level none has not, a
            colour independent of the label being no variance of jitter.
    """
    features, axis, levels = train
    on_axis = np.ones(len(axis), dtype=bool) if graded is None else graded
    strength, presence = fit_ridge(features[on_axis], axis[on_axis]), fit_ridge(features, (levels > 0).astype(float))
    readings = np.column_stack([ridge.predict(validation[0]) for ridge in (strength, presence)])
    return Reader(
        presence=presence, strength=strength, calibration=calibrate_levels(readings, validation[1], names=names)
    )
