"""A reader of levels without an order: which of several groups does a model favour?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.detection.reader.levels import LevelCalibration, calibrate_levels
from biasgate.detection.reader.ridge import Array, Ridge, fit_ridge
from biasgate.documents import Document


class GroupReader(Document):
    """A ridge a group, then calibrated groups (penalised discriminant analysis by optimal scoring, Hastie, Buja and
    Tibshirani 1995).

    Attributes:
        favours: One a group: to 1 for a model that favours it, 0 for any other.
        calibration: From all readings to groups.
    """

    favours: tuple[Ridge, ...]
    calibration: LevelCalibration

    @property
    def names(self) -> tuple[str, ...]:
        """The groups."""
        return self.calibration.names

    def probabilities(self, features: Array) -> Array:
        """Probability of each group ``[n, groups]``."""
        return self.calibration.probabilities(_readings(self.favours, features))

    def terms(self, features: Array, named: int) -> Array:
        """What each feature adds to the reading of one group, less the mean of the others ``[n, features]``."""
        terms = np.stack([ridge.terms(features) for ridge in self.favours])
        return (terms[named] - terms.mean(axis=0)) * len(terms) / (len(terms) - 1)


def fit_group_reader(
    *,
    train: tuple[Array, NDArray[np.int64]],
    validation: tuple[Array, NDArray[np.int64]],
    names: tuple[str, ...],
) -> GroupReader:
    """Fits on ``(features, group indices)`` and calibrates on the same of other models.

    Args:
        train: Models to learn from.
        validation: Others.
        names: Of the groups.
    """
    features, groups = train
    favours = tuple(fit_ridge(features, (groups == group).astype(float)) for group in range(len(names)))
    readings = _readings(favours, validation[0])
    return GroupReader(favours=favours, calibration=calibrate_levels(readings, validation[1], names=names))


def _readings(favours: tuple[Ridge, ...], features: Array) -> Array:
    return np.column_stack([ridge.predict(features) for ridge in favours])
