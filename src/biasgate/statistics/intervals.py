"""Intervals of one rate, and of the difference of two independent rates."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from biasgate.contracts.estimate import Estimate


def quantile(confidence: float) -> float:
    """The z within whose ± a standard normal lies with this probability: 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


def wilson_limits(successes: float, trials: float, *, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a rate (Wilson, JASA 22, 1927); counts may be fractional."""
    return _interval(successes, trials, confidence=confidence, method="wilson")


def wilson(successes: float, trials: int, *, confidence: float) -> Estimate:
    """A rate to report, with Wilson's interval; ``trials`` are independent units, at least one."""
    limits = wilson_limits(successes, trials, confidence=confidence)
    return Estimate.within(limits, value=successes / trials, n=trials, method="wilson", confidence=confidence)


def clopper_pearson(successes: float, trials: float, *, confidence: float) -> tuple[float, float]:
    """Exact bounds of a rate to decide with: each is one-sided at ``(1 + confidence) / 2``, never below that coverage.

    Fractional counts take the same beta quantiles (Korn and Graubard, Survey Methodology 24, 1998).
    """
    return _interval(successes, trials, confidence=confidence, method="beta")


def _interval(successes: float, trials: float, *, confidence: float, method: str) -> tuple[float, float]:
    from statsmodels.stats.proportion import proportion_confint

    ends = np.asarray(proportion_confint(successes, trials, alpha=1 - confidence, method=method), dtype=float)
    return float(ends[0]), float(ends[1])


def newcombe(successes: tuple[float, float], trials: tuple[float, float], *, confidence: float) -> tuple[float, float]:
    """Interval to report for rate₁ − rate₂, independent: square-and-add of Wilson's limits.

    Newcombe, Statistics in Medicine 17:873 (1998), method 10.
    """
    first = wilson_limits(successes[0], trials[0], confidence=confidence)
    second = wilson_limits(successes[1], trials[1], confidence=confidence)
    return square_and_add((successes[0] / trials[0], *first), (successes[1] / trials[1], *second))


def square_and_add(
    first: tuple[float, float, float],
    second: tuple[float, float, float],
    *,
    correlation: float = 0.0,
    widest: float = 1.0,
) -> tuple[float, float]:
    """Limits of a difference of two estimates from the limits of each, given as (value, low, high).

    With the distances δ of each value to its limit: (δ₁² − 2ρδ₁δ₂ + δ₂²)^½ below and above the difference
    (the MOVER of Zou and Donner, Statistics in Medicine 27:1693, 2008; Newcombe's methods take Wilson's limits).

    Args:
        first: Minuend.
        second: Subtrahend.
        correlation: ρ of the two estimates.
        widest: Largest possible difference: 1 for rates.
    """
    (value1, low1, high1), (value2, low2, high2) = first, second

    def distance(near: float, far: float) -> float:
        return math.sqrt(max(0.0, near**2 - 2 * correlation * near * far + far**2))

    difference = value1 - value2
    return (
        max(-widest, difference - distance(value1 - low1, high2 - value2)),
        min(widest, difference + distance(high1 - value1, value2 - low2)),
    )


def exact_difference(
    successes: tuple[float, float], trials: tuple[float, float], *, confidence: float
) -> tuple[float, float]:
    """Bounds to decide with for rate₁ − rate₂, independent: square-and-add of Clopper–Pearson limits.

    Near rates of 1 Miettinen and Nurminen's interval misses on one side up to .051 of the time where .025 is allowed;
    this one .026 at worst (``benchmarks/interval_coverage.py``).
    """
    rates = [(x / n, *clopper_pearson(x, n, confidence=confidence)) for x, n in zip(successes, trials, strict=True)]
    return square_and_add(rates[0], rates[1])


def miettinen_nurminen(
    successes: tuple[float, float], trials: tuple[float, float], *, confidence: float
) -> tuple[float, float]:
    """Score interval for rate₁ − rate₂, independent, for comparison: it misses up to twice what it says on one side.

    The δ that the score test does not reject: (d − δ)² ≤ z² · N/(N−1) · Σ p̃ᵢ(1 − p̃ᵢ)/nᵢ, with p̃ the maximum-likelihood
    rates under rate₁ − rate₂ = δ (Miettinen and Nurminen, Statistics in Medicine 4:213, 1985). Our own root finding:
    that of statsmodels fails at rates of 0 and 1, and misses the published example in the test.
    """
    total = sum(trials)
    difference = successes[0] / trials[0] - successes[1] / trials[1]
    limit = quantile(confidence) ** 2 * total / (total - 1)

    def excess(delta: float) -> float:
        second = _restricted_rate(successes, trials, delta)
        first = second + delta
        variance = first * (1 - first) / trials[0] + second * (1 - second) / trials[1]
        return (difference - delta) ** 2 - limit * variance

    return score_limits(excess, difference)


def score_limits(excess: Callable[[float], float], difference: float) -> tuple[float, float]:
    """The two ends of {δ in [−1, 1] : excess(δ) ≤ 0}, an interval around ``difference``."""
    from scipy.optimize import root_scalar

    step = 1e-9  # At the difference itself the excess may be zero: that root is no limit.

    def end(edge: float) -> float:
        start = difference + math.copysign(step, edge)
        if abs(start) >= 1 or excess(start) >= 0:
            return max(-1.0, min(1.0, start if abs(start) < 1 else difference))
        return float(root_scalar(excess, bracket=(start, edge)).root) if excess(edge) > 0 else edge

    return end(-1.0), end(1.0)


def _restricted_rate(successes: tuple[float, float], trials: tuple[float, float], delta: float) -> float:
    """Maximum-likelihood rate₂ under rate₁ − rate₂ = δ: the root of Miettinen and Nurminen's cubic, in closed form."""
    (x1, x2), (n1, n2) = successes, trials
    a = n1 + n2
    b = (n1 + 2 * n2) * delta - a - x1 - x2
    c = (n2 * delta - a - 2 * x2) * delta + x1 + x2
    d = x2 * delta * (1 - delta)
    q = b**3 / (27 * a**3) - b * c / (6 * a**2) + d / (2 * a)
    p = math.copysign(math.sqrt(max(0.0, b**2 / (9 * a**2) - c / (3 * a))), q)
    angle = (math.pi + math.acos(max(-1.0, min(1.0, q / p**3)))) / 3 if p else math.pi / 2
    rate = 2 * p * math.cos(angle) - b / (3 * a)
    return max(0.0, -delta, min(rate, 1.0, 1 - delta))


def score_test(successes: tuple[float, float], trials: tuple[float, float], *, correlation: float = 0.0) -> float:
    """Two-sided p-value of rate₁ = rate₂ by the score test with pooled variance; 1 when all or none succeeded.

    Args:
        successes: Of each group.
        trials: Of each group; effective ones when rows are clustered.
        correlation: ρ of the two estimates; the variance is taken as (1 − ρ) times the independent one, exact for equal
            variances and an upper bound for ρ ≤ 0.
    """
    from scipy.special import ndtr

    total = sum(trials)
    pooled = sum(successes) / total
    variance = pooled * (1 - pooled) * (1 / trials[0] + 1 / trials[1]) * total / (total - 1) * (1 - correlation)
    if variance <= 0:
        return 1.0
    return float(2 * ndtr(-abs(successes[0] / trials[0] - successes[1] / trials[1]) / math.sqrt(variance)))
