"""Many tests at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> list[float]:
    """Holm's step-down p-values, in the order given: naming those below α errs at all with probability at most α.

    The k-th smallest of m is multiplied by m − k + 1, and none falls below a smaller one (Holm, Scandinavian Journal of
    Statistics 6:65, 1979). Three lines of numpy, where the library's function takes a fifth of a second a call.
    """
    order = np.argsort(p_values)
    stepped = np.asarray(p_values)[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(stepped))
    return corrected.tolist()


def bonferroni(confidence: float, family: int) -> float:
    """The confidence that each of ``family`` intervals needs for all to hold at once with ``confidence``."""
    return 1 - (1 - confidence) / max(1, family)
