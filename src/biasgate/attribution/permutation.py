"""Comparing subgroups of clusters on many numbers at once, with permuted attributes as the null."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NAMED = 0.05
"""A corrected p-value up to this names a contrast."""


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Welch's t of every number in every pair of subgroups.

    Attributes:
        difference: First − second ``[pairs, numbers]``.
        error: Its standard error.
        degrees: Welch–Satterthwaite degrees of freedom.
    """

    difference: Floats
    error: Floats
    degrees: Floats

    @property
    def t(self) -> Floats:
        """Zero where nothing varies."""
        return np.divide(self.difference, self.error, out=np.zeros_like(self.error), where=self.error > 0)

    @property
    def largest(self) -> float:
        """Largest |t| of all."""
        return float(np.abs(self.t).max(initial=0.0))


def compare(values: Floats, groups: NDArray[np.bool_], pairs: NDArray[np.int64]) -> Comparisons:
    """Compares pairs of groups.

    Args:
        values: One row of numbers a cluster ``[clusters, numbers]``.
        groups: Who belongs to which group ``[clusters, groups]``; at least two clusters each.
        pairs: Groups to compare ``[pairs, 2]``.
    """
    members = groups.astype(np.float64)
    sizes = members.sum(axis=0)[:, None]
    means = members.T @ values / sizes
    variances = np.maximum(members.T @ values**2 / sizes - means**2, 0) * sizes / (sizes - 1)
    a, b = pairs.T
    first, second = variances[a] / sizes[a], variances[b] / sizes[b]
    total = first + second
    spread = first**2 / (sizes[a] - 1) + second**2 / (sizes[b] - 1)
    degrees = np.divide(total**2, spread, out=np.ones_like(total), where=spread > 0)
    return Comparisons(means[a] - means[b], np.sqrt(total), degrees)


def null_of_the_largest(
    values: Floats, groups: NDArray[np.bool_], pairs: NDArray[np.int64], *, draws: int, rng: np.random.Generator
) -> Floats:
    """Largest |t| over all numbers and pairs when clusters swap their attributes, sorted ``[draws]``.

    A cluster keeps its numbers together, and its attributes; only which belong to which is drawn anew. What depends on
    what among the numbers is thus kept (Westfall and Young 1993).
    """
    centred = values - values.mean(axis=0)
    largest = [compare(centred, groups[rng.permutation(len(groups))], pairs).largest for _ in range(draws)]
    return np.sort(np.array(largest))


def corrected(t: Floats, null: Floats) -> Floats:
    """P-values that hold for all contrasts at once: ``(1 + how many of the null are at least |t|) / (1 + draws)``."""
    reached = len(null) - np.searchsorted(null, np.abs(t) - 1e-12)
    return (1 + reached) / (1 + len(null))


def false_findings(
    values: Floats,
    groups: NDArray[np.bool_],
    pairs: NDArray[np.int64],
    *,
    nulls: int,
    draws: int,
    rng: np.random.Generator,
) -> int:
    """In how many of ``nulls`` data sets with permuted attributes the procedure names any contrast.

    Each is a data set of its own, with permutations of its own.
    """
    found = 0
    for _ in range(nulls):
        permuted = groups[rng.permutation(len(groups))]
        null = null_of_the_largest(values, permuted, pairs, draws=draws, rng=rng)
        found += bool(corrected(compare(values, permuted, pairs).t, null).min() <= NAMED)
    return found
