"""The bootstrap of count metrics: draws of counts, never of rows, since a rate depends on rows only through counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64] | NDArray[np.float64]


def draw_clustered(vectors: Counts, *, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Counts of whole clusters drawn with replacement, ``[draws, *cells]``.

    Clusters with equal counts are one kind, so that a draw costs as much as there are kinds.

    Args:
        vectors: The counts of each cluster, ``[clusters, *cells]``.
        draws: How many.
        rng: Source of all randomness.
    """
    flat = vectors.reshape(len(vectors), -1)
    kinds, times = np.unique(flat, axis=0, return_counts=True)
    drawn = rng.multinomial(len(flat), times / len(flat), size=draws)
    return (drawn @ kinds).reshape(draws, *vectors.shape[1:]).astype(float)
