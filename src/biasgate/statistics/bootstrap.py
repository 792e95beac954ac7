"""The bootstrap of count metrics: draws of cell counts, never of rows.

A rate depends on rows only through counts, and the counts of rows drawn with replacement are multinomial. So a draw
costs as much as there are cells, whatever the number of rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64] | NDArray[np.float64]


def draw_counts(counts: Counts, *, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Counts of ``sum(counts)`` rows drawn with replacement, ``[draws, *cells]``."""
    total = counts.sum()
    drawn = rng.multinomial(round(float(total)), counts.ravel() / total, size=draws)
    return drawn.reshape(draws, *counts.shape)


def draw_clustered(vectors: Counts, *, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Counts of whole units drawn with replacement, ``[draws, *cells]``.

    Units with equal counts are one kind, so that a draw costs as much as there are kinds.

    Args:
        vectors: The counts of each unit, ``[units, *cells]``.
        draws: How many.
        rng: Source of all randomness.
    """
    flat = vectors.reshape(len(vectors), -1)
    kinds, times = np.unique(flat, axis=0, return_counts=True)
    drawn = rng.multinomial(len(flat), times / len(flat), size=draws)
    return (drawn @ kinds).reshape(draws, *vectors.shape[1:]).astype(float)


def confusion_counts(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], groups: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Rows by group, label and prediction, all coded from 0: ``[groups, 2, 2]``."""
    codes = (groups * 2 + labels) * 2 + predictions
    return np.bincount(codes, minlength=4 * (int(groups.max()) + 1)).reshape(-1, 2, 2)
