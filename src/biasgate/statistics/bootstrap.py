"""The bootstrap of count metrics: draws of counts, never of rows, since a rate depends on rows only through counts."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (scipy's sparse arrays have no types)

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_KINDS = 1000
"""Kinds of clusters that are drawn one by one; the sums of more are normal."""


def draw_clustered(vectors: Any, *, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Summed counts of whole clusters drawn with replacement, ``[draws, cells]``.

    Clusters with equal counts are one kind, so that a draw costs as much as there are kinds. Of more than
    ``MOST_KINDS`` the sums are drawn from the normal distribution that they tend to, with the same mean and covariance.

    Args:
        vectors: The counts of each cluster, a sparse array ``[clusters, cells]``.
        draws: How many.
        rng: Source of all randomness.
    """
    kinds, times = _kinds(vectors)
    if kinds is None:
        return _draw_normal(vectors, draws=draws, rng=rng)
    drawn = rng.multinomial(int(times.sum()), times / times.sum(), size=draws)
    return (drawn @ kinds).astype(float)


def _kinds(vectors: Any) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
    """Different rows in lexicographic order, and how often each is there; no rows when there are too many.

    Rows are told apart by their product with random 64-bit numbers.
    """
    key = np.random.default_rng(0).integers(1, 2**63 - 1, vectors.shape[1])
    _, first, times = np.unique(vectors @ key, return_index=True, return_counts=True)
    if len(first) > MOST_KINDS:
        return None, times
    kinds = vectors[first].toarray()
    order = np.lexsort(kinds.T[::-1])
    return kinds[order], times[order]


def _draw_normal(vectors: Any, *, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    clusters, cells = vectors.shape
    total = np.asarray(vectors.sum(axis=0), dtype=float).ravel()
    covariance = (vectors.T @ vectors).toarray() - np.outer(total, total) / clusters
    slack = 1e-9 * float(covariance.diagonal().max())
    root = np.linalg.cholesky(covariance + slack * np.eye(cells))
    return np.maximum(0.0, total + rng.standard_normal((draws, cells)) @ root.T)
