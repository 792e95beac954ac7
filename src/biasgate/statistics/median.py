"""The median of repeated measurements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.errors import InputError


def median(values: Sequence[float], *, confidence: float) -> Estimate:
    """The median with the exact interval between two order statistics, whatever the values' distribution.

    The k-th smallest of n lies above the true median with the probability of fewer than k heads in n fair throws
    (David and Nagaraja, Order Statistics, 2003, section 7.1).

    Raises:
        InputError: There are too few values for this confidence: 6 for 0.95.
    """
    from scipy.stats import binom

    ordered = np.sort(values)
    rank = int(binom.ppf((1 - confidence) / 2, len(ordered), 0.5))
    if rank < 1:
        raise InputError(f"{len(ordered)} values are too few for a median's interval", fix="measure more often")
    return Estimate.within(
        (float(ordered[rank - 1]), float(ordered[-rank])),
        value=float(np.median(ordered)),
        n=len(ordered),
        method="order statistics",
        confidence=confidence,
    )
