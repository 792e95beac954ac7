"""Many tests at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down p-values, in the order given: below α, the family-wise error is at most α."""
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    return np.asarray(multipletests(p_values, method="holm")[1], dtype=float).tolist()


def bonferroni(confidence: float, family: int) -> float:
    """The confidence that each of ``family`` intervals needs for all to hold at once with ``confidence``."""
    return 1 - (1 - confidence) / max(1, family)
