"""Smooth estimates by their linear parts: what each row adds, summed over clusters, gives variance and correlation.

An estimate θ̂ that is no plain rate moves, to first order, by the sum of its rows' parts (influences divided by the
number of rows; they sum to zero). Rows of one cluster are summed first, so that clustered and paired rows need no
method of their own (Deville, Survey Methodology 25:193, 1999).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def standard_error(parts: NDArray[np.float64], clusters: NDArray[np.int64]) -> float:
    """The linearised standard error of an estimate: √(m/(m−1) · Σ_clusters (Σ_rows part)²) over m ≥ 2 clusters."""
    _, codes = np.unique(clusters, return_inverse=True)
    sums = np.bincount(codes, weights=parts)
    return math.sqrt(len(sums) / max(1, len(sums) - 1) * float(sums @ sums))


def correlation(
    first: NDArray[np.float64],
    first_clusters: NDArray[np.int64],
    second: NDArray[np.float64],
    second_clusters: NDArray[np.int64],
) -> float:
    """Correlation of two estimates, from their parts; 0 when they share no cluster, or one has no variance."""
    _, codes = np.unique(np.concatenate([first_clusters, second_clusters]), return_inverse=True)
    width = int(codes.max()) + 1
    left = np.bincount(codes[: len(first)], weights=first, minlength=width)
    right = np.bincount(codes[len(first) :], weights=second, minlength=width)
    scale = float(np.sqrt(np.sum(left**2) * np.sum(right**2)))
    return max(-1.0, min(1.0, float(left @ right) / scale)) if scale else 0.0


def student(confidence: float, clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Student's t within whose ± lies this probability, with one degree of freedom less than there are clusters."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(np.maximum(1, clusters - 1), (1 + confidence) / 2))


def no_difference(
    differences: NDArray[np.float64], errors: NDArray[np.float64], clusters: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Two-sided p-values of differences of 0 by Student's t; 1 where a difference has no variance and is 0.

    Args:
        differences: ``[pairs]``.
        errors: Their standard errors ``[pairs]``.
        clusters: That each rests on ``[pairs]``.
    """
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        p_values = 2 * stdtr(np.maximum(1, clusters - 1), -np.abs(differences) / errors)
    return np.where((errors == 0) & (differences == 0), 1.0, p_values)
