"""The mean of values that lie between two ends: bounds that adapt to their spread and need no other assumption.

The mean is Σ S_c / Σ M_c over clusters c, with their sums S_c and sizes M_c: rows, or sampling weights. To bound it
from below, one more cluster is imagined that has all it holds at the lower end, and the clusters are weighted by
independent exponential numbers E_c, as in the Bayesian bootstrap (Rubin, Annals of Statistics 9:130, 1981). The bound
is the θ that the weighted mean stays below with the probability with which the bound may miss:

    P(Σ_c E_c (S_c − θ M_c) + E_0 (low − θ) M_0 ≤ 0) = (1 − confidence) / 2.

For rows that are 0 or 1 this is the bound of Clopper and Pearson; for independent rows of any other kind it is
Gaffke's (Mathematical Methods of Statistics 14, 2005; Learned-Miller and Thomas, arXiv 1905.06208, 2019), for which no
failure is known, though it is not proved that there is none. That clusters take the place of rows, and that the
imagined one has the size Σ M² / Σ M, which the cluster of a row has on average, is ours;
``benchmarks/interval_coverage.py`` looks for places where it fails.

The probability is taken from the saddlepoint of that sum. The saddlepoint is the best bet against θ in hindsight
(Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86:1, 2024), and r* turns what it would have won
into a tail (Barndorff-Nielsen, Biometrika 73:307, 1986).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAR = 40.0
"""A normal quantile beyond which no probability is told from 0."""
MANY = 4096
"""Of more clusters than this, those that are nearly alike are counted together."""


def mean_bounds(
    sums: Floats,
    sizes: Floats,
    *,
    confidence: float,
    ends: tuple[float, float] = (0.0, 1.0),
    added: float | None = None,
    counts: Floats | None = None,
) -> tuple[float, float]:
    """Bounds of Σ sums / Σ sizes to decide with, each one-sided at ``(1 + confidence) / 2``.

    Args:
        sums: What the values of each cluster add up to, ``[clusters]``.
        sizes: Rows of each cluster, or the sum of their weights, all above zero, ``[clusters]``.
        confidence: Two-sided, between 0 and 1.
        ends: Smallest and largest possible value.
        added: Size of the imagined cluster; ``typical_size`` when absent.
        counts: How many clusters there are of each, ``[clusters]``; see ``kinds``.

    Returns:
        Lower and upper bound, between the ends.
    """
    low, width = ends[0], ends[1] - ends[0]
    added = typical_size(sizes) if added is None else added
    if counts is None:
        sums, sizes, counts = kinds(sums, sizes)
    shares = (sums - low * sizes) / width
    tail = (1 - confidence) / 2
    below = _lower(shares, sizes, counts, added=added, tail=tail)
    above = 1 - _lower(sizes - shares, sizes, counts, added=added, tail=tail)
    return low + width * below, low + width * above


def even_bounds(
    values: Floats | NDArray[np.bool_], kinds: NDArray[np.int64], clusters: NDArray[np.int64], *, confidence: float
) -> tuple[float, float]:
    """Bounds of the mean of the means of several kinds of row, which weigh the same however many rows each has.

    The imagined cluster is as large as the largest of those that the rows of all, and of each kind, have on average,
    so that few rows of one kind count as few.

    Args:
        values: Between 0 and 1, one a row, ``[rows]``.
        kinds: The kind of each row, from 0, ``[rows]``.
        clusters: The cluster of each row, ``[rows]``.
        confidence: Two-sided.
    """
    counts = np.bincount(kinds)
    weights = 1 / (len(counts) * counts[kinds])
    sums, sizes = by_cluster(values, clusters, weights)
    of_kinds = (
        by_cluster(values[kinds == k], clusters[kinds == k], weights[kinds == k])[1] for k in range(len(counts))
    )
    added = max(typical_size(sizes), *map(typical_size, of_kinds))
    return mean_bounds(sums, sizes, confidence=confidence, added=added)


def by_cluster(
    values: Floats | NDArray[np.bool_], clusters: NDArray[np.int64], weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Sums of values and sizes of each cluster, ``[clusters]``; with weights, sums of weighted values and of weights.

    Args:
        values: One a row, ``[rows]``.
        clusters: The cluster of each row, ``[rows]``.
        weights: How many of the population each row stands for, ``[rows]``; one when absent.
    """
    _, codes = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(codes, weights=weights).astype(float)
    return np.bincount(codes, weights=values if weights is None else values * weights).astype(float), sizes


