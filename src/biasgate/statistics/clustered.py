"""Rates over rows that repeat per cluster, or that carry sampling weights: one interval reports and decides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.statistics.bounded_mean import imagined_size, kinds, mean_bounds, typical_size
from biasgate.statistics.intervals import clopper_pearson


@dataclass(frozen=True, eq=False)
class Sums:
    """Rows added up by cluster: all that a mean and its bounds depend on.

    Attributes:
        rows: How many.
        total: Σ value over rows; with weights Σ weight · value.
        sizes: Rows of each cluster ``[clusters]``, or their weights, which sum to ``rows``; None where each cluster has
            one row, and no row a weight.
        totals: Σ value, or Σ weight · value, over the rows of each cluster ``[clusters]``; None likewise.
        ends: Smallest and largest possible value.
        heaviest: Largest weight of a row; None where rows have none.
    """

    rows: int
    total: float
    sizes: NDArray[np.number] | None = None
    totals: NDArray[np.number] | None = None
    ends: tuple[float, float] = (0.0, 1.0)
    heaviest: float | None = None

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
    def plain(self) -> bool:
        """True when rows are independent and weigh the same."""
        return self.sizes is None

    @property
    def method(self) -> str:
        """Name of the method of its bounds."""
        if self.plain:
            return "clopper-pearson"
        return "gaffke, clustered" if self.heaviest is None else "gaffke, weighted"

    @cached_property
    def effective_clusters(self) -> float:
        """How many clusters of equal size would weigh as evenly: (Σm)²/Σm² over the clusters' sizes m (Kish, 1965)."""
        if self.sizes is None:
            return float(self.rows)
        return float(self.sizes.sum()) / typical_size(self.sizes) if len(self.sizes) else 0.0

    @cached_property
    def effective_size(self) -> float:
        """Independent rows that the mean is worth: p(1 − p) over its variance over clusters, at most ``rows``.

        Both are zero when all values are equal, and the ratio would jump at the first that differs; so one cluster at
        each end of the range is added, as Agresti and Coull add successes and failures, of the size Σm²/Σm that the
        cluster of a row has on average. This addition is ours: equal values then give that size, the most cautious
        reading. It tells how rates spread; bounds do not need it.
        """
        if self.sizes is None or self.totals is None:
            return float(self.rows)
        added = typical_size(self.sizes)
        sizes = np.append(self.sizes, [added, added])
        totals = np.append(self.totals, np.multiply(self.ends, added))
        mean = totals.sum() / sizes.sum()
        between = len(sizes) / (len(sizes) - 1) * np.sum((totals - mean * sizes) ** 2)
        within = mean * (1 - mean) * sizes.sum()
        return self.rows / max(1.0, float(between / within))

    @cached_property
    def kinds(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
        """Totals, sizes and number of clusters of each kind, and the size of the imagined one; not of plain rows."""
        sizes, totals = np.asarray(self.sizes, dtype=float), np.asarray(self.totals, dtype=float)
        added = typical_size(sizes) if self.heaviest is None else imagined_size(sizes, self.heaviest)
        return *kinds(totals, sizes), added

    @cached_property
    def known_bounds(self) -> dict[float, tuple[float, float]]:
        """The bounds that were asked for, by their confidence: they are asked for by cells, gaps and ratios."""
        return {}


def rate_bounds(sums: Sums, *, confidence: float) -> tuple[float, float]:
    """Bounds of a rate to decide with, each one-sided at ``(1 + confidence) / 2``.

    Clopper–Pearson of independent rows, else ``bounded_mean.mean_bounds``.
    """
    if sums.plain:
        return clopper_pearson(sums.total, sums.rows, confidence=confidence)
    if confidence not in sums.known_bounds:
        totals, sizes, counts, added = sums.kinds
        found = mean_bounds(totals, sizes, confidence=confidence, ends=sums.ends, added=added, counts=counts)
        sums.known_bounds[confidence] = found
    return sums.known_bounds[confidence]


def rate_estimate(sums: Sums, *, confidence: float) -> Estimate:
    """A rate with the bounds that decide, since Wilson's interval holds down to .92 of the time at rates of .99."""
    return Estimate.within(
        rate_bounds(sums, confidence=confidence),
        value=sums.mean,
        n=sums.clusters,
        method=sums.method,
        decided_by=sums.method,
        confidence=confidence,
    )
