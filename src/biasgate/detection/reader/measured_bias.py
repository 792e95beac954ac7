"""From weight features to the measured bias, with an interval that covers."""

from __future__ import annotations

import math

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.detection.reader.ridge import Array, Ridge, fit_ridge
from biasgate.documents import Document

CONFIDENCE = 0.95


class BiasReader(Document):
    """Ridge to the angle arcsin √bias, whose noise is even over the range; a bias below zero counts as zero.

    Attributes:
        ridge: To the angle, in radians.
        half_width: Half width of the 95 % split-conformal interval, in radians; as a bias, the interval is widest in
            the middle and stays in [0, 1].
        calibrated_on: Validation models behind the half width.
    """

    ridge: Ridge
    half_width: float
    calibrated_on: int

    def predict(self, features: Array) -> list[Estimate]:
        """Measured bias of each row of ``[n, features]``."""
        angles = self.ridge.predict(features)
        ends = (_bias(angles + side * self.half_width).tolist() for side in (0, -1, 1))
        return [
            Estimate(value=v, low=low, high=high, n=self.calibrated_on, method="split-conformal", confidence=CONFIDENCE)
            for v, low, high in zip(*ends, strict=True)
        ]


def fit_bias_reader(*, train: tuple[Array, Array], validation: tuple[Array, Array]) -> BiasReader:
    """Fits on ``(features, measured bias)`` and calibrates on the same of validation models."""
    ridge = fit_ridge(train[0], angle(train[1]))
    misses = np.abs(np.clip(ridge.predict(validation[0]), 0, np.pi / 2) - angle(validation[1]))
    return BiasReader(ridge=ridge, half_width=_conformal(misses), calibrated_on=len(misses))


def angle(bias: Array) -> Array:
    """Arcsin √bias, the variance-stabilising transform of a rate, in [0, π/2]."""
    return np.arcsin(np.sqrt(np.clip(bias, 0, 1)))


def _bias(angles: Array) -> Array:
    return np.sin(np.clip(angles, 0, np.pi / 2)) ** 2


def _conformal(misses: Array) -> float:
    """The smallest half width that covers a new model with the wanted probability (Lei et al. 2018, split conformal).

    With fewer than 19 validation models no smaller one does than the whole range.
    """
    rank = math.ceil((len(misses) + 1) * CONFIDENCE)
    return math.pi / 2 if rank > len(misses) else float(np.sort(misses)[rank - 1])
