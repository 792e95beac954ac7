"""How far stated confidence is from the share that is right, with an interval that knows its estimate's bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 10
DRAWS = 2000


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: Σ_b |Σ_{i∈b} (confidence_i − right_i)| / rows, over ten bins of equal width.

    Between 0 and 1. With few rows a perfectly calibrated model has an error above 0 (Naeini, Cooper and Hauskrecht,
    Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015).

    Args:
        confidence: Probability of the predicted class, ``[rows]``.
        right: Whether the prediction was, ``[rows]``.
    """
    return float(np.abs(np.bincount(_bins(confidence), weights=confidence - right)).sum() / len(right))


def distances(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], units: NDArray[np.int64], *, seed: int = 0
) -> NDArray[np.float64]:
    """How far the bins of resampled units lie from those of the sample, ``[DRAWS]``: Σ_b |g*_b − g_b|, ascending.

    The error is the L1 norm of the bins' signed parts g_b, so by the triangle inequality the true one lies within
    such a distance of the estimate, upwards and downwards, whatever the estimate's bias. That bound is ours. So are
    two more units of average size, one sure and wrong and one unsure and right, without which a sample that is all
    right would be certain (as in ``clustered.design_effect``).

    Args:
        confidence: Probability of the predicted class, ``[rows]``.
        right: Whether the prediction was, ``[rows]``.
        units: The unit of each row, ``[rows]``; whole units are drawn.
        seed: The draws follow from it.
    """
    _, codes = np.unique(units, return_inverse=True)
    count = int(codes.max()) + 1
    average = len(right) / count
    parts = np.bincount(codes * BINS + _bins(confidence), weights=confidence - right, minlength=count * BINS)
    sums = np.vstack([parts.reshape(count, BINS), np.zeros((2, BINS))])
    sums[-2, -1], sums[-1, 0] = average, -average
    rows = np.append(np.bincount(codes), [average, average])
    centre = sums.sum(axis=0) / rows.sum()
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count + 2, np.full(count + 2, 1 / (count + 2)), size=DRAWS).astype(float)
    shares = drawn @ sums / (drawn @ rows)[:, None]
    return np.sort(np.abs(shares - centre).sum(axis=1))


def _bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
