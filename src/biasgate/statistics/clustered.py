"""Rates over rows that repeat per cluster: intervals on the number of independent rows that they are worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.statistics import linear
from biasgate.statistics.bounded_mean import typical_size
from biasgate.statistics.intervals import clopper_pearson, wilson, wilson_limits


def repeats(clusters: NDArray[np.int64]) -> bool:
    """True when some cluster has more than one row."""
    return len(np.unique(clusters)) < len(clusters)


def design_effect(
    values: NDArray[np.generic], clusters: NDArray[np.int64], *, ends: tuple[float, float] = (0.0, 1.0)
) -> float:
    """How many times the variance of a mean grows because rows of one cluster resemble each other; at least 1.

    Linearised cluster variance over that of independent rows (Kish, Survey Sampling, 1965). Both are zero when all
    values are equal, and the ratio would jump at the first that differs; so one cluster at each end of the range is
    added, as Agresti and Coull add successes and failures, of the size Σm²/Σm that the cluster of a row has on average.
    This addition is ours: equal values then give that size, the most cautious reading.

    Args:
        values: One number a row, ``[rows]``.
        clusters: The cluster of each row, ``[rows]``.
        ends: Smallest and largest possible value.
    """
    if not repeats(clusters):
        return 1.0
    _, codes = np.unique(clusters, return_inverse=True)
    numbers = values.astype(float)
    counts = np.bincount(codes)
    added = typical_size(counts)
    sizes = np.append(counts, [added, added])
    sums = np.append(np.bincount(codes, weights=numbers), np.multiply(ends, added))
    mean = sums.sum() / sizes.sum()
    between = len(sizes) / (len(sizes) - 1) * np.sum((sums - mean * sizes) ** 2)
    within = np.sum(numbers**2) + added * np.sum(np.square(ends)) - sizes.sum() * mean**2
    return max(1.0, float(between / within))


def effective_size(
    values: NDArray[np.generic], clusters: NDArray[np.int64], *, ends: tuple[float, float] = (0.0, 1.0)
) -> float:
    """Rows divided by their design effect: to report with."""
    return len(values) / design_effect(values, clusters, ends=ends)


def deciding_size(
    values: NDArray[np.generic],
    clusters: NDArray[np.int64],
    *,
    confidence: float,
    ends: tuple[float, float] = (0.0, 1.0),
) -> float:
    """The effective size, lowered because the design effect is estimated from few clusters: to decide with.

    Multiplied by (t_{rows−1} / t_{d})² at the bound's quantile (Korn and Graubard, Survey Methodology 24, 1998). Their
    d is one less than the number of clusters; where sizes differ, a few large clusters carry the variance, so that we
    take Kish's number of them, (Σm)²/Σm², which is the same for equal sizes. With all clusters counted the bound of a
    rate of persons with 1 to 200 photographs errs up to six times as often as it says.
    """
    from scipy.special import stdtrit

    if not repeats(clusters):
        return float(len(values))
    tail = (1 + confidence) / 2
    degrees = max(1.0, kish_clusters(clusters) - 1)
    shrink = float(stdtrit(len(values) - 1, tail) / stdtrit(degrees, tail)) ** 2
    return effective_size(values, clusters, ends=ends) * shrink


def kish_clusters(clusters: NDArray[np.int64]) -> float:
    """How many clusters of equal size would weigh as evenly: (Σm)²/Σm² over the clusters' numbers of rows m."""
    sizes = np.unique(clusters, return_counts=True)[1].astype(float)
    return float(sizes.sum() ** 2 / np.sum(sizes**2))


def clustered_wilson(outcomes: NDArray[np.bool_], clusters: NDArray[np.int64], *, confidence: float) -> Estimate:
    """A rate to report, with Wilson's interval on the effective size; Wilson's own when every cluster has one row."""
    rate = float(outcomes.mean())
    if not repeats(clusters):
        return wilson(int(outcomes.sum()), len(outcomes), confidence=confidence)
    size = effective_size(outcomes, clusters)
    limits = wilson_limits(rate * size, size, confidence=confidence)
    return Estimate.within(
        limits, value=rate, n=len(np.unique(clusters)), method="wilson, clustered", confidence=confidence
    )


def korn_graubard(
    outcomes: NDArray[np.bool_], clusters: NDArray[np.int64], *, confidence: float
) -> tuple[float, float]:
    """Bounds of a rate to decide with: Clopper–Pearson on the deciding size, its own when every cluster has one row.

    The design effect is truncated at 1, so that clustering never narrows a bound.
    """
    size = deciding_size(outcomes, clusters, confidence=confidence)
    return clopper_pearson(float(outcomes.mean()) * size, size, confidence=confidence)


def correlation(
    first: NDArray[np.bool_],
    first_clusters: NDArray[np.int64],
    second: NDArray[np.bool_],
    second_clusters: NDArray[np.int64],
) -> float:
    """Correlation of two rates that share clusters, from their linearised sums per cluster; 0 when disjoint."""
    return linear.correlation(first - first.mean(), first_clusters, second - second.mean(), second_clusters)
