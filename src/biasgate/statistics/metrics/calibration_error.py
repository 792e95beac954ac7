"""How far stated confidence is from the share that is right, with an interval that knows its estimate's bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.metric import Answers, Limits, Number, ScoreMetric

BINS = 10
DRAWS = 20_000


class CalibrationError(ScoreMetric):
    """Σ_b |Σ_{i∈b} (confidence_i − right_i)| / rows, over ten bins b of equal width.

    Expected calibration error: how far the probability of the predicted class is from the share that is right.
    """

    name = "calibration_error"
    more_is_better = False
    needs_probabilities = True

    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """One interval reports and decides, by draws of ``distances``. See ``ScoreMetric.number``."""
        probabilities = answers.known_probabilities
        confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == answers.truth
        value = calibration_error(confidence, right)
        far = distances(confidence, right, clusters)

        def limits(level: float) -> Limits:
            reach = float(np.quantile(far, (1 + level) / 2))
            return max(0.0, value - reach), min(1.0, value + reach)

        return Number(
            value=value,
            parts=bin_parts(confidence, right),
            clusters=clusters,
            limits=limits,
            bounds=limits,
            method="normal, L1",
            decided_by="normal, L1",
            tested=False,
        )


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: Σ_b |Σ_{i∈b} (confidence_i − right_i)| / rows, over ten bins of equal width.

    Between 0 and 1. With few rows a perfectly calibrated model has an error above 0 (Naeini, Cooper and Hauskrecht,
    Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015).

    Args:
        confidence: Probability of the predicted class, ``[rows]``.
        right: Whether the prediction was, ``[rows]``.
    """
    return float(np.abs(np.bincount(_bins(confidence), weights=confidence - right)).sum() / len(right))


def bin_parts(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What each row adds to the error, to first order, ``[rows]``: see ``statistics.linear``."""
    bins = _bins(confidence)
    signs = np.sign(np.bincount(bins, weights=confidence - right, minlength=BINS))
    signed = signs[bins] * (confidence - right)
    return (signed - signed.mean()) / len(right)


def distances(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], clusters: NDArray[np.int64], *, seed: int = 0
) -> NDArray[np.float64]:
    """How far the bins of a sample like this lie from the true ones, ``[DRAWS]``: draws of Σ_b |ĝ_b − g_b|.

    The error is the L1 norm of the bins' signed parts g_b, so by the triangle inequality the true one lies within
    such a distance of the estimate, upwards and downwards, whatever the estimate's bias. The distance is drawn from a
    normal distribution with the bins' linearised covariance over clusters. That bound is ours; so are two more clusters
    of average size, one sure and wrong and one unsure and right, without which a sample that is all right would be
    certain (as in ``clustered.design_effect``).

    Args:
        confidence: Probability of the predicted class, ``[rows]``.
        right: Whether the prediction was, ``[rows]``.
        clusters: The cluster of each row, ``[rows]``.
        seed: The draws follow from it.
    """
    _, codes = np.unique(clusters, return_inverse=True)
    count = int(codes.max()) + 1
    average = len(right) / count
    parts = np.bincount(codes * BINS + _bins(confidence), weights=confidence - right, minlength=count * BINS)
    sums = np.vstack([parts.reshape(count, BINS), np.zeros((2, BINS))])
    sums[-2, -1], sums[-1, 0] = average, -average
    rows = np.append(np.bincount(codes), [average, average])
    residuals = (sums - np.outer(rows, sums.sum(axis=0) / rows.sum())) / rows.sum()
    variances, axes = np.linalg.eigh(residuals.T @ residuals * len(rows) / (len(rows) - 1))
    normal = np.random.default_rng(seed).standard_normal((DRAWS, BINS))
    return np.abs(normal * np.sqrt(np.maximum(variances, 0.0)) @ axes.T).sum(axis=1)


def _bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
