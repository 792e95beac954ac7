"""Is a set of level probabilities calibrated? A test, beside scores that mix calibration with sharpness."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from biasgate.detection.reader.ridge import Array
from biasgate.documents import Document


class CalibrationTest(Document):
    """Two tests of the hypothesis that each model's level was drawn with the stated probabilities.

    Attributes:
        z: Spiegelhalter's statistic; above zero the probabilities are too sure of themselves, below too timid.
        sureness: Its two-sided p-value.
        chi_square: How far the counts of the levels are from the sums of their probabilities, levels − 1 degrees of
            freedom.
        counts: Its p-value.
    """

    z: float
    sureness: float = Field(ge=0, le=1)
    chi_square: float = Field(ge=0)
    counts: float = Field(ge=0, le=1)


def calibration_test(probabilities: Array, levels: np.ndarray) -> CalibrationTest:
    """Tests probabilities ``[n, levels]`` against level indices ``[n]`` of models that calibrated nothing.

    With p of one model, its Brier score 1 + Σp² − 2p_level has mean 1 − Σp² and variance 4(Σp³ − (Σp²)²) if level is
    drawn from p, and z is the standardised sum (Spiegelhalter, Probabilistic prediction in patient management and
    clinical trials, 1986, for two outcomes). Deviations of counts D = Σ(onehot − p) have covariance
    Σ(diag p − p pᵀ) = C, and DᵀC⁺D is chi-square.
    """
    from scipy.stats import chi2, norm

    n, count = probabilities.shape
    second = (probabilities**2).sum(axis=1)
    excess = 2 * (second - probabilities[np.arange(n), levels])
    variance = 4 * ((probabilities**3).sum(axis=1) - second**2)
    z = float(excess.sum() / np.sqrt(max(variance.sum(), 1e-12)))
    deviation = np.bincount(levels, minlength=count) - probabilities.sum(axis=0)
    covariance = np.diag(probabilities.sum(axis=0)) - probabilities.T @ probabilities
    chi_square = float(max(deviation @ np.linalg.pinv(covariance, rcond=1e-9, hermitian=True) @ deviation, 0))
    return CalibrationTest(
        z=z,
        sureness=float(2 * norm.sf(abs(z))),
        chi_square=chi_square,
        counts=float(chi2.sf(chi_square, count - 1)),
    )
