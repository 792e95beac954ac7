"""Rates over rows that repeat per cluster: intervals on the number of independent rows that they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.statistics import linear
from biasgate.statistics.bounded_mean import typical_size
from biasgate.statistics.intervals import clopper_pearson, wilson, wilson_limits


@dataclass(frozen=True, eq=False)
class Sums:
    """Rows added up by cluster: all that a mean and its variance depend on.

    Attributes:
        rows: How many.
        total: Σ value over rows.
        squares: Σ value² over rows.
        sizes: Rows of each cluster ``[clusters]``; None where each has one.
        totals: Σ value over the rows of each cluster ``[clusters]``; None likewise.
        ends: Smallest and largest possible value.
    """

    rows: int
    total: float
    squares: float
    sizes: NDArray[np.number] | None = None
    totals: NDArray[np.number] | None = None
    ends: tuple[float, float] = (0.0, 1.0)

    @classmethod
    def of(cls, values: NDArray[np.generic], clusters: NDArray[np.int64]) -> Sums:
        """The sums of one number a row ``[rows]``, whose clusters are in any order ``[rows]``."""
        numbers = values.astype(float)
        _, codes = np.unique(clusters, return_inverse=True)
        sizes = np.bincount(codes)
        plain = len(sizes) == len(numbers)
        return cls(
            rows=len(numbers),
            total=float(numbers.sum()),
            squares=float(numbers @ numbers),
            sizes=None if plain else sizes,
            totals=None if plain else np.bincount(codes, weights=numbers),
        )

    @property
    def mean(self) -> float:
        """Of at least one row."""
        return self.total / self.rows

    @property
    def clusters(self) -> int:
        """How many."""
        return self.rows if self.sizes is None else len(self.sizes)

    @property
    def repeat(self) -> bool:
        """True when some cluster has more than one row."""
        return self.sizes is not None

    @cached_property
    def kish_clusters(self) -> float:
        """How many clusters of equal size would weigh as evenly: (Σm)²/Σm² over the clusters' numbers of rows m."""
        return float(self.rows) if self.sizes is None else self.rows / typical_size(self.sizes)

    @cached_property
    def design_effect(self) -> float:
        """How many times the variance of a mean grows because rows of one cluster resemble each other; at least 1.

        Linearised cluster variance over that of independent rows (Kish, Survey Sampling, 1965). Both are zero when all
        values are equal, and the ratio would jump at the first that differs; so one cluster at each end of the range is
        added, as Agresti and Coull add successes and failures, of the size Σm²/Σm that the cluster of a row has on
        average. This addition is ours: equal values then give that size, the most cautious reading.
        """
        if self.sizes is None or self.totals is None:
            return 1.0
        added = typical_size(self.sizes)
        sizes = np.append(self.sizes, [added, added])
        totals = np.append(self.totals, np.multiply(self.ends, added))
        mean = totals.sum() / sizes.sum()
        between = len(sizes) / (len(sizes) - 1) * np.sum((totals - mean * sizes) ** 2)
        within = self.squares + added * np.sum(np.square(self.ends)) - sizes.sum() * mean**2
        return max(1.0, float(between / within))

    @property
    def effective_size(self) -> float:
        """Rows divided by their design effect: to report with."""
        return self.rows / self.design_effect


def deciding_size(sums: Sums, *, confidence: float) -> float:
    """The effective size, lowered because the design effect is estimated from few clusters: to decide with.

    Multiplied by (t_{rows−1} / t_{d})² at the bound's quantile (Korn and Graubard, Survey Methodology 24, 1998). Their
    d is one less than the number of clusters; where sizes differ, a few large clusters carry the variance, so that we
    take Kish's number of them, (Σm)²/Σm², which is the same for equal sizes. With all clusters counted the bound of a
    rate of persons with 1 to 200 photographs errs up to six times as often as it says.
    """
    from scipy.special import stdtrit

    if not sums.repeat:
        return float(sums.rows)
    tail = (1 + confidence) / 2
    degrees = max(1.0, sums.kish_clusters - 1)
    shrink = float(stdtrit(sums.rows - 1, tail) / stdtrit(degrees, tail)) ** 2
    return sums.effective_size * shrink


def clustered_wilson(sums: Sums, *, confidence: float) -> Estimate:
    """A rate to report, with Wilson's interval on the effective size; Wilson's own when every cluster has one row."""
    if not sums.repeat:
        return wilson(sums.total, sums.rows, confidence=confidence)
    size = sums.effective_size
    limits = wilson_limits(sums.mean * size, size, confidence=confidence)
    return Estimate.within(limits, value=sums.mean, n=sums.clusters, method="wilson, clustered", confidence=confidence)


def korn_graubard(sums: Sums, *, confidence: float) -> tuple[float, float]:
    """Bounds of a rate to decide with: Clopper–Pearson on the deciding size, its own when every cluster has one row.

    The design effect is truncated at 1, so that clustering never narrows a bound.
    """
    size = deciding_size(sums, confidence=confidence)
    return clopper_pearson(sums.mean * size, size, confidence=confidence)


def correlation(
    first: NDArray[np.bool_],
    first_clusters: NDArray[np.int64],
    second: NDArray[np.bool_],
    second_clusters: NDArray[np.int64],
) -> float:
    """Correlation of two rates that share clusters, from their linearised sums per cluster; 0 when disjoint."""
    return linear.correlation(first - first.mean(), first_clusters, second - second.mean(), second_clusters)
