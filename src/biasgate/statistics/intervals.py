"""Intervals of one rate, and of a difference from those of its parts."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate

Real = TypeVar("Real", float, NDArray[np.float64])
"""A number, or one for each of many pairs."""


def quantile(confidence: float) -> float:
    """The z within whose ± a standard normal lies with this probability: 1.96 for 0.95."""
    from scipy.special import ndtri

    return -float(ndtri((1 - confidence) / 2))


def wilson_limits(successes: float, trials: float, *, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a rate; counts may be fractional.

    The p with |p̂ − p| ≤ z·√(p(1 − p)/n): (p̂ + z²/2n ± z·√(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n) (Wilson, JASA 22, 1927).
    """
    rate, z = successes / trials, quantile(confidence)
    shrink = 1 + z**2 / trials
    centre = (rate + z**2 / (2 * trials)) / shrink
    reach = z * math.sqrt(rate * (1 - rate) / trials + z**2 / (4 * trials**2)) / shrink
    return centre - reach, centre + reach


def wilson(successes: float, trials: int, *, confidence: float) -> Estimate:
    """A rate to report, with Wilson's interval; ``trials`` are independent clusters, at least one."""
    limits = wilson_limits(successes, trials, confidence=confidence)
    return Estimate.within(limits, value=successes / trials, n=trials, method="wilson", confidence=confidence)


def clopper_pearson(successes: float, trials: float, *, confidence: float) -> tuple[float, float]:
    """Exact bounds of a rate to decide with: each is one-sided at ``(1 + confidence) / 2``, never below that coverage.

    Beta quantiles; fractional counts take the same (Korn and Graubard, Survey Methodology 24, 1998).
    """
    from scipy.special import betainccinv, betaincinv

    tail, failures = (1 - confidence) / 2, trials - successes
    low = float(betaincinv(successes, failures + 1, tail)) if successes > 0 else 0.0
    high = float(betainccinv(successes + 1, failures, tail)) if failures > 0 else 1.0
    return low, high


def square_and_add(
    first: tuple[Real, Real, Real],
    second: tuple[Real, Real, Real],
    *,
    correlation: Real | float = 0.0,
    widest: float = 1.0,
) -> tuple[Real, Real]:
    """Limits of a difference of two estimates from the limits of each, given as (value, low, high).

    With the distances δ of each value to its limit: (δ₁² − 2ρδ₁δ₂ + δ₂²)^½ below and above the difference
    (the MOVER of Zou and Donner, Statistics in Medicine 27:1693, 2008; Newcombe's methods take Wilson's limits).

    Args:
        first: Minuend; numbers, or arrays of as many pairs.
        second: Subtrahend.
        correlation: ρ of the two estimates.
        widest: Largest possible difference: 1 for rates.
    """
    (value1, low1, high1), (value2, low2, high2) = first, second

    def distance(near: Any, far: Any) -> Any:
        return root(near**2 - 2 * correlation * near * far + far**2)

    difference: Any = value1 - value2
    low = difference - distance(value1 - low1, high2 - value2)
    high = difference + distance(high1 - value1, value2 - low2)
    if isinstance(difference, np.ndarray):
        return np.maximum(-widest, low), np.minimum(widest, high)
    return max(-widest, low), min(widest, high)


def root(square: Any) -> Any:
    """√, of what rounding may have left below 0; a number, or an array of them."""
    return np.sqrt(np.maximum(0.0, square)) if isinstance(square, np.ndarray) else math.sqrt(max(0.0, square))


def score_test(successes: tuple[Real, Real], trials: tuple[Real, Real], *, correlation: Real | float = 0.0) -> Real:
    """Two-sided p-value of rate₁ = rate₂ by the score test with pooled variance; 1 when all or none succeeded.

    Args:
        successes: Of each group; numbers, or arrays of as many pairs.
        trials: Of each group; effective ones when rows are clustered.
        correlation: ρ of the two estimates; the variance is taken as (1 − ρ) times the independent one, exact for equal
            variances and an upper bound for ρ ≤ 0.
    """
    from scipy.special import ndtr

    total: Any = trials[0] + trials[1]
    pooled: Any = (successes[0] + successes[1]) / total
    scale: Any = (1 / trials[0] + 1 / trials[1]) * total / (total - 1) * (1 - correlation)
    variance = np.maximum(0.0, pooled * (1 - pooled) * scale)
    far: Any = np.abs(successes[0] / trials[0] - successes[1] / trials[1])
    p_value: Any = np.where(variance > 0, 2 * ndtr(-far / np.sqrt(np.where(variance > 0, variance, 1.0))), 1.0)
    return p_value[()]
