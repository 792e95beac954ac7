"""Empirical Bayes: what the extremes of several rates are, once the luck of being picked is taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 4000


@dataclass(frozen=True)
class Shrunk:
    """Extremes of the true rates, as expected given what was observed.

    Attributes:
        lowest: Of the smallest rate.
        highest: Of the largest.
        spread: Of the largest less the smallest.
        rates: Each rate drawn towards their mean, ``[groups]``.
    """

    lowest: float
    highest: float
    spread: float
    rates: NDArray[np.float64]


def shrink(rates: NDArray[np.float64], sizes: NDArray[np.float64], *, seed: int = 0) -> Shrunk:
    """Expected extremes of normal true rates around their mean.

    The variance between groups is the moment estimate of DerSimonian and Laird (Controlled Clinical Trials 7:177,
    1986), that of each rate is binomial at the common mean, so that a rate of 0 or 1 is no certainty. The posterior is
    normal (Efron and Morris, JASA 70:311, 1975); the extremes are means over draws from it, since the largest of
    shrunken rates would still be less spread than the true ones. Where the groups differ no more than chance, all are
    equal.

    Args:
        rates: Observed, ``[groups]``.
        sizes: Effective trials of each, ``[groups]``.
        seed: The draws follow from it.
    """
    pooled = float(np.average(rates, weights=sizes))
    middle = (pooled * sizes.sum() + 1) / (sizes.sum() + 2)
    within = middle * (1 - middle) / sizes
    weights = 1 / within
    mean = float(np.average(rates, weights=weights))
    excess = float(weights @ (rates - mean) ** 2) - (len(rates) - 1)
    between = max(0.0, excess / (weights.sum() - float(weights @ weights) / weights.sum()))
    keep = between / (between + within)
    centre = keep * rates + (1 - keep) * mean
    noise = np.random.default_rng(seed).standard_normal((DRAWS, len(rates))) * np.sqrt(keep * within)
    drawn = np.clip(centre + noise, 0, 1)
    low, high = drawn.min(axis=1), drawn.max(axis=1)
    return Shrunk(float(low.mean()), float(high.mean()), float((high - low).mean()), np.clip(centre, 0, 1))