def imagined_size(sizes: Floats, heaviest: float) -> float:
    """Size of the imagined cluster where rows have sampling weights: the typical one, or the heaviest row if larger.

    Weights often go with the outcome, and rows of an outcome that was hardly seen may be the heavy ones: with a typical
    size the bound errs up to .08 of the time at .025, with the heaviest it holds, at a price in power.
    """
    return max(typical_size(sizes), heaviest)


def typical_size(sizes: NDArray[np.generic]) -> float:
    """Σ M² / Σ M: the size of the cluster that a row, or a unit of weight, belongs to on average."""
    counts = sizes.astype(float)
    return float(np.sum(counts * counts) / counts.sum())


def _lower(sums: Floats, sizes: Floats, counts: Floats, *, added: float, tail: float) -> float:
    """The θ in [0, 1] below which the weighted mean stays with probability ``tail``; 0 where no value is above 0."""
    from scipy.optimize import root_scalar
    from scipy.special import ndtri

    if float(counts @ sums) <= 1e-12 * float(counts @ sizes):
        return 0.0
    times, wanted = np.append(counts, 1.0), float(ndtri(tail))

    def spare(theta: float) -> float:
        return tail_score(np.append(sums - theta * sizes, -theta * added), times) - wanted

    return float(root_scalar(spare, bracket=(0.0, 1.0), xtol=1e-9).root)


def tail_score(coefficients: Floats, counts: Floats) -> float:
    """The normal quantile of P(Σ a_k (sum of n_k independent exponential numbers) ≤ 0), by saddlepoint.

    Args:
        coefficients: a, ``[kinds]``.
        counts: n, ``[kinds]``.

    Returns:
        Between ±``FAR``.
    """
    if coefficients.min() >= 0:
        return -FAR
    if coefficients.max() <= 0:
        return FAR
    s = _saddlepoint(coefficients, counts)
    left = 1 - s * coefficients
    reach = math.copysign(math.sqrt(2 * max(0.0, float(counts @ np.log(left)))), s)
    if abs(reach) < 1e-4:
        return 0.0
    spread = s * math.sqrt(float(counts @ (coefficients / left) ** 2))
    return min(FAR, max(-FAR, reach + math.log(spread / reach) / reach))


def _saddlepoint(coefficients: Floats, counts: Floats) -> float:
    """The s that minimises −Σ n log(1 − s·a), by damped Newton steps, which stay inside and arrive from anywhere.

    The function is self-concordant (Nesterov and Nemirovskii, Interior-Point Polynomial Algorithms, 1994).
    """
    s = 0.0
    for _ in range(200):
        ratios = coefficients / (1 - s * coefficients)
        slope, curvature = float(counts @ ratios), float(counts @ ratios**2)
        decrement = abs(slope) / math.sqrt(curvature)
        s -= slope / curvature / (1 + decrement if decrement > 0.25 else 1)
        if decrement < 1e-8:
            break
    return s


def kinds(sums: Floats, sizes: Floats) -> tuple[Floats, Floats, Floats]:
    """Clusters as kinds of equal sum and size, with how many there are of each.

    Of more than ``MANY``, those whose means lie in one of 4096 steps between the least and the largest, and whose size
    differs by less than one in a hundred, are one kind with their mean sum and size.
    """
    if len(sums) <= MANY:
        return sums, sizes, np.ones(len(sums))
    means = sums / sizes
    steps = np.floor((means - means.min()) / max(float(np.ptp(means)), 1e-300) * MANY)
    fine = steps + np.floor(np.log(sizes) * 100) * (2 * MANY)
    _, codes, counts = np.unique(fine, return_inverse=True, return_counts=True)
    return np.bincount(codes, weights=sums) / counts, np.bincount(codes, weights=sizes) / counts, counts.astype(float)
