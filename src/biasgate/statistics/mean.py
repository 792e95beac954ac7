"""Means of independent values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate


def mean_t(values: NDArray[np.float64], *, confidence: float = 0.95) -> Estimate:
    """A mean of independent values, at least two, with Student's interval."""
    from scipy.stats import t

    n, mean = len(values), float(values.mean())
    half = float(t.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Estimate(value=mean, low=mean - half, high=mean + half, n=n, method="t", confidence=confidence)
