"""Readers of levels: how strong is the planted bias, or which subgroup is favoured? Ridges, then calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.detection.reader.levels import LevelCalibration, calibrate_levels
from biasgate.detection.reader.ridge import Array, Ridge, fit_ridge
from biasgate.documents import Document


class StrengthReader(Document):
    """From features to the bias axis and to levels that have an order.

    Attributes:
        presence: To 1 for a model with planted bias, 0 for one of the level none.
        strength: To the bias axis (``biasgate.detection.zoo.axis``).
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

    def read_off(self, features: Array) -> tuple[Array, Array]:
        """Readings on the axis ``[n]`` and level probabilities ``[n, levels]``."""
        readings = self.strength.predict(features)
        return readings, self.calibration.probabilities(np.column_stack([readings, self.presence.predict(features)]))

    def terms(self, features: Array, _named: int) -> Array:
        """What each feature adds to the reading on the axis, whatever the level ``[n, features]``."""
        return self.strength.terms(features)


class SubgroupReader(Document):
    """A ridge a subgroup, then calibrated subgroups (penalised discriminant analysis by optimal scoring, Hastie, Buja
    and Tibshirani 1995).

    Attributes:
        favours: One a subgroup: to 1 for a model that favours it, 0 for any other.
        calibration: From all readings to subgroups.
    """

    favours: tuple[Ridge, ...]
    calibration: LevelCalibration

    @property
    def names(self) -> tuple[str, ...]:
        """The subgroups."""
        return self.calibration.names

    def probabilities(self, features: Array) -> Array:
        """Probability of each subgroup ``[n, subgroups]``."""
        return self.calibration.probabilities(_readings(self.favours, features))

    def terms(self, features: Array, named: int) -> Array:
        """What each feature adds to the reading of one subgroup, less the mean of the others ``[n, features]``."""
        terms = np.stack([ridge.terms(features) for ridge in self.favours])
        return (terms[named] - terms.mean(axis=0)) * len(terms) / (len(terms) - 1)


def fit_strength_reader(
    *,
    train: tuple[Array, Array, NDArray[np.int64]],
    validation: tuple[Array, NDArray[np.int64]],
    names: tuple[str, ...],
    on_axis: NDArray[np.bool_] | None = None,
) -> StrengthReader:
    """Fits on ``(features, axis values, level indices)`` and calibrates on ``(features, level indices)``.

    Args:
        train: Models to learn from.
        validation: Other models, to calibrate on.
        names: Names of the levels, the first of them none.
        on_axis: Which train models have a place on the axis: all by default. Under ``sigma`` the level none has not, a
            colour independent of the label being no variance of jitter.
    """
    features, axis, levels = train
    placed = np.ones(len(axis), dtype=bool) if on_axis is None else on_axis
    strength, presence = fit_ridge(features[placed], axis[placed]), fit_ridge(features, (levels > 0).astype(float))
    readings = _readings((strength, presence), validation[0])
    return StrengthReader(
        presence=presence, strength=strength, calibration=calibrate_levels(readings, validation[1], names=names)
    )


def fit_subgroup_reader(
    *,
    train: tuple[Array, NDArray[np.int64]],
    validation: tuple[Array, NDArray[np.int64]],
    names: tuple[str, ...],
) -> SubgroupReader:
    """Fits on ``(features, subgroup indices)`` and calibrates on the same of other models.

    Args:
        train: Models to learn from.
        validation: Other models, to calibrate on.
        names: Names of the subgroups.
    """
    features, subgroups = train
    favours = tuple(fit_ridge(features, (subgroups == place).astype(float)) for place in range(len(names)))
    readings = _readings(favours, validation[0])
    return SubgroupReader(favours=favours, calibration=calibrate_levels(readings, validation[1], names=names))


def _readings(ridges: tuple[Ridge, ...], features: Array) -> Array:
    return np.column_stack([ridge.predict(features) for ridge in ridges])
